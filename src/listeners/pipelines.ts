import type { Duplex } from "node:stream";

/** A connection with so many requests waiting is read no further until half of them are answered. */
const MOST_WAITING = 32;

/**
 * The whole requests that HTTP/1.1 connections wait for answers to. Those of one connection are answered in their order
 * anyway; they are begun so, too: a client that sends thousands at once has one of them run at a time, as others do.
 */
export class Pipelines {
  /** By connection: what begins the requests behind the one that is answered. */
  readonly #waiting = new Map<Duplex, (() => void)[]>();

  /** Whether an answer is waited for there. */
  has(connection: Duplex): boolean {
    return this.#waiting.has(connection);
  }

  /** @param begin called when the requests before it are answered, at once if there are none. `end` must follow it. */
  add(connection: Duplex, begin: () => void): void {
    const waiting = this.#waiting.get(connection);
    if (waiting === undefined) {
      this.#waiting.set(connection, []);
      begin();
      return;
    }
    waiting.push(begin);
    if (waiting.length > MOST_WAITING) connection.pause();
  }

  /** The request that had begun has its answer, or its client has gone. */
  end(connection: Duplex): void {
    const waiting = this.#waiting.get(connection);
    if (waiting === undefined) return;
    const next = waiting.shift();
    if (next === undefined) {
      this.#waiting.delete(connection);
      return;
    }
    if (waiting.length === MOST_WAITING / 2) connection.resume();
    next();
  }
}
