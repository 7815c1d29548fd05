/** How many milliseconds requests may keep their thread to themselves before what else has come is looked at. */
const LONGEST_TURN = 10;

type Work = () => void;

/**
 * Lets requests run one after the other on a thread, and what other clients have sent come in between: a few KB can hold
 * hundreds of requests, each of which takes the thread for a while. Of connections that have several waiting, each has one
 * run in turn. As long as the thread isn't busy for long, requests run at once.
 */
export class Turns {
  /** By connection, in the order of their turns. */
  readonly #waiting = new Map<object, Work[]>();
  #isTurn = false;
  #end = 0;

  /** @param connection any object that stands for it. */
  run(connection: object, work: Work): void {
    if (this.#waiting.size === 0) {
      const now = performance.now();
      if (!this.#isTurn) this.#begin(now);
      if (now < this.#end) {
        work();
        return;
      }
    }
    const before = this.#waiting.get(connection);
    if (before === undefined) this.#waiting.set(connection, [work]);
    else before.push(work);
  }

  #begin(now: number): void {
    this.#isTurn = true;
    this.#end = now + LONGEST_TURN;
    setImmediate(() => this.#next());
  }

  /** The event loop has looked at everything once. */
  #next(): void {
    this.#isTurn = false;
    if (this.#waiting.size === 0) return;
    this.#begin(performance.now());
    do {
      const [connection, works] = this.#waiting.entries().next().value!;
      this.#waiting.delete(connection);
      const work = works.shift()!;
      if (works.length > 0) this.#waiting.set(connection, works);
      work();
    } while (this.#waiting.size > 0 && performance.now() < this.#end);
  }
}
