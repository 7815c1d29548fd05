import type { ServerConnection } from "./connection.ts";

/** How long connections live, in milliseconds. Undefined: for ever. */
export interface LifetimeOptions {
  /** A connection is asked to go after about so long: a tenth more or less, so that not all go at once. */
  readonly age?: number | undefined;
  /** So long after it was asked it is cut. */
  readonly grace?: number | undefined;
  /** One without calls is asked to go after so long. */
  readonly idle?: number | undefined;
}

/** The least time between two looks at who is idle. */
const SHORTEST_LOOK = 20;

/** Ends connections that have lived long enough: gRPC's max_connection_age, its grace, and max_connection_idle. */
export class ConnectionLifetimes {
  readonly #options: LifetimeOptions;
  /** Those that are not asked to go yet. */
  readonly #connections = new Set<ServerConnection>();
  #looking: NodeJS.Timeout | undefined;

  constructor(options: LifetimeOptions) {
    this.#options = options;
  }

  add(connection: ServerConnection): void {
    const { age, idle } = this.#options;
    this.#connections.add(connection);
    if (age !== undefined) {
      setTimeout(() => this.#end(connection), age * (0.9 + 0.2 * Math.random())).unref();
    }
    if (idle === undefined || this.#looking !== undefined) return;
    this.#looking = setInterval(() => this.#endIdle(idle), Math.max(idle / 4, SHORTEST_LOOK));
    this.#looking.unref();
  }

  /** It is gone. */
  delete(connection: ServerConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #endIdle(idle: number): void {
    const latest = performance.now() - idle;
    for (const connection of this.#connections) if (connection.idleSince <= latest) this.#end(connection);
  }

  #end(connection: ServerConnection): void {
    const { grace } = this.#options;
    if (!this.#connections.has(connection)) return;
    this.delete(connection);
    connection.drain();
    if (grace !== undefined) setTimeout(() => connection.destroy(), grace).unref();
  }
}
