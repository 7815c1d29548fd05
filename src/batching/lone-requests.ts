import type { RunResult } from "../engines/engine.ts";

/**
 * Tells requests that come one at a time from those that come together, in turns of the event loop. Where the last turn brought
 * one, the next turn's first is run at once: what a batch of one costs besides, a wait for the turn's end among it, is a sixth of
 * an MLP's request. Under load turns bring several, and all of the next one's wait for each other.
 */
export class LoneRequests {
  #came = 0;
  #cameBefore = 0;
  #running = 0;
  readonly #endTurn = (): void => {
    this.#cameBefore = this.#came;
    this.#came = 0;
  };
  readonly #ran = (): void => {
    this.#running--;
  };

  /** A request has come. @returns whether it may be run at once. */
  come(): boolean {
    if (this.#came++ === 0) setImmediate(this.#endTurn);
    return this.#came === 1 && this.#cameBefore <= 1 && this.#running === 0;
  }

  /** Runs one at once. Until it has ended, others wait for each other. */
  run(start: () => RunResult | Promise<RunResult>): RunResult | Promise<RunResult> {
    const result = start();
    if (result instanceof Promise) {
      this.#running++;
      result.then(this.#ran, this.#ran);
    }
    return result;
  }
}
