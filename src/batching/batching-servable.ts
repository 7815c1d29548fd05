import type { RunResult } from "../engines/engine.ts";
import type { Servable, ServableId, Signature } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { isCompatible } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type BatchObserver, NO_OBSERVER } from "./batch-observer.ts";
import { BatchQueue } from "./batch-queue.ts";
import { BatchRun } from "./batch-run.ts";
import type { BatchScheduler } from "./batch-scheduler.ts";
import { BatchedRequest } from "./batched-request.ts";
import type { BatchingParameters } from "./batching-parameters.ts";
import { LoneRequests } from "./lone-requests.ts";
import type { MergeMemory } from "./merge-memory.ts";
import { QueueLength, type QueueLengthsMemory } from "./queue-lengths.ts";
import { requestRows } from "./request-rows.ts";
import { cutInputs, joinResults, partSizes } from "./split-request.ts";

/** How a version's requests are batched: plain data, made at its load and the same for all threads. */
export interface ModelBatching {
  readonly parameters: BatchingParameters;
  /** Signatures whose requests must be run one by one. */
  readonly alone: readonly string[];
  /**
   * What becomes of requests that no batch takes, those of more rows than it may have or of other shapes than the signature
   * declares: TensorFlow Serving refuses them, where it was asked to batch. Where they are run alone, so are those that come
   * one at a time, at once.
   */
  readonly misfits: "refuse" | "run alone";
  /** Has a row for each of the version's signatures, in their order. */
  readonly lengths: QueueLengthsMemory;
}

/** Makes observers; called once for each signature. */
export type ObserveSignature = (id: ServableId, signature: string) => BatchObserver;

/** What the queues of a thread share. */
export interface ThreadBatching {
  readonly scheduler: BatchScheduler;
  readonly memory: MergeMemory;
  /** This thread's number among those that serve. */
  readonly thread: number;
  readonly observe?: ObserveSignature;
}

/** A version whose requests for the same outputs of a signature are run together. */
export class BatchingServable implements Servable {
  readonly id: ServableId;
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly #servable: Servable;
  readonly #batched = new Map<string, BatchedSignature>();
  /** Rows of a request beyond which it is run alone; undefined if such are refused. */
  readonly #mostRows: number | undefined;

