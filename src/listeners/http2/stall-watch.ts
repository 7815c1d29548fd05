import type { ServerConnection } from "./connection.ts";

export interface StallLimits {
  /** A client that takes nothing of what is sent to it for so long is cut, in milliseconds. */
  readonly unreadMilliseconds: number;
  /** One that hasn't sent HTTP/2's first bytes after so long. */
  readonly greetingMilliseconds: number;
}

/** The least time between two looks. */
const SHORTEST_LOOK = 20;

/** Since when a connection has taken nothing, on the clock of `performance.now()`. */
interface Progress {
  readonly taken: number;
  readonly since: number;
}

/** Ends connections whose clients keep the server waiting, with all that it holds for them. */
export class StallWatch {
  readonly #limits: StallLimits;
  /** Those that owe something, as of the last look. */
  readonly #connections = new Map<ServerConnection, Progress>();
  #looking: NodeJS.Timeout | undefined;

  constructor(limits: StallLimits) {
    this.#limits = limits;
  }

  add(connection: ServerConnection): void {
    this.#connections.set(connection, { taken: 0, since: performance.now() });
    if (this.#looking !== undefined) return;
    const { unreadMilliseconds, greetingMilliseconds } = this.#limits;
    const shortest = Math.min(unreadMilliseconds, greetingMilliseconds);
    this.#looking = setInterval(() => this.#look(), Math.max(shortest / 4, SHORTEST_LOOK));
    this.#looking.unref();
  }

  /** It is gone. */
  delete(connection: ServerConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #look(): void {
    const { unreadMilliseconds, greetingMilliseconds } = this.#limits;
    const now = performance.now();
    for (const [connection, { taken, since }] of this.#connections) {
      const { isGreeted, unread, taken: takenNow } = connection;
      if (!isGreeted) {
        if (now - since >= greetingMilliseconds) connection.destroy();
      } else if (unread === 0 || takenNow !== taken) {
        this.#connections.set(connection, { taken: takenNow, since: now });
      } else if (now - since >= unreadMilliseconds) {
        connection.destroy();
      }
    }
  }
}
