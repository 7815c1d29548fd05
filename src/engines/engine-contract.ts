import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Code, StatusError } from "../status/status.ts";
import type { NumericArray } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";
import { CASES, DTYPES, ENCODED, NUMBERS } from "./contract-cases.ts";
import type { Engine, Session, SessionDescriptor } from "./engine.ts";

/** An engine and its models: each engine has its own form of those of `contract-cases.ts`. */
export interface EngineUnderTest<E extends Engine> {
  readonly create: () => E;
  /** Makes a session of the model of this name. */
  readonly open: (engine: E, name: string) => Promise<SessionDescriptor>;
  /** A module that exports `create` as `createEngine`, for other threads. */
  readonly module: URL;
}

interface Subject {
  readonly engine: Engine;
  readonly open: (name: string) => Promise<SessionDescriptor>;
}

/** What a worker of the contract is given. */
export interface ContractJob {
  readonly module: string;
  readonly descriptor: SessionDescriptor;
  readonly input: NumericTensor;
  readonly runs: number;
}

/** Registers the tests that every engine passes. */
export function testEngineContract<E extends Engine>(under: EngineUnderTest<E>): void {
  const engine = under.create();
  const subject: Subject = { engine, open: (name) => under.open(engine, name) };
  testValues(subject);
  testErrors(subject);
  testLifetimes(subject);
  testThreads(subject, under.module);
}

function testValues(subject: Subject): void {
  for (const dtype of DTYPES) {
    test(`${dtype} goes in, comes out and is a weight`, async () => {
      const from = await outcome(subject, `from ${dtype}`, [vector(dtype, ENCODED[dtype]!)]);
      assert.deepEqual(from, [vector("float64", Float64Array.from(NUMBERS))]);
      const to = await outcome(subject, `to ${dtype}`, [vector("float64", Float64Array.from(NUMBERS))]);
      assert.deepEqual(to, [vector(dtype, ENCODED[dtype]!)]);
      const weight = await outcome(subject, `weight ${dtype}`, [vector("float64", new Float64Array(4))]);
      assert.deepEqual(weight, [vector("float64", Float64Array.from(NUMBERS))]);
    });
  }

  test("bool and the ends of int64 keep their values", async () => {
    const bools = [vector("bool", Uint8Array.of(1, 0, 1))];
    assert.deepEqual(await outcome(subject, "bool", bools), bools);
    const ends = [vector("int64", BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n))];
    assert.deepEqual(await outcome(subject, "int64", ends), ends);
  });

  test("the batch may differ from run to run, and be empty", async () => {
    await using(subject, BIAS, (session) => {
      for (const batch of [1, 3, 7, 0, 5000, 2]) {
        const x = float32([batch, 3], new Float32Array(batch * 3).fill(1));
        const result = session.run([x], [0]);
        const expected = Float32Array.from({ length: batch * 3 }, (_, i) => 1 + 10 * ((i % 3) + 1));
        assert.deepEqual(result.tensors, [float32([batch, 3], expected)]);
        result.dispose();
      }
    });
  });

  test("a scalar has the shape []", async () => {
    const scalar = [float32([], Float32Array.of(42))];
    assert.deepEqual(await outcome(subject, "scalar", scalar), scalar);
  });

  test("outputs come as asked for: some, and in that order", async () => {
    await using(subject, SEVERAL, (session) => {
      const [a, b] = [float32([2], Float32Array.of(1, 2)), float32([2], Float32Array.of(5, 7))];
      const all = [
        float32([2], Float32Array.of(-1, -2)),
        float32([2], Float32Array.of(6, 9)),
        float32([2], Float32Array.of(5, 14)),
      ];
      for (const wanted of [[0, 1, 2], [2, 0], [1], [2, 1, 0]]) {
        const result = session.run([a, b], wanted);
        assert.deepEqual(
          result.tensors,
          wanted.map((index) => all[index]),
        );
        result.dispose();
      }
    });
  });

  test("outputs of any size are right side by side", async () => {
    await using(subject, SEVERAL, (session) => {
      for (const length of [1, 3, 1365, 1366, 4096, 5000, 100_000]) {
        const a = float32(
          [length],
          Float32Array.from({ length }, (_, i) => i),
        );
        const b = float32([length], new Float32Array(length).fill(2));
        const result = session.run([a, b], [0, 1, 2]);
        assert.deepEqual(result.tensors, several.reference([a, b]));
        result.dispose();
      }
    });
  });

  test("inputs are views anywhere in their buffer, also in shared memory, and stay as they were", async () => {
    await using(subject, BIAS, async (session) => {
      for (const buffer of [new ArrayBuffer(400), new SharedArrayBuffer(400)]) {
        const data = new Float32Array(buffer, 20, 6);
        data.set([1, 2, 3, 4, 5, 6]);
        const before = new Uint8Array(buffer).slice();
        const sync = session.run([float32([2, 3], data)], [0]);
        const async = await session.runAsync([float32([2, 3], data)], [0]);
        const expected = [float32([2, 3], Float32Array.of(11, 22, 33, 14, 25, 36))];
        assert.deepEqual([sync.tensors, async.tensors], [expected, expected]);
        assert.deepEqual(new Uint8Array(buffer).slice(), before);
        sync.dispose();
        async.dispose();
      }
    });
  });
}

