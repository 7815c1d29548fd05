import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import type { RunResult } from "../engines/engine.ts";
import { CancellationSource } from "../status/cancellation.ts";
import { Code, cancelled } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { BatchObserver } from "./batch-observer.ts";
import { BatchScheduler } from "./batch-scheduler.ts";
import { BatchThreads, createBatchThreads } from "./batch-threads.ts";
import { completeParameters, type GivenParameters } from "./batching-parameters.ts";
import { BatchingServable, type ModelBatching } from "./batching-servable.ts";
import { MergeMemory } from "./merge-memory.ts";
import { createQueueLengths } from "./queue-lengths.ts";
import { BAD, compute, ScriptedModel } from "./scripted-model.ts";

// Waiting for another thread doesn't keep this one alive, as a request worker's port does.
const keepAlive = setInterval(() => {}, 1000);
after(() => clearInterval(keepAlive));

const OUTPUTS = ["double", "echo", "name", "sum"];

interface Options {
  readonly model?: ScriptedModel;
  readonly batchThreads?: number;
  readonly alone?: readonly string[];
  readonly observer?: BatchObserver;
  readonly misfits?: ModelBatching["misfits"];
}

function batched(given: GivenParameters, options: Options = {}) {
  const { batchThreads = 2, alone = [], observer, misfits = "refuse", ...rest } = options;
  const model = rest.model ?? new ScriptedModel();
  const scheduler = new BatchScheduler(new BatchThreads(createBatchThreads(batchThreads), 0));
  const servable = new BatchingServable(
    model,
    { parameters: completeParameters(given), alone, misfits, lengths: createQueueLengths(2, 1) },
    { scheduler, memory: new MergeMemory(), thread: 0, ...(observer && { observe: () => observer }) },
  );
  return { model, servable, scheduler };
}

/** Inputs of so many rows and columns. */
function inputs(value: number, rows = 1, columns = 2): Tensor[] {
  const name = Array.from({ length: rows }, (_, row) => new TextEncoder().encode(`${value} ${row}`));
  const data = Float32Array.from({ length: rows * columns }, (_, i) => value + i);
  return [
    { dtype: "string", shape: [rows], data: name },
    { dtype: "float32", shape: [rows, columns], data },
  ];
}

async function check(asked: readonly Tensor[], result: RunResult | Promise<RunResult>, outputs = OUTPUTS) {
  const run = await result;
  assert.deepEqual(run.tensors, compute(asked, outputs));
  run.dispose();
}

const sizes = ({ runs }: ScriptedModel) => runs.map(({ rows }) => rows);

