/** Looks at each of a set of connections every so often, while there are any: no timer of its own for each of them. */
export class RegularLook<T> {
  readonly #connections = new Set<T>();
  readonly #milliseconds: number;
  readonly #look: (connection: T, now: number) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param look is given the time on the clock of `performance.now()`. */
  constructor(milliseconds: number, look: (connection: T, now: number) => void) {
    this.#milliseconds = milliseconds;
    this.#look = look;
  }

  add(connection: T): void {
    this.#connections.add(connection);
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const each of this.#connections) this.#look(each, now);
    }, this.#milliseconds);
    this.#timer.unref();
  }

  /** It is gone. */
  delete(connection: T): void {
    this.#connections.delete(connection);
    if (this.#connections.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
