import { BatchScheduler } from "../batching/batch-scheduler.ts";
import { BatchThreads, type BatchThreadsMemory } from "../batching/batch-threads.ts";
import {
  BatchingServable,
  type ModelBatching,
  type ObserveSignature,
} from "../batching/batching-servable.ts";
import { MergeMemory } from "../batching/merge-memory.ts";
import type { Servable } from "../lifecycle/servable.ts";

/** What a request worker's queues share. A worker that batches nothing doesn't load this module. */
export class WorkerBatching {
  readonly #scheduler: BatchScheduler;
  readonly #memory = new MergeMemory();
  readonly #thread: number;
  readonly #observe: ObserveSignature;

  /**
   * @param thread the worker's number.
   * @param observe whom each signature's queue tells of what it does.
   */
  constructor(threads: BatchThreadsMemory, thread: number, observe: ObserveSignature) {
    this.#scheduler = new BatchScheduler(new BatchThreads(threads, thread));
    this.#thread = thread;
    this.#observe = observe;
  }

  wrap(servable: Servable, batching: ModelBatching): Servable {
    return new BatchingServable(servable, batching, {
      scheduler: this.#scheduler,
      memory: this.#memory,
      thread: this.#thread,
      observe: this.#observe,
    });
  }

  /** Few requests will come: batches wait for no more. */
  hurry(): void {
    this.#scheduler.hurryAll();
  }
}
