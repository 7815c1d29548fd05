import assert from "node:assert/strict";
import { after, it } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { CancellationSource } from "../status/cancellation.ts";
import { Code, StatusError } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { BatchScheduler } from "./batch-scheduler.ts";
import { BatchThreads, createBatchThreads } from "./batch-threads.ts";
import { completeParameters } from "./batching-parameters.ts";
import { BatchingServable } from "./batching-servable.ts";
import { MergeMemory } from "./merge-memory.ts";
import { createQueueLengths } from "./queue-lengths.ts";
import { BAD, compute, ScriptedModel } from "./scripted-model.ts";

// Waiting for another thread doesn't keep this one alive, as a request worker's port does.
const keepAlive = setInterval(() => {}, 1000);
after(() => clearInterval(keepAlive));

const OUTPUTS = ["double", "echo", "name", "sum"];

/** Milliseconds; undefined for no time at all. */
const delay = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined });
const passed = (milliseconds: number) => (milliseconds === 0 ? setImmediate() : setTimeout(milliseconds));

const parameters = fc
  .record({
    sizes: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
    pads: fc.boolean(),
    batchTimeoutMicros: fc.constantFrom(0n, 0n, 500n, 2000n),
    maxEnqueuedBatches: fc.constantFrom(1n, 2n, 100n, 100n, 100n),
    enableLargeBatchSplitting: fc.boolean(),
  })
  .map(({ sizes, pads, enableLargeBatchSplitting, ...rest }) => {
    const allowed = sizes.sort((a, b) => a - b).map(BigInt);
    return completeParameters({
      ...rest,
      enableLargeBatchSplitting,
      maxBatchSize: enableLargeBatchSplitting ? 20n : allowed.at(-1)!,
      maxExecutionBatchSize: allowed.at(-1)!,
      allowedBatchSizes: pads ? allowed : [],
    });
  });

const request = fc.record({
  rows: fc.integer({ min: 0, max: 12 }),
  columns: fc.constantFrom(0, 1, 2, 2, 2),
  outputs: fc.oneof(fc.constant(OUTPUTS), fc.shuffledSubarray(OUTPUTS, { minLength: 1 })),
  isBad: fc.integer({ min: 0, max: 9 }).map((roll) => roll === 7),
  /** After the request before it. */
  starts: delay,
  /** After its start. */
  givenUp: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 4 }),
  /** How long its answer is kept. */
  looks: delay,
});

function inputsOf(number: number, rows: number, columns: number, isBad: boolean): Tensor[] {
  const text = new TextEncoder();
  const data = Float32Array.from({ length: rows * columns }, (_, i) => 1000 * number + i);
  if (isBad && data.length > 0) data[data.length - 1] = BAD;
  return [
    {
      dtype: "string",
      shape: [rows],
      data: Array.from({ length: rows }, (_, i) => text.encode(`${number} ${i}`)),
    },
    { dtype: "float32", shape: [rows, columns], data },
  ];
}

/** What a request is answered without batches: an error's text, or the outputs. */
function unbatched(inputs: readonly Tensor[], outputs: readonly string[]): unknown {
  try {
    return compute(inputs, outputs);
  } catch (error) {
    return (error as Error).message;
  }
}

it("answers every request as it is answered without batches", { timeout: 120_000 }, async () => {
  let answered = 0;
  let together = 0;
  const property = fc.asyncProperty(
    parameters,
    fc.array(request, { minLength: 1, maxLength: 40, size: "max" }),
    fc.array(delay, { minLength: 1, maxLength: 5 }),
    fc.integer({ min: 1, max: 3 }),
    async (given, requests, delays, batchThreads) => {
      let runs = 0;
      const model = new ScriptedModel(() => {
        const milliseconds = delays[runs++ % delays.length];
        return milliseconds === undefined ? undefined : passed(milliseconds);
      });
      const scheduler = new BatchScheduler(new BatchThreads(createBatchThreads(batchThreads), 0));
      const servable = new BatchingServable(
        model,
        { parameters: given, alone: [], misfits: "refuse", lengths: createQueueLengths(2, 1) },
        { scheduler, memory: new MergeMemory(), thread: 0 },
      );
      const ask = async (each: (typeof requests)[number], number: number): Promise<void> => {
        const inputs = inputsOf(number, each.rows, each.columns, each.isBad);
        const expected = unbatched(inputs, each.outputs);
        const cancellation = new CancellationSource();
        if (each.givenUp !== undefined) void passed(each.givenUp).then(() => cancellation.giveUp());
        try {
          const result = await servable.run("f", inputs, each.outputs, cancellation);
          // What it shares with other requests must stay as it is until all have looked.
          if (each.looks !== undefined) await passed(each.looks);
          assert.deepEqual(result.tensors, expected);
          result.dispose();
          answered++;
        } catch (error) {
          assert.ok(error instanceof StatusError, String(error));
          if (error.code === Code.CANCELLED) assert.ok(cancellation.isCancelled);
          else if (error.code === Code.UNAVAILABLE) assert.ok(given.maxEnqueuedBatches < 100);
          else if (/^Task size/.test(error.message)) assert.ok(each.rows > given.maxBatchSize);
          else assert.equal(error.message, expected);
        }
      };
      const asked: Promise<void>[] = [];
      for (const [number, each] of requests.entries()) {
        if (each.starts !== undefined) await passed(each.starts);
        asked.push(ask(each, number));
      }
      await Promise.all(asked);
      assert.equal(model.undisposed, 0);
      assert.equal(model.running, 0);
      for (const { rows } of model.runs) assert.ok(rows <= given.maxExecutionBatchSize);
      together += requests.length - model.runs.length;
    },
  );
  await fc.assert(property, { numRuns: 200 });
  // It would be no use if next to nothing was answered, or nothing together with others.
  assert.ok(answered > 1000 && together > 500, `${answered} answered, ${together} together`);
});
