const WAITING_KIB = 0;
const DROPPED = 1;

/**
 * How much the request workers have handed over that isn't written yet: counters in memory that all threads share, so
 * that a slow disk costs logs and neither memory nor answers.
 */
export class Backlog {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #limitKib: number;

  static createMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(8);
  }

  /** @param limitBytes how much may wait; the same in all threads. */
  constructor(memory: SharedArrayBuffer, limitBytes: number) {
    this.#words = new Int32Array(memory);
    this.#limitKib = limitBytes / 1024;
  }

  /** Counts a record in. False, and a drop counted, if that would be too much. */
  enter(bytes: number): boolean {
    const kib = kibOf(bytes);
    if (Atomics.add(this.#words, WAITING_KIB, kib) + kib <= this.#limitKib) return true;
    Atomics.sub(this.#words, WAITING_KIB, kib);
    this.drop();
    return false;
  }

  /** Counts a record out that `enter` has counted in. */
  leave(bytes: number): void {
    Atomics.sub(this.#words, WAITING_KIB, kibOf(bytes));
  }

  drop(): void {
    Atomics.add(this.#words, DROPPED, 1);
  }

  /** How many were dropped since the last call. */
  takeDropped(): number {
    return Atomics.exchange(this.#words, DROPPED, 0);
  }
}

function kibOf(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
