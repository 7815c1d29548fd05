import { BatchScheduler } from "../batching/batch-scheduler.ts";
import { BatchThreads, type BatchThreadsMemory } from "../batching/batch-threads.ts";
import { BatchingServable, type ModelBatching } from "../batching/batching-servable.ts";
import { MergeMemory } from "../batching/merge-memory.ts";
import type { Servable } from "../lifecycle/servable.ts";

/** What a request worker's queues share. A worker that batches nothing doesn't load this module. */
export class WorkerBatching {
  readonly #scheduler: BatchScheduler;
  readonly #memory = new MergeMemory();
  readonly #thread: number;

  /** @param thread the worker's number. */
  constructor(threads: BatchThreadsMemory, thread: number) {
    this.#scheduler = new BatchScheduler(new BatchThreads(threads, thread));
    this.#thread = thread;
  }

  wrap(servable: Servable, batching: ModelBatching): Servable {
    return new BatchingServable(servable, batching, {
      scheduler: this.#scheduler,
      memory: this.#memory,
      thread: this.#thread,
    });
  }

  /** Few requests will come: batches wait for no more. */
  hurry(): void {
    this.#scheduler.hurryAll();
  }
}
