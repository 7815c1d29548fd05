import { invalidArgument, type StatusError, unavailable } from "../status/status.ts";
import type { BatchObserver } from "./batch-observer.ts";
import type { BatchedRequest, WaitingRoom } from "./batched-request.ts";
import type { BatchingParameters } from "./batching-parameters.ts";
import type { QueueLength } from "./queue-lengths.ts";

/** Requests that wait to be run together. */
interface WaitingBatch {
  readonly requests: BatchedRequest[];
  rows: number;
  /** When its first request came, on the clock of `performance.now()`. */
  readonly since: number;
}

/**
 * One thread's requests for the same outputs of one signature, in the batches that they will be run in: the last is open,
 * the others closed. It decides what may enter and which batch may be run, as TensorFlow's SharedBatchScheduler does
 * (tensorflow/core/kernels/batching_util/shared_batch_scheduler.h), and does nothing of its own accord.
 */
export class BatchQueue implements WaitingRoom {
  /** Runs the requests of a batch and settles them; never throws or rejects. */
  readonly run: (requests: readonly BatchedRequest[]) => void | Promise<void>;
  readonly #parameters: BatchingParameters;
  readonly #length: QueueLength;
  readonly #observer: BatchObserver;
  /** None of them empty. */
  readonly #batches: WaitingBatch[] = [];
  #requests = 0;
  #isHurried = false;

  constructor(
    parameters: BatchingParameters,
    length: QueueLength,
    observer: BatchObserver,
    run: BatchQueue["run"],
  ) {
    this.#parameters = parameters;
    this.#length = length;
    this.#observer = observer;
    this.run = run;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Rows that the open batch still takes. */
  get room(): number {
    return this.#parameters.maxExecutionBatchSize - (this.#batches.at(-1)?.rows ?? 0);
  }

  /**
   * Whether a request of so many rows may enter.
   * @throws StatusError INVALID_ARGUMENT for one that is too large; UNAVAILABLE if too many wait already.
   */
  admit(rows: number): void {
    const { maxBatchSize, enableLargeBatchSplitting } = this.#parameters;
    if (rows > maxBatchSize) {
      throw invalidArgument(`Task size ${rows} is larger than maximum input batch size ${maxBatchSize}`);
    }
    if (rows <= this.room) return;
    const full = enableLargeBatchSplitting ? this.#fullToSplit(rows) : this.#full();
    if (full !== undefined) throw full;
  }

  /** The open batch counts, even while it is empty. */
  #count(): number {
    return Math.max(1, this.#batches.length) + this.#length.elsewhere();
  }

  #full(): StatusError | undefined {
    const { maxEnqueuedBatches } = this.#parameters;
    const count = this.#count();
    if (count < maxEnqueuedBatches) return undefined;
    return unavailable(
      "The batch scheduling queue to which this task was submitted is full; currently " +
        `${count} batches enqueued and max_enqueued_batches is ${maxEnqueuedBatches}`,
    );
  }

  #fullToSplit(rows: number): StatusError | undefined {
    const { maxEnqueuedBatches, maxExecutionBatchSize } = this.#parameters;
    const count = this.#count();
    const capacity = Math.max(0, maxEnqueuedBatches - count) * maxExecutionBatchSize + this.room;
    if (rows <= capacity) return undefined;
    return unavailable(
      "The batch scheduling queue to which this task was submitted is full; task size is " +
        `${rows} but scheduling capacity is only ${capacity} (num_enqueued_batches=${count}, ` +
        `max_enqueued_batches=${maxEnqueuedBatches}, open_batch_size=${maxExecutionBatchSize - this.room}, ` +
        `max_execution_batch_size=${maxExecutionBatchSize})`,
    );
  }

  /** @param request that was admitted, or a part of one; not larger than a batch. */
  add(request: BatchedRequest): void {
    let open = this.#batches.at(-1);
    if (open === undefined || request.rows > this.room) {
      open = { requests: [], rows: 0, since: request.since };
      this.#batches.push(open);
      this.#length.add(1);
    }
    open.requests.push(request);
    open.rows += request.rows;
    request.queue = this;
    this.#observer.queued(++this.#requests);
  }

  remove(request: BatchedRequest): boolean {
    for (const [i, batch] of this.#batches.entries()) {
      const at = batch.requests.indexOf(request);
      if (at === -1) continue;
      batch.requests.splice(at, 1);
      batch.rows -= request.rows;
      request.queue = undefined;
      if (batch.requests.length === 0) {
        this.#batches.splice(i, 1);
        this.#length.add(-1);
      }
      this.#observer.queued(--this.#requests);
      return true;
    }
    return false;
  }

  /** When the first batch may be run, on the clock of `performance.now()`; Infinity if there is none. */
  get due(): number {
    const [first, second] = this.#batches;
    if (first === undefined) return Number.POSITIVE_INFINITY;
    const { maxExecutionBatchSize, batchTimeoutMicros } = this.#parameters;
    if (second !== undefined || this.#isHurried || first.rows >= maxExecutionBatchSize) return first.since;
    return first.since + batchTimeoutMicros / 1000;
  }

  /** The requests of the first batch, of which there must be one. */
  take(): readonly BatchedRequest[] {
    const { requests } = this.#batches.shift()!;
    this.#length.add(-1);
    const now = performance.now();
    for (const request of requests) {
      request.queue = undefined;
      request.waited = now - request.since;
      this.#observer.waited(request.waited);
    }
    this.#requests -= requests.length;
    this.#observer.queued(this.#requests);
    return requests;
  }

  /** From now on no batch waits for more requests: no more will come, or not many. */
  hurry(): void {
    this.#isHurried = true;
  }
}
