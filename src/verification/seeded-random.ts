/** Numbers that look random, and are the same for the same seed: Mulberry32. */
export class SeededRandom {
  #state: number;

  /** @param seed a whole number; its low 32 bits count. */
  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring numbers.
    this.#state = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b) | 0;
  }

  /** From 0 up to 1, without 1. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` up to `high`, without `high`. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length)]!;
  }

  /** True so often, 0 to 1. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Of mean 0 and deviation 1. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }
}
