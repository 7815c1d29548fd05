import { RegularLook } from "../regular-look.ts";
import type { ServerConnection } from "./connection.ts";

export interface StallLimits {
  /** A client that takes nothing of what is sent to it for so long is cut, in milliseconds. */
  readonly unreadMilliseconds: number;
  /** One that hasn't sent HTTP/2's first bytes after so long. */
  readonly greetingMilliseconds: number;
  /** How long a request may be on its way. */
  readonly requestMilliseconds: number;
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
  /** Of those that owe something, as of the last look. */
  readonly #progress = new Map<ServerConnection, Progress>();
  readonly #interval: number;
  readonly #looks: RegularLook<ServerConnection>;

  constructor(limits: StallLimits) {
    const { unreadMilliseconds, greetingMilliseconds, requestMilliseconds } = limits;
    const shortest = Math.min(unreadMilliseconds, greetingMilliseconds, requestMilliseconds);
    this.#limits = limits;
    this.#interval = Math.max(shortest / 4, SHORTEST_LOOK);
    this.#looks = new RegularLook(this.#interval, (connection, now) => this.#look(connection, now));
  }

  add(connection: ServerConnection): void {
    this.#progress.set(connection, { taken: 0, since: performance.now() });
    this.#looks.add(connection);
  }

  /** It is gone. */
  delete(connection: ServerConnection): void {
    this.#progress.delete(connection);
    this.#looks.delete(connection);
  }

  #look(connection: ServerConnection, now: number): void {
    const { unreadMilliseconds, greetingMilliseconds, requestMilliseconds } = this.#limits;
    const { taken, since } = this.#progress.get(connection)!;
    const { isGreeted, unread, taken: takenNow } = connection;
    connection.age(this.#interval, requestMilliseconds);
    if (!isGreeted) {
      if (now - since >= greetingMilliseconds) connection.destroy();
    } else if (unread === 0 || takenNow !== taken) {
      this.#progress.set(connection, { taken: takenNow, since: now });
    } else if (now - since >= unreadMilliseconds) {
      connection.destroy();
    }
  }
}
