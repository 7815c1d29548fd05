import { ConnectionError, ErrorCode } from "./frames.ts";

/** How many more frames of a kind a client is granted, which cost it less than the server. */
export class FrameBudget {
  readonly #what: string;
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #since = performance.now();

  /**
   * @param what is sent, for the error.
   * @param burst how many it may send at once.
   */
  constructor(what: string, burst: number, perSecond: number) {
    this.#what = what;
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /**
   * Streams that are reset, by the client or because it broke a rule. Those of a client whose deadlines are too short for
   * the model must not end its connection, with all its other calls.
   */
  static forResets(): FrameBudget {
    return new FrameBudget("resets", 100_000, 10_000);
  }

  /**
   * Frames that move nothing: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, DATA without content, and those of unknown types. A
   * client that measures the network sends a PING for each answer, and a WINDOW_UPDATE with it.
   */
  static forControl(): FrameBudget {
    return new FrameBudget("control frames", 200_000, 50_000);
  }

  /** @throws ConnectionError ENHANCE_YOUR_CALM when there were too many. */
  spend(): void {
    if (--this.#left >= 0) return;
    const now = performance.now();
    const granted = ((now - this.#since) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + granted);
    this.#since = now;
    if (this.#left < 0) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `Too many ${this.#what}`);
  }
}
