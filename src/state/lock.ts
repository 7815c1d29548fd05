/** How a run uses a version's state: with others that only read it, or alone. */
export type Access = "shared" | "exclusive";

// The words of the memory: the lock's own, then one per thread.
/** How many threads hold it shared; -1: one holds it exclusively. */
const HOLDERS = 0;
/** How many threads wait to hold it exclusively: while there are any, nobody begins to share it. */
const WRITERS = 1;
/** Counts releases, so that a thread can wait for the next one. */
const TURN = 2;
const FIRST_THREAD = 3;

/** More threads than any machine has request workers. */
const MOST_THREADS = 1024;

// What a thread's word says, so that another can undo it should the thread end.
const HOLDS_EXCLUSIVELY = 1 << 30;
const WAITS_TO_WRITE = 1 << 29;
const SHARES = WAITS_TO_WRITE - 1;

/** Nobody forgets to wake the waiting threads; this bounds what a lost wake-up would cost. */
const PATIENCE_MILLISECONDS = 100;

export function createLockMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (FIRST_THREAD + MOST_THREADS));
}

/** Lets go of what a thread held or waited for when it ended. */
export function releaseThread(memory: SharedArrayBuffer, thread: number): void {
  const words = new Int32Array(memory);
  const left = Atomics.exchange(words, FIRST_THREAD + thread, 0);
  if (left & WAITS_TO_WRITE) Atomics.sub(words, WRITERS, 1);
  if (left & HOLDS_EXCLUSIVELY) Atomics.store(words, HOLDERS, 0);
  else Atomics.sub(words, HOLDERS, left & SHARES);
  wake(words);
}

function wake(words: Int32Array): void {
  Atomics.add(words, TURN, 1);
  Atomics.notify(words, TURN);
}

interface Waiting {
  readonly access: Access;
  readonly enter: () => void;
}

/**
 * One thread's side of a lock between threads that guards the state of a version. No thread ever blocks: whoever can't
 * enter at once waits in a queue of its thread, whose first waits for another thread to let go.
 */
export class StateLock {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #own: number;
  readonly #queue: Waiting[] = [];
  #isPumping = false;

  /** @param thread this thread's number among those that use the lock: from 0, each its own. */
  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#words = new Int32Array(memory);
    if (thread >= MOST_THREADS) throw new RangeError(`At most ${MOST_THREADS} threads can share state`);
    this.#own = FIRST_THREAD + thread;
  }

  /** Runs something that holds the lock until it is done, be it at once or later. */
  during<T>(access: Access, run: () => T | Promise<T>): T | Promise<T> {
    if (this.#queue.length === 0 && this.#tryEnter(access)) return this.#finish(access, run);
    return new Promise<void>((enter) => {
      this.#queue.push({ access, enter });
      void this.#pump();
    }).then(() => this.#finish(access, run));
  }

  #finish<T>(access: Access, run: () => T | Promise<T>): T | Promise<T> {
    let isLater = false;
    try {
      const result = run();
      isLater = result instanceof Promise;
      return result instanceof Promise ? result.finally(() => this.#leave(access)) : result;
    } finally {
      if (!isLater) this.#leave(access);
    }
  }

  #tryEnter(access: Access): boolean {
    const words = this.#words;
    if (access === "exclusive") {
      if (Atomics.compareExchange(words, HOLDERS, 0, -1) !== 0) return false;
      Atomics.or(words, this.#own, HOLDS_EXCLUSIVELY);
      return true;
    }
    for (;;) {
      const holders = Atomics.load(words, HOLDERS);
      if (holders < 0 || Atomics.load(words, WRITERS) > 0) return false;
      if (Atomics.compareExchange(words, HOLDERS, holders, holders + 1) !== holders) continue;
      Atomics.add(words, this.#own, 1);
      return true;
    }
  }

  #leave(access: Access): void {
    if (access === "exclusive") {
      Atomics.and(this.#words, this.#own, ~HOLDS_EXCLUSIVELY);
      Atomics.store(this.#words, HOLDERS, 0);
    } else {
      Atomics.sub(this.#words, this.#own, 1);
      Atomics.sub(this.#words, HOLDERS, 1);
    }
    wake(this.#words);
  }

  /** Lets those in the queue enter, in their order, each as soon as it may. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      await this.#enter(first.access);
      this.#queue.shift();
      first.enter();
    }
    this.#isPumping = false;
  }

  async #enter(access: Access): Promise<void> {
    const words = this.#words;
    if (this.#tryEnter(access)) return;
    if (access === "exclusive") this.#announce();
    for (;;) {
      const turn = Atomics.load(words, TURN);
      if (this.#tryEnter(access)) break;
      const { async, value } = Atomics.waitAsync(words, TURN, turn, PATIENCE_MILLISECONDS);
      if (async) await value;
    }
    if (access === "exclusive") this.#withdraw();
  }

  #announce(): void {
    Atomics.or(this.#words, this.#own, WAITS_TO_WRITE);
    Atomics.add(this.#words, WRITERS, 1);
  }

  #withdraw(): void {
    Atomics.and(this.#words, this.#own, ~WAITS_TO_WRITE);
    Atomics.sub(this.#words, WRITERS, 1);
  }
}
