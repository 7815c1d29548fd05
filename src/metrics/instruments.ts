import type { Metric } from "./metric.ts";

// Every series has one writer, so that an update is a plain addition: no lock, no atomic operation, nothing allocated.
// Other threads read the same memory; 64 aligned bits are read whole on every platform that Node runs on.

/** What only grows. */
export class Counter {
  readonly #cells: Float64Array;
  readonly #at: number;

  constructor(cells: Float64Array, at: number) {
    this.#cells = cells;
    this.#at = at;
  }

  add(amount: number): void {
    this.#cells[this.#at]! += amount;
  }
}

/** What goes up and down. */
export class Gauge {
  readonly #cells: Float64Array;
  readonly #at: number;

  constructor(cells: Float64Array, at: number) {
    this.#cells = cells;
    this.#at = at;
  }

  add(amount: number): void {
    this.#cells[this.#at]! += amount;
  }

  set(value: number): void {
    this.#cells[this.#at] = value;
  }
}

/** How often values of each size came. */
export class Histogram {
  readonly #cells: Float64Array;
  readonly #at: number;
  readonly #bounds: readonly number[];
  readonly #excluded: boolean;

  /** @param at the first of the buckets' cells; the sum's comes after them. */
  constructor(cells: Float64Array, at: number, { bounds = [], boundsExcluded = false }: Metric) {
    this.#cells = cells;
    this.#at = at;
    this.#bounds = bounds;
    this.#excluded = boundsExcluded;
  }

  record(value: number): void {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const bound = bounds[middle]!;
      if (value < bound || (value === bound && !this.#excluded)) high = middle;
      else low = middle + 1;
    }
    this.#cells[this.#at + low]! += 1;
    this.#cells[this.#at + bounds.length + 1]! += value;
  }
}