  constructor(servable: Servable, batching: ModelBatching, shared: ThreadBatching) {
    const { parameters, alone, lengths, misfits } = batching;
    this.id = servable.id;
    this.signatures = servable.signatures;
    this.#servable = servable;
    this.#mostRows = misfits === "run alone" ? parameters.maxBatchSize : undefined;
    for (const [position, [key, signature]] of [...servable.signatures].entries()) {
      if (alone.includes(key) || hasFixedBatch(signature)) continue;
      const length = new QueueLength(lengths, position, shared.thread);
      const observer = shared.observe?.(servable.id, key) ?? NO_OBSERVER;
      const createQueue = (outputs: readonly string[]): BatchQueue => {
        const run = new BatchRun(
          (inputs, cancellation) => servable.run(key, inputs, outputs, cancellation),
          parameters,
          observer,
          shared.memory,
        );
        return new BatchQueue(parameters, length, observer, (requests) => run.run(requests));
      };
      const runAlone: RunAlone = (inputs, rows, outputs, cancellation) => {
        observer.started(1, rows, 0);
        observer.waited(0);
        return servable.run(key, inputs, outputs, cancellation);
      };
      this.#batched.set(
        key,
        new BatchedSignature(
          [...signature.outputs.keys()],
          shared.scheduler,
          parameters,
          createQueue,
          misfits === "run alone" ? runAlone : undefined,
        ),
      );
    }
  }

  run(
    signature: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    cancellation?: Cancellation,
  ): RunResult | Promise<RunResult> {
    const batched = this.#batched.get(signature);
    if (batched === undefined || this.#isMisfit(signature, inputs)) {
      return this.#servable.run(signature, inputs, outputs, cancellation);
    }
    const rows = requestRows(inputs);
    // No rows: nothing to put together.
    if (rows === 0) return this.#servable.run(signature, inputs, outputs, cancellation);
    return batched.run(inputs, rows, outputs, cancellation);
  }

  #isMisfit(key: string, inputs: readonly Tensor[]): boolean {
    if (this.#mostRows === undefined) return false;
    const rows = inputs[0]!.shape[0]!;
    if (!(rows <= this.#mostRows)) return true;
    let i = 0;
    for (const { shape: declared } of this.signatures.get(key)!.inputs.values()) {
      const { shape } = inputs[i++]!;
      if (shape[0] !== rows || !isCompatible(shape, declared)) return true;
    }
    return false;
  }

  /** Parts of the graph aren't batched. */
  get runGraph(): Servable["runGraph"] {
    const { runGraph } = this.#servable;
    return runGraph && ((run) => runGraph.call(this.#servable, run));
  }

  signatureDefMap(): Uint8Array {
    return this.#servable.signatureDefMap();
  }

  retire(): void {
    for (const batched of this.#batched.values()) batched.hurry();
    this.#servable.retire?.();
  }

  release(): void {
    this.#servable.release?.();
  }
}

/** Whether the model takes just one size of dimension 0. */
function hasFixedBatch({ inputs }: Signature): boolean {
  return [...inputs.values()].some(({ shape }) => shape !== undefined && shape.length > 0 && shape[0]! >= 0);
}

type RunAlone = (
  inputs: readonly Tensor[],
  rows: number,
  outputs: readonly string[],
  cancellation: Cancellation | undefined,
) => RunResult | Promise<RunResult>;

/** The queues of one signature: one for all of its outputs, and one for each other set of them that is asked for. */
class BatchedSignature {
  readonly #outputs: readonly string[];
  readonly #scheduler: BatchScheduler;
  readonly #parameters: BatchingParameters;
  readonly #createQueue: (outputs: readonly string[]) => BatchQueue;
  readonly #runAlone: RunAlone | undefined;
  readonly #lone = new LoneRequests();
  readonly #whole: BatchQueue;
  /** By their outputs; only those in which requests wait, as there are many sets. */
  readonly #filtered = new Map<string, BatchQueue>();
  #isHurried = false;

  constructor(
    outputs: readonly string[],
    scheduler: BatchScheduler,
    parameters: BatchingParameters,
    createQueue: (outputs: readonly string[]) => BatchQueue,
    runAlone: RunAlone | undefined,
  ) {
    this.#outputs = outputs;
    this.#scheduler = scheduler;
    this.#parameters = parameters;
    this.#createQueue = createQueue;
    this.#runAlone = runAlone;
    this.#whole = createQueue(outputs);
  }

  run(
    inputs: readonly Tensor[],
    rows: number,
    outputs: readonly string[],
    cancellation: Cancellation | undefined,
  ): RunResult | Promise<RunResult> {
    const runAlone = this.#runAlone;
    if (runAlone !== undefined && this.#lone.come() && this.#whole.isEmpty) {
      return this.#lone.run(() => runAlone(inputs, rows, outputs, cancellation));
    }
    const isWhole = outputs.length === this.#outputs.length;
    const computed = isWhole ? this.#outputs : this.#outputs.filter((output) => outputs.includes(output));
    const queue = isWhole ? this.#whole : this.#filteredQueue(computed);
    queue.admit(rows);
    const { enableLargeBatchSplitting, maxExecutionBatchSize } = this.#parameters;
    const { room } = queue;
    const result =
      enableLargeBatchSplitting && rows > room
        ? this.#enterInParts(queue, inputs, partSizes(rows, room, maxExecutionBatchSize), cancellation)
        : this.#enter(queue, inputs, rows, cancellation);
    if (computed.every((output, i) => output === outputs[i])) return result;
    const order = outputs.map((output) => computed.indexOf(output));
    return result.then((run) => ({
      tensors: order.map((position) => run.tensors[position]!),
      dispose: () => run.dispose(),
    }));
  }

  hurry(): void {
    this.#isHurried = true;
    for (const queue of [this.#whole, ...this.#filtered.values()]) this.#scheduler.hurry(queue);
  }

  #filteredQueue(outputs: readonly string[]): BatchQueue {
    const key = outputs.join("\0");
    let queue = this.#filtered.get(key);
    if (queue === undefined) {
      for (const [other, { isEmpty }] of this.#filtered) if (isEmpty) this.#filtered.delete(other);
      queue = this.#createQueue(outputs);
      if (this.#isHurried) queue.hurry();
      this.#filtered.set(key, queue);
    }
    return queue;
  }

  #enterInParts(
    queue: BatchQueue,
    inputs: readonly Tensor[],
    sizes: readonly number[],
    cancellation: Cancellation | undefined,
  ): Promise<RunResult> {
    const parts = cutInputs(inputs, sizes);
    return joinResults(parts.map((part, i) => this.#enter(queue, part, sizes[i]!, cancellation)));
  }

  #enter(
    queue: BatchQueue,
    inputs: readonly Tensor[],
    rows: number,
    cancellation: Cancellation | undefined,
  ): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      const request = new BatchedRequest(inputs, rows, resolve, reject);
      this.#scheduler.add(queue, request);
      cancellation?.onCancel(request);
    });
  }
}