function testErrors(subject: Subject): void {
  const good = float32([1, 3], Float32Array.of(1, 2, 3));
  const bad: readonly [string, readonly Tensor[], readonly number[]][] = [
    ["a wrong rank", [float32([2, 1, 2], new Float32Array(4))], [0]],
    ["a wrong dimension", [float32([1, 2], Float32Array.of(1, 2))], [0]],
    ["a wrong dtype", [{ dtype: "float64", shape: [1, 3], data: Float64Array.of(1, 2, 3) }], [0]],
    [
      "strings",
      [{ dtype: "string", shape: [1, 3], data: [new Uint8Array(), new Uint8Array(), new Uint8Array()] }],
      [0],
    ],
    ["a missing input", [], [0]],
    ["an input too many", [good, good], [0]],
    ["an output that isn't there", [good], [1]],
  ];
  for (const [what, inputs, outputs] of bad) {
    test(`${what} is INVALID_ARGUMENT, and the session goes on`, async () => {
      await using(subject, BIAS, async (session) => {
        assert.throws(() => session.run(inputs, outputs), hasCode(Code.INVALID_ARGUMENT));
        await assert.rejects(session.runAsync(inputs, outputs), hasCode(Code.INVALID_ARGUMENT));
        const result = session.run([good], [0]);
        assert.deepEqual(result.tensors, [float32([1, 3], Float32Array.of(11, 22, 33))]);
        result.dispose();
      });
    });
  }
}

function testLifetimes(subject: Subject): void {
  const { engine, open } = subject;
  test("a session has any number of handles, and each ends by itself", async () => {
    const descriptor = await open(BIAS);
    const [first, second] = [engine.attach(descriptor), engine.attach(descriptor)];
    const x = float32([1, 3], Float32Array.of(1, 2, 3));
    first.run([x], [0]).dispose();
    first.release();
    const result = second.run([x], [0]);
    second.release();
    const third = engine.attach(descriptor);
    third.run([float32([1, 3], new Float32Array(3))], [0]).dispose();
    assert.deepEqual(result.tensors, [float32([1, 3], Float32Array.of(11, 22, 33))]);
    result.dispose();
    third.release();
    engine.destroy(descriptor);
  });

  test("a result keeps its values until it is disposed, whatever runs meanwhile; twice is once", async () => {
    await using(subject, BIAS, (session) => {
      const run = (batch: number, value: number) =>
        session.run([float32([batch, 3], new Float32Array(batch * 3).fill(value))], [0]);
      const kept = [1, 2, 3, 4].map((value) => run(value === 4 ? 3000 : value, value));
      for (let i = 0; i < 50; i++) run(1 + (i % 3), 99).dispose();
      for (const [i, result] of kept.entries()) {
        assert.deepEqual(result.tensors[0]!.data.slice(0, 3), Float32Array.of(11 + i, 21 + i, 31 + i));
        result.dispose();
        result.dispose();
      }
      const [one, two] = [run(1, 1), run(1, 2)];
      assert.deepEqual(one.tensors[0]!.data, Float32Array.of(11, 21, 31));
      assert.deepEqual(two.tensors[0]!.data, Float32Array.of(12, 22, 32));
    });
  });

  test("the use of a released handle is FAILED_PRECONDITION", async () => {
    const descriptor = await open(BIAS);
    const session = engine.attach(descriptor);
    session.release();
    const x = float32([1, 3], new Float32Array(3));
    assert.throws(() => session.run([x], [0]), hasCode(Code.FAILED_PRECONDITION));
    await assert.rejects(session.runAsync([x], [0]), hasCode(Code.FAILED_PRECONDITION));
    engine.destroy(descriptor);
  });

  test("a handle can't be released while it runs", async () => {
    await using(subject, BIAS, async (session) => {
      const running = session.runAsync([float32([1, 3], new Float32Array(3))], [0]);
      assert.throws(() => session.release(), hasCode(Code.FAILED_PRECONDITION));
      (await running).dispose();
    });
  });

  test("the descriptor tells what the model declares and survives postMessage", async () => {
    const descriptor = await open(SEVERAL);
    assert.deepEqual(structuredClone(descriptor), descriptor);
    assert.deepEqual(descriptor.inputs, several.model.inputs);
    assert.deepEqual(descriptor.outputs, several.model.outputs);
    assert.equal(descriptor.engine, engine.name);
    engine.destroy(descriptor);
  });
}

