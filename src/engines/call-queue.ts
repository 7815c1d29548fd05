import type { RunResult } from "./engine.ts";

/**
 * Starts a native call. `done` is called once when it has ended, with what turns its outcome into a result, and is told
 * how many milliseconds the call waited, if it did.
 */
type Start = (done: (finish: (queued: number | undefined) => RunResult) => void) => void;

interface Call {
  readonly start: Start;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: unknown) => void;
  /** When it began to wait, on the clock of `performance.now()`. */
  queuedAt?: number;
}

/** Lets at most so many asynchronous native calls run at a time; the others wait in order. */
export class CallQueue {
  readonly #limit: number;
  readonly #waiting: Call[] = [];
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Settles as the call ends; rejects with whatever `start` or `finish` throws. */
  run(start: Start): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      const call: Call = { start, resolve, reject };
      if (this.#running < this.#limit) {
        this.#begin(call);
      } else {
        call.queuedAt = performance.now();
        this.#waiting.push(call);
      }
    });
  }

  #begin({ start, resolve, reject, queuedAt }: Call): void {
    this.#running++;
    const queued = queuedAt === undefined ? undefined : performance.now() - queuedAt;
    try {
      start((finish) => {
        this.#end();
        try {
          resolve(finish(queued));
        } catch (error) {
          reject(error);
        }
      });
    } catch (error) {
      this.#end();
      reject(error);
    }
  }

  #end(): void {
    this.#running--;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#begin(next);
  }
}
