/** How many batches of a version wait in each thread, by signature: what limits a queue that each thread has a part of. */
export interface QueueLengthsMemory {
  readonly threads: number;
  readonly words: SharedArrayBuffer;
}

export function createQueueLengths(signatures: number, threads: number): QueueLengthsMemory {
  return { threads, words: new SharedArrayBuffer(4 * signatures * threads) };
}

/** One thread's side of the count for one signature. Each thread writes only its own word. */
export class QueueLength {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #thread: number;

  /** Begins at 0, also where a thread that ended had that number. */
  constructor({ words, threads }: QueueLengthsMemory, signature: number, thread: number) {
    this.#words = new Int32Array(words, 4 * signature * threads, threads);
    this.#thread = thread;
    Atomics.store(this.#words, thread, 0);
  }

  add(batches: number): void {
    Atomics.add(this.#words, this.#thread, batches);
  }

  /** Of all threads but this one. */
  elsewhere(): number {
    let sum = 0;
    for (let i = 0; i < this.#words.length; i++) if (i !== this.#thread) sum += Atomics.load(this.#words, i);
    return sum;
  }
}