function testThreads(subject: Subject, module: URL): void {
  const { engine, open } = subject;
  test("many asynchronous runs at once get each its own answer", async () => {
    await using(subject, BIAS, async (session) => {
      const batches = Array.from({ length: 600 }, (_, i) => (i % 7 === 0 ? 3000 : i % 5));
      await Promise.all(
        batches.map(async (batch, i) => {
          const x = float32([batch, 3], new Float32Array(batch * 3).fill(i));
          const result = await session.runAsync([x], [0]);
          assert.deepEqual(result.tensors, bias.reference([x]));
          assert.deepEqual(x.data, new Float32Array(batch * 3).fill(i));
          result.dispose();
        }),
      );
    });
  });

  test("other threads attach by the descriptor and run at the same time", async () => {
    const descriptor = await open(BIAS);
    const input = float32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
    const job: ContractJob = { module: module.href, descriptor, input, runs: 500 };
    const workers = [1, 2, 3].map(() => inWorker(job));
    const session = engine.attach(descriptor);
    const expected = [float32([2, 3], Float32Array.of(11, 22, 33, 14, 25, 36))];
    for (let i = 0; i < 100; i++) {
      const result = await session.runAsync([input], [0]);
      assert.deepEqual(result.tensors, expected);
      result.dispose();
    }
    for (const answer of await Promise.all(workers)) assert.deepEqual(answer, expected);
    session.release();
    engine.destroy(descriptor);
  });
}

function inWorker(job: ContractJob): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./contract-worker.ts", import.meta.url), { workerData: job });
    let answer: unknown;
    worker.on("message", (message: unknown) => {
      answer = message;
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(answer));
  });
}

const BIAS = "bias";
const SEVERAL = "opposite";
const bias = CASES.get(BIAS)!;
const several = CASES.get(SEVERAL)!;

function vector(dtype: NumericTensor["dtype"], data: NumericArray): NumericTensor {
  return { dtype, shape: [data.length], data };
}

export function float32(shape: Shape, data: NumericArray): NumericTensor {
  return { dtype: "float32", shape, data };
}

export function hasCode(code: Code): (error: unknown) => boolean {
  return (error) => error instanceof StatusError && error.code === code && error.message.length > 10;
}

async function using(
  { engine, open }: Subject,
  name: string,
  use: (session: Session) => void | Promise<void>,
): Promise<void> {
  const descriptor = await open(name);
  const session = engine.attach(descriptor);
  try {
    await use(session);
  } finally {
    session.release();
    engine.destroy(descriptor);
  }
}

/** The outputs of a case, run both ways. */
async function outcome(subject: Subject, name: string, inputs: readonly Tensor[]): Promise<Tensor[]> {
  const outputs: Tensor[][] = [];
  await using(subject, name, async (session) => {
    for (const result of [session.run(inputs, [0]), await session.runAsync(inputs, [0])]) {
      outputs.push(
        result.tensors.map((tensor) => ({ ...tensor, data: tensor.data.slice() }) as NumericTensor),
      );
      result.dispose();
    }
  });
  assert.deepEqual(outputs[0], outputs[1]);
  return outputs[0]!;
}
