import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code } from "../status/status.ts";
import { NO_OBSERVER } from "./batch-observer.ts";
import { BatchQueue } from "./batch-queue.ts";
import { BatchedRequest } from "./batched-request.ts";
import { type BatchingParameters, completeParameters, type GivenParameters } from "./batching-parameters.ts";
import { createQueueLengths, QueueLength } from "./queue-lengths.ts";

const MEMORY = () => createQueueLengths(1, 2);

function queueOf(given: GivenParameters, memory = MEMORY(), thread = 0): BatchQueue {
  const parameters: BatchingParameters = completeParameters(given);
  return new BatchQueue(parameters, new QueueLength(memory, 0, thread), NO_OBSERVER, () => {});
}

function request(rows: number): BatchedRequest {
  return new BatchedRequest(
    [],
    rows,
    () => {},
    () => {},
  );
}

/** Admits and adds. */
function enter(queue: BatchQueue, ...sizes: number[]): BatchedRequest[] {
  return sizes.map((rows) => {
    queue.admit(rows);
    const added = request(rows);
    queue.add(added);
    return added;
  });
}

const sizesOf = (requests: readonly BatchedRequest[]) => requests.map(({ rows }) => rows);

function drain(queue: BatchQueue): number[][] {
  const batches: number[][] = [];
  while (!queue.isEmpty) batches.push(sizesOf(queue.take()));
  return batches;
}

describe("BatchQueue", () => {
  it("fills batches in the order in which requests come, and splits none", () => {
    const queue = queueOf({ maxBatchSize: 4n });
    enter(queue, 1, 2, 2, 2, 4, 1);
    assert.deepEqual(drain(queue), [[1, 2], [2, 2], [4], [1]]);
  });

  it("has a batch wait for its time unless it is full, closed or nothing more will come", () => {
    const given = { maxBatchSize: 4n, batchTimeoutMicros: 5_000_000n };
    const late = queueOf(given);
    assert.equal(late.due, Number.POSITIVE_INFINITY);
    const [{ since }] = enter(late, 3) as [BatchedRequest];
    assert.equal(late.due, since + 5000);
    late.hurry();
    assert.equal(late.due, since);
    const full = queueOf(given);
    assert.ok(enter(full, 4)[0]!.since === full.due);
    const closed = queueOf(given);
    assert.ok(enter(closed, 3, 3)[0]!.since === closed.due);
    closed.take();
    assert.ok(closed.due > performance.now() + 1000);
    const at_once = queueOf({});
    assert.ok(enter(at_once, 1)[0]!.since === at_once.due);
  });

  it("refuses a request that is larger than a batch", () => {
    assert.throws(() => enter(queueOf({ maxBatchSize: 4n }), 5), {
      code: Code.INVALID_ARGUMENT,
      message: "Task size 5 is larger than maximum input batch size 4",
    });
  });

  it("is full when the open batch has no room and as many batches wait as may", () => {
    const queue = queueOf({ maxBatchSize: 4n, maxEnqueuedBatches: 2n });
    enter(queue, 3, 3);
    const full = {
      code: Code.UNAVAILABLE,
      message:
        "The batch scheduling queue to which this task was submitted is full; currently 2 batches enqueued and " +
        "max_enqueued_batches is 2",
    };
    assert.throws(() => enter(queue, 2), full);
    enter(queue, 1);
    assert.throws(() => enter(queue, 1), full);
    queue.take();
    enter(queue, 1);
    assert.deepEqual(drain(queue), [[3, 1], [1]]);
  });

  it("counts the batches of other threads, but always has an open batch of its own", () => {
    const memory = MEMORY();
    const [queue, other] = [0, 1].map((thread) =>
      queueOf({ maxBatchSize: 2n, maxEnqueuedBatches: 3n }, memory, thread),
    ) as [BatchQueue, BatchQueue];
    enter(other, 2, 2);
    enter(queue, 2);
    assert.throws(() => enter(queue, 1), { code: Code.UNAVAILABLE, message: /currently 3 batches/ });
    other.take();
    enter(queue, 1);
    assert.throws(() => enter(other, 1), { code: Code.UNAVAILABLE });
    // Another thread in the place of one that ended.
    queueOf({}, memory, 1);
    enter(queue, 1, 1);
  });

  it("counts rows where large requests are split", () => {
    const queue = queueOf({
      maxBatchSize: 10n,
      maxExecutionBatchSize: 4n,
      maxEnqueuedBatches: 2n,
      enableLargeBatchSplitting: true,
    });
    enter(queue, 3);
    queue.admit(5);
    assert.throws(() => queue.admit(6), {
      code: Code.UNAVAILABLE,
      message:
        "The batch scheduling queue to which this task was submitted is full; task size is 6 but scheduling capacity " +
        "is only 5 (num_enqueued_batches=1, max_enqueued_batches=2, open_batch_size=3, max_execution_batch_size=4)",
    });
    assert.throws(() => queue.admit(11), {
      message: "Task size 11 is larger than maximum input batch size 10",
    });
  });

  it("lets requests leave, which makes room", () => {
    const errors: unknown[] = [];
    const queue = queueOf({ maxBatchSize: 2n, maxEnqueuedBatches: 1n });
    const gone = new BatchedRequest(
      [],
      1,
      () => assert.fail(),
      (error) => errors.push(error),
    );
    queue.add(gone);
    enter(queue, 1);
    assert.throws(() => enter(queue, 1), { code: Code.UNAVAILABLE });
    gone.cancel();
    gone.cancel();
    assert.equal((errors[0] as { code: Code }).code, Code.CANCELLED);
    enter(queue, 1);
    assert.deepEqual([errors.length, drain(queue)], [1, [[1, 1]]]);
    const [only] = enter(queue, 1);
    only!.cancel();
    assert.ok(queue.isEmpty);
  });

  it("doesn't let go of what is being run", () => {
    const queue = queueOf({});
    const [running] = enter(queue, 1);
    queue.take();
    running!.cancel();
    assert.equal(queue.remove(running!), false);
  });
});