describe("BatchingServable", () => {
  it("runs what comes in one turn of the event loop together, and splits the outputs", async () => {
    const { model, servable } = batched({});
    const asked = [inputs(1), inputs(10, 3), inputs(20, 2)];
    await Promise.all(asked.map((each) => check(each, servable.run("f", each, OUTPUTS))));
    assert.deepEqual([sizes(model), model.undisposed], [[6], 0]);
  });

  it("waits for more requests until the batch is full or its time has come", async () => {
    const { model, servable } = batched({ maxBatchSize: 2n, batchTimeoutMicros: 1_000_000n });
    const start = performance.now();
    const [a, b, c] = [inputs(1), inputs(2), inputs(3)];
    const first = check(a, servable.run("f", a, OUTPUTS));
    await setTimeout(20);
    assert.deepEqual(sizes(model), []);
    await Promise.all([first, check(b, servable.run("f", b, OUTPUTS))]);
    assert.ok(performance.now() - start < 800);
    const alone = performance.now();
    await check(c, servable.run("f", c, OUTPUTS));
    assert.ok(performance.now() - alone > 990);
    assert.deepEqual(sizes(model), [2, 1]);
  });

  it("has nothing wait any more when the version is retired, or the thread hurries", async () => {
    for (const hurry of ["retire", "hurryAll"]) {
      const { servable, scheduler } = batched({ batchTimeoutMicros: 3_600_000_000n });
      const asked = inputs(1);
      const early = check(asked, servable.run("f", asked, ["sum"]), ["sum"]);
      await setTimeout(5);
      if (hurry === "retire") servable.retire();
      else scheduler.hurryAll();
      await early;
      await check(asked, servable.run("f", asked, OUTPUTS));
      await check(asked, servable.run("f", asked, ["echo"]), ["echo"]);
    }
  });

  it("has a queue for each set of outputs, whatever their order", async () => {
    const { model, servable } = batched({});
    const asked = inputs(1);
    const wanted = [["sum", "echo"], ["echo", "sum"], ["name"], ["sum", "name", "echo", "double"], OUTPUTS];
    await Promise.all(wanted.map((outputs) => check(asked, servable.run("f", asked, outputs), outputs)));
    assert.deepEqual(
      model.runs.map(({ rows, outputs }) => `${rows} ${outputs}`),
      ["2 echo,sum", "1 name", "2 double,echo,name,sum"],
    );
  });

  it("fills batches up to an allowed size", async () => {
    const { model, servable } = batched({ maxBatchSize: 8n, allowedBatchSizes: [4n, 8n] });
    for (const rows of [[1], [2, 2], [2, 3]]) {
      const asked = rows.map((each) => inputs(5, each));
      await Promise.all(asked.map((each) => check(each, servable.run("f", each, OUTPUTS))));
    }
    assert.deepEqual(sizes(model), [4, 4, 8]);
  });

  it("runs inputs of different lengths apart, or fills up the shorter ones", async () => {
    const [short, long] = [inputs(1, 1, 2), inputs(10, 1, 3)];
    const apart = batched({});
    await Promise.all([short, long].map((each) => check(each, apart.servable.run("f", each, OUTPUTS))));
    assert.deepEqual(sizes(apart.model), [1, 1]);
    const padded = batched({ padVariableLengthInputs: true });
    const [first, second] = await Promise.all(
      [short, long].map((each) => padded.servable.run("f", each, ["echo"])),
    );
    assert.deepEqual(first!.tensors[0], { dtype: "float32", shape: [1, 3], data: Float32Array.of(1, 2, 1) });
    assert.deepEqual(second!.tensors[0], long[1]);
    assert.deepEqual(sizes(padded.model), [2]);
  });

  it("cuts requests that are larger than a batch", async () => {
    const { model, servable } = batched({
      maxBatchSize: 10n,
      maxExecutionBatchSize: 4n,
      enableLargeBatchSplitting: true,
    });
    const asked = [inputs(1, 3), inputs(100, 10), inputs(200, 1)];
    await Promise.all(asked.map((each) => check(each, servable.run("f", each, OUTPUTS))));
    assert.deepEqual([sizes(model), model.undisposed], [[4, 4, 4, 2], 0]);
    await assert.rejects(async () => servable.run("f", inputs(1, 11), OUTPUTS), {
      message: "Task size 11 is larger than maximum input batch size 10",
    });
  });

  it("fails only the request that is at fault", async () => {
    for (const wait of [() => undefined, () => setTimeout(1)]) {
      const { model, servable } = batched({}, { model: new ScriptedModel(wait) });
      const asked = [inputs(1), inputs(2), inputs(BAD), inputs(4), inputs(5)];
      const answers = asked.map((each) => servable.run("f", each, OUTPUTS));
      const bad = assert.rejects(async () => answers[2]!, {
        code: Code.INVALID_ARGUMENT,
        message: "A bad row",
      });
      await Promise.all([...[0, 1, 3, 4].map((i) => check(asked[i]!, answers[i]!)), bad]);
      assert.deepEqual([sizes(model), model.undisposed], [[5, 2, 3, 1, 2], 0]);
    }
  });

  it("refuses what can't be batched, with TensorFlow Serving's texts", async () => {
    const { model, servable } = batched({ maxBatchSize: 4n });
    const [name, x] = inputs(1) as [Tensor, Tensor];
    const scalar: Tensor = { dtype: "float32", shape: [], data: Float32Array.of(1) };
    for (const [given, message] of [
      [[name, scalar], "Batching Run() input tensors must have at least one dimension"],
      [[name, inputs(1, 2)[1]!], "Batching Run() input tensors must have equal 0th-dimension size"],
      [[], "Batching Run() must have at least one input tensor"],
      [inputs(1, 5), "Task size 5 is larger than maximum input batch size 4"],
    ] as const) {
      await assert.rejects(async () => servable.run("f", given, OUTPUTS), {
        code: Code.INVALID_ARGUMENT,
        message,
      });
    }
    assert.equal(model.runs.length, 0);
    await check([name, x], servable.run("f", [name, x], OUTPUTS));
  });

  it("refuses outputs that can't be split, with TensorFlow Serving's texts", async () => {
    for (const [shape, message] of [
      [[], "Batched output tensor has 0 dimensions"],
      [
        [3],
        "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors",
      ],
    ] as const) {
      const model = new ScriptedModel();
      let disposed = 0;
      model.run = () => ({
        tensors: [{ dtype: "float32", shape, data: new Float32Array(shape[0] ?? 1) }],
        dispose: () => void disposed++,
      });
      const { servable } = batched({}, { model });
      const asked = [inputs(1), inputs(2)];
      const failed = await Promise.allSettled(asked.map((each) => servable.run("f", each, ["sum"])));
      for (const answer of failed) {
        assert.ok(answer.status === "rejected");
        assert.deepEqual([answer.reason.code, answer.reason.message], [Code.FAILED_PRECONDITION, message]);
      }
      assert.equal(disposed, 3);
    }
  });

  it("is UNAVAILABLE when too much waits", async () => {
    let end = () => {};
    const gate = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { model, servable } = batched(
      { maxBatchSize: 1n, maxEnqueuedBatches: 2n },
      { model: new ScriptedModel(() => gate), batchThreads: 1 },
    );
    const ask = async (value: number) => {
      const asked = inputs(value);
      await check(asked, servable.run("f", asked, OUTPUTS));
    };
    const running = ask(1);
    while (model.runs.length === 0) await setImmediate();
    const waiting = [ask(2), ask(3)];
    await assert.rejects(ask(4), { code: Code.UNAVAILABLE, message: /currently 2 batches enqueued/ });
    end();
    await Promise.all([running, ...waiting]);
    assert.equal(model.mostRunning, 1);
    await ask(5);
  });

  it("lets those that are given up leave, and goes on without them", async () => {
    const { model, servable } = batched({ batchTimeoutMicros: 50_000n });
    const [gone, stays] = [new CancellationSource(), new CancellationSource()];
    const asked = inputs(1);
    const left = assert.rejects(async () => servable.run("f", inputs(2, 3), OUTPUTS, gone), {
      code: Code.CANCELLED,
    });
    const answered = check(asked, servable.run("f", asked, OUTPUTS, stays));
    gone.giveUp();
    await left;
    await answered;
    stays.giveUp();
    assert.deepEqual(sizes(model), [1]);
    await assert.rejects(async () => servable.run("f", asked, OUTPUTS, gone), { code: Code.CANCELLED });
  });

  it("ends a run when none of its requests is waited for any more, and doesn't try again", async () => {
    const { promise, reject } = Promise.withResolvers<void>();
    const { model, servable } = batched({}, { model: new ScriptedModel(() => promise) });
    const clients = [new CancellationSource(), new CancellationSource()];
    const runs = clients.map((client) => servable.run("f", inputs(1), OUTPUTS, client));
    const outcomes = Promise.allSettled(runs);
    await setImmediate();
    const { cancellation } = model.runs[0]!;
    clients[0]!.giveUp();
    assert.equal(cancellation!.isCancelled, false);
    clients[1]!.giveUp();
    assert.equal(cancellation!.isCancelled, true);
    reject(cancelled("ended"));
    for (const outcome of await outcomes)
      assert.equal(outcome.status === "rejected" && outcome.reason.code, Code.CANCELLED);
    assert.deepEqual(sizes(model), [2]);
  });

  it("runs alone what takes just one size, what changes state, and what has no rows", async () => {
    const { model, servable } = batched({ batchTimeoutMicros: 3_600_000_000n }, { alone: ["f"] });
    const asked = inputs(1, 2);
    assert.ok(!(servable.run("f", asked, OUTPUTS) instanceof Promise));
    assert.ok(!(servable.run("fixed", asked, OUTPUTS) instanceof Promise));
    assert.ok(!(batched({}).servable.run("f", inputs(1, 0), OUTPUTS) instanceof Promise));
    assert.deepEqual(sizes(model), [2, 2]);
  });

  it("runs alone what fits no batch, where that isn't refused", async () => {
    const { model, servable } = batched({ maxBatchSize: 4n }, { misfits: "run alone" });
    const [name, x] = inputs(1, 2);
    const flat = { ...x!, shape: [4] } as Tensor;
    const more = inputs(1, 3)[1]!;
    const misfits = [inputs(1, 5), [name!, more], [name!, flat], [{ ...name!, shape: [] }, x!]] as Tensor[][];
    for (const asked of misfits) assert.ok(!(servable.run("f", asked, ["name"]) instanceof Promise));
    assert.equal(model.runs.length, 4);
  });

  it("runs at once what comes one at a time, where it may, and together what comes with others", async () => {
    const { model, servable } = batched({}, { misfits: "run alone" });
    const ask = (value: number) => servable.run("f", inputs(value), OUTPUTS);
    for (let turn = 0; turn < 3; turn++) {
      assert.ok(!(ask(turn) instanceof Promise));
      await setImmediate();
    }
    // The first of them can't know of the others, those of the next turn can.
    assert.ok(!(ask(1) instanceof Promise));
    await Promise.all([check(inputs(2), ask(2)), check(inputs(3), ask(3))]);
    await Promise.all([4, 5, 6].map((value) => check(inputs(value), ask(value))));
    // One in a turn again.
    await check(inputs(7), ask(7));
    await setImmediate();
    assert.ok(!(ask(8) instanceof Promise));
    assert.deepEqual(sizes(model), [1, 1, 1, 1, 2, 3, 1, 1]);
    const asked = batched({});
    assert.ok(
      asked.servable.run("f", inputs(1), OUTPUTS) instanceof Promise,
      "not where batching was asked for",
    );
  });

  it("has others wait for each other while one that came alone is run", async () => {
    const model = new ScriptedModel();
    const { promise, resolve } = Promise.withResolvers<void>();
    const run = model.run.bind(model);
    model.run = (...args) => {
      const isFirst = model.runs.length === 0;
      const result = run(...args);
      return isFirst ? promise.then(() => result) : result;
    };
    const { servable } = batched({}, { model, misfits: "run alone" });
    const ask = (value: number) => servable.run("f", inputs(value), OUTPUTS);
    const first = ask(1);
    await setImmediate();
    const others = [ask(2), ask(3)];
    await Promise.all(others);
    resolve();
    await first;
    assert.deepEqual(sizes(model), [1, 2]);
    await ask(4);
    await setImmediate();
    assert.ok(!(ask(5) instanceof Promise));
  });

  it("has what it runs alone end when nobody waits for it any more", () => {
    const alone = batched({}, { alone: ["f"] });
    const misfit = batched({ maxBatchSize: 4n }, { misfits: "run alone" });
    for (const [{ model, servable }, rows] of [
      [alone, 2],
      [misfit, 5],
      [batched({}), 0],
    ] as const) {
      const cancellation = new CancellationSource();
      servable.run("f", inputs(1, rows), OUTPUTS, cancellation);
      assert.equal(model.runs[0]!.cancellation, cancellation);
    }
  });

  it("runs as many batches at a time as there are batch threads, queues taking turns", async () => {
    const { model, servable } = batched(
      { maxBatchSize: 1n, maxEnqueuedBatches: 100n },
      { model: new ScriptedModel(() => setTimeout(2)), batchThreads: 3 },
    );
    const asked = inputs(1);
    await Promise.all(
      ["sum", "sum", "sum", "sum", "sum", "echo", "name"].map((output) =>
        check(asked, servable.run("f", asked, [output]), [output]),
      ),
    );
    assert.equal(model.mostRunning, 3);
    const order = model.runs.map(({ outputs }) => outputs[0]);
    assert.deepEqual(order.slice(0, 3), ["sum", "echo", "name"]);
  });

  it("tells an observer what waits and what is run", async () => {
    const seen: string[] = [];
    const observer: BatchObserver = {
      queued: (requests) => seen.push(`${requests} wait`),
      started: (requests, rows, padding) => seen.push(`${requests} run with ${rows} + ${padding} rows`),
      waited: (milliseconds) =>
        seen.push(milliseconds >= 0 && milliseconds < 1000 ? "waited" : `${milliseconds}`),
    };
    const { servable } = batched({ maxBatchSize: 4n, allowedBatchSizes: [4n] }, { observer });
    await Promise.all([inputs(1), inputs(2, 2)].map((each) => servable.run("f", each, OUTPUTS)));
    assert.deepEqual(seen, ["1 wait", "2 wait", "waited", "waited", "0 wait", "2 run with 3 + 1 rows"]);
    seen.length = 0;
    batched({}, { observer, misfits: "run alone" }).servable.run("f", inputs(1, 2), OUTPUTS);
    assert.deepEqual(seen, ["1 run with 2 + 0 rows", "waited"]);
  });
});
