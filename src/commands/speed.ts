const WINDOW_MILLISECONDS = 5000;
const SAMPLE_MILLISECONDS = 100;

/** How fast something grows, over the last five seconds. */
export class Speed {
  /** The oldest first. */
  readonly #samples: { readonly time: number; readonly done: number }[] = [];
  #last = { time: 0, done: 0 };

  /** @param time in milliseconds. */
  add(time: number, done: number): void {
    this.#last = { time, done };
    const newest = this.#samples.at(-1);
    if (newest === undefined || time - newest.time >= SAMPLE_MILLISECONDS) this.#samples.push(this.#last);
    while (time - this.#samples[0]!.time > WINDOW_MILLISECONDS && this.#samples.length > 1)
      this.#samples.shift();
  }

  /** Undefined before anything can be said. */
  get bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    if (first === undefined || this.#last.time - first.time < SAMPLE_MILLISECONDS) return undefined;
    return ((this.#last.done - first.done) / (this.#last.time - first.time)) * 1000;
  }
}
