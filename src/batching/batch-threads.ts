// The words of the memory: how many batches run, a counter of those that ended, then how many each thread runs.
const RUNNING = 0;
const TURN = 1;
const FIRST_THREAD = 2;

/** More threads than any machine has request workers. */
const MOST_THREADS = 1024;

/** Whoever ends a batch wakes those that wait; this bounds what a lost wake-up would cost. */
const PATIENCE_MILLISECONDS = 100;

/** How many batches may run at a time (num_batch_threads), of all models and in all threads together. */
export interface BatchThreadsMemory {
  readonly limit: number;
  readonly words: SharedArrayBuffer;
}

export function createBatchThreads(limit: number): BatchThreadsMemory {
  return { limit, words: new SharedArrayBuffer(4 * (FIRST_THREAD + MOST_THREADS)) };
}

/** Lets go of the batches that a thread ran when it ended. */
export function releaseBatchThreads(memory: BatchThreadsMemory, thread: number): void {
  const words = new Int32Array(memory.words);
  Atomics.sub(words, RUNNING, Atomics.exchange(words, FIRST_THREAD + thread, 0));
  wake(words);
}

function wake(words: Int32Array): void {
  Atomics.add(words, TURN, 1);
  Atomics.notify(words, TURN);
}

/** One thread's side of it. No thread ever blocks. */
export class BatchThreads {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #limit: number;
  readonly #own: number;
  #isWaiting = false;

  /** @param thread this thread's number among those that use the memory. */
  constructor({ words, limit }: BatchThreadsMemory, thread: number) {
    if (thread >= MOST_THREADS) throw new RangeError(`At most ${MOST_THREADS} threads can run batches`);
    this.#words = new Int32Array(words);
    this.#limit = limit;
    this.#own = FIRST_THREAD + thread;
  }

  /**
   * Begins a batch, unless as many as may be run already.
   * @param onFree called once, later, if not: it may be worth to try again.
   */
  enter(onFree: () => void): boolean {
    const turn = Atomics.load(this.#words, TURN);
    if (this.#tryEnter()) return true;
    if (this.#isWaiting) return false;
    this.#isWaiting = true;
    const free = () => {
      this.#isWaiting = false;
      onFree();
    };
    const { async, value } = Atomics.waitAsync(this.#words, TURN, turn, PATIENCE_MILLISECONDS);
    if (async) void value.then(free);
    else setImmediate(free);
    return false;
  }

  leave(): void {
    Atomics.sub(this.#words, this.#own, 1);
    Atomics.sub(this.#words, RUNNING, 1);
    wake(this.#words);
  }

  #tryEnter(): boolean {
    for (;;) {
      const running = Atomics.load(this.#words, RUNNING);
      if (running >= this.#limit) return false;
      if (Atomics.compareExchange(this.#words, RUNNING, running, running + 1) !== running) continue;
      Atomics.add(this.#words, this.#own, 1);
      return true;
    }
  }
}
