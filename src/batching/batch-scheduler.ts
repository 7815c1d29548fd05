import { LONGEST_TIMER } from "../longest-timer.ts";
import type { BatchQueue } from "./batch-queue.ts";
import type { BatchThreads } from "./batch-threads.ts";
import type { BatchedRequest } from "./batched-request.ts";

/**
 * Runs the batches of all queues of a thread, one queue after the other, as soon as they are due and may run. A batch
 * that is due when its first request comes is run when all requests are read that have arrived by then: that is what puts
 * requests together where none shall wait for others. One timer serves all queues.
 */
export class BatchScheduler {
  readonly #threads: BatchThreads;
  /** Those in which a request waits, the one whose turn it is first. */
  readonly #waiting = new Set<BatchQueue>();
  #isSoon = false;
  #isHurried = false;
  #timer: NodeJS.Timeout | undefined;
  #next = Number.POSITIVE_INFINITY;

  constructor(threads: BatchThreads) {
    this.#threads = threads;
  }

  /** @param request as for {@link BatchQueue.add}. */
  add(queue: BatchQueue, request: BatchedRequest): void {
    if (this.#isHurried) queue.hurry();
    queue.add(request);
    this.#waiting.add(queue);
    this.#arrange(queue.due);
  }

  /** Has a queue's batches, those to come too, wait for no more requests. */
  hurry(queue: BatchQueue): void {
    queue.hurry();
    this.#arrange(queue.due);
  }

  /** The same for all queues. */
  hurryAll(): void {
    this.#isHurried = true;
    for (const queue of this.#waiting) this.hurry(queue);
  }

  #arrange(due: number): void {
    if (this.#isSoon || due === Number.POSITIVE_INFINITY) return;
    const now = performance.now();
    if (due <= now) {
      this.#isSoon = true;
      setImmediate(() => {
        this.#isSoon = false;
        this.#runDue();
      });
    } else if (due < this.#next) {
      clearTimeout(this.#timer);
      this.#next = due;
      this.#timer = setTimeout(
        () => {
          this.#next = Number.POSITIVE_INFINITY;
          this.#runDue();
        },
        Math.min(Math.ceil(due - now), LONGEST_TIMER),
      );
      this.#timer.unref();
    }
  }

  /** Begins batches until one was run on this thread, whose answers are to leave before the next. */
  #runDue(): void {
    const now = performance.now();
    // A queue that has more batches comes again, after the others.
    for (const queue of this.#waiting) {
      if (queue.due > now) {
        if (queue.isEmpty) this.#waiting.delete(queue);
        continue;
      }
      if (!this.#threads.enter(() => this.#runDue())) return;
      this.#waiting.delete(queue);
      const running = queue.run(queue.take());
      if (!queue.isEmpty) this.#waiting.add(queue);
      if (running === undefined) {
        this.#threads.leave();
        break;
      }
      void running.then(() => this.#threads.leave());
    }
    let next = Number.POSITIVE_INFINITY;
    for (const queue of this.#waiting) next = Math.min(next, queue.due);
    this.#arrange(next);
  }
}
