import type { RunResult } from "../engines/engine.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { failedPrecondition } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { BatchCancellation } from "./batch-cancellation.ts";
import type { BatchObserver } from "./batch-observer.ts";
import type { BatchedRequest } from "./batched-request.ts";
import { allowedSize, type BatchingParameters } from "./batching-parameters.ts";
import type { MergeMemory } from "./merge-memory.ts";
import { mergeTensors, padToLargest } from "./merge-tensors.ts";
import { shareResult } from "./shared-result.ts";

type RunInputs = (inputs: readonly Tensor[], cancellation: Cancellation) => RunResult | Promise<RunResult>;

/**
 * Runs requests together and gives each its rows of the outputs. What one request holds never fails another: requests that
 * can't be put together are run apart, and if a run of several fails, its halves are run, until those that fail alone are
 * found. (TensorFlow Serving fails them all.) A run that nobody waits for any more is ended.
 */
export class BatchRun {
  readonly #run: RunInputs;
  readonly #parameters: BatchingParameters;
  readonly #observer: BatchObserver;
  readonly #memory: MergeMemory;

  /** @param run throws or rejects with what the requests are to get. */
  constructor(run: RunInputs, parameters: BatchingParameters, observer: BatchObserver, memory: MergeMemory) {
    this.#run = run;
    this.#parameters = parameters;
    this.#observer = observer;
    this.#memory = memory;
  }

  /** Settles every request. @returns a promise if not all are settled yet; it never rejects. */
  run(requests: readonly BatchedRequest[]): void | Promise<void> {
    return inTurn(groupByShape(requests, this.#parameters.padVariableLengthInputs), (group) =>
      this.#attempt(group),
    );
  }

  #attempt(candidates: readonly BatchedRequest[]): void | Promise<void> {
    const requests = candidates.filter((request) => !request.leaveIfGivenUp());
    if (requests.length === 0) return;
    const cancellation = new BatchCancellation(requests.length);
    for (const request of requests) request.batch = cancellation;
    const taken: ArrayBuffer[] = [];
    try {
      const result = this.#run(this.#merge(requests, taken), cancellation.ofRun);
      if (!(result instanceof Promise)) return this.#answer(requests, result, taken);
      return result.then(
        (run) => this.#answer(requests, run, taken),
        (error: unknown) => this.#failed(requests, error, taken),
      );
    } catch (error) {
      return this.#failed(requests, error, taken);
    }
  }

  /** @param taken gets the memory that was taken for it. */
  #merge(requests: readonly BatchedRequest[], taken: ArrayBuffer[]): readonly Tensor[] {
    const rows = rowsOf(requests);
    const padded = allowedSize(this.#parameters.allowedBatchSizes, rows);
    this.#observer.started(requests.length, rows, padded - rows);
    const [first] = requests;
    if (requests.length === 1 && padded === rows) return first!.inputs;
    const take = (bytes: number) => {
      const buffer = this.#memory.take(bytes);
      taken.push(buffer);
      return buffer;
    };
    return first!.inputs.map((_, i) => {
      const tensors = requests.map(({ inputs }) => inputs[i]!);
      const equal = this.#parameters.padVariableLengthInputs ? padToLargest(tensors) : tensors;
      return mergeTensors(equal, padded, take);
    });
  }

  #answer(
    requests: readonly BatchedRequest[],
    result: RunResult,
    taken: readonly ArrayBuffer[],
  ): void | Promise<void> {
    const rows = allowedSize(this.#parameters.allowedBatchSizes, rowsOf(requests));
    for (const { shape } of result.tensors) {
      if (shape[0] === rows) continue;
      result.dispose();
      // Texts: tensorflow_serving/batching/batching_session.cc.
      const error = failedPrecondition(
        shape.length === 0
          ? "Batched output tensor has 0 dimensions"
          : "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors",
      );
      return this.#failed(requests, error, taken);
    }
    const parts = shareResult(result, requests, () => this.#giveBack(taken));
    for (const [i, request] of requests.entries()) request.resolve(parts[i]!);
  }

  #failed(
    requests: readonly BatchedRequest[],
    error: unknown,
    taken: readonly ArrayBuffer[],
  ): void | Promise<void> {
    this.#giveBack(taken);
    if (requests.length === 1) return requests[0]!.reject(error);
    const half = requests.length >> 1;
    return inTurn([requests.slice(0, half), requests.slice(half)], (part) => this.#attempt(part));
  }

  #giveBack(taken: readonly ArrayBuffer[]): void {
    for (const buffer of taken) this.#memory.give(buffer);
  }
}

function rowsOf(requests: readonly BatchedRequest[]): number {
  let rows = 0;
  for (const request of requests) rows += request.rows;
  return rows;
}

/** Requests whose inputs can be put together, in the order in which they came. */
function groupByShape(
  requests: readonly BatchedRequest[],
  pads: boolean,
): readonly (readonly BatchedRequest[])[] {
  const [first] = requests;
  if (requests.every((request) => isAlike(request, first!))) return [requests];
  const groups = new Map<string, BatchedRequest[]>();
  for (const request of requests) {
    const key = request.inputs.map((tensor) => shapeKey(tensor, pads)).join(";");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [request]);
    else group.push(request);
  }
  return [...groups.values()];
}

/** Whether the shapes are equal in all but dimension 0. */
function isAlike(a: BatchedRequest, b: BatchedRequest): boolean {
  return a.inputs.every(({ shape }, i) => {
    const other = b.inputs[i]!.shape;
    return shape.length === other.length && shape.every((size, dim) => dim === 0 || size === other[dim]);
  });
}

/** Equal for tensors that can be put together. An empty one has no element to fill it up with. */
function shapeKey({ shape, data }: Tensor, pads: boolean): string {
  return pads && data.length > 0 ? `rank ${shape.length}` : shape.slice(1).join();
}

/** One after the other. */
function inTurn<T>(
  items: readonly T[],
  act: (item: T) => void | Promise<void>,
  from = 0,
): void | Promise<void> {
  for (let i = from; i < items.length; i++) {
    const pending = act(items[i]!);
    if (pending instanceof Promise) return pending.then(() => inTurn(items, act, i + 1));
  }
}
