import type { Tensor } from "../tensor/tensor.ts";
import type { RunCost } from "./servable-payload.ts";

/**
 * Runs that take longer than this many microseconds go to a thread of the engine's, so that the worker goes on
 * parsing; for shorter ones the hand-over (20 us and two wake-ups) costs more than it gives.
 */
export const LONGEST_SYNCHRONOUS_RUN = 500;

/** The weight of the newest observation. */
const SMOOTHING = 0.2;

export function countElements(tensors: readonly Tensor[]): number {
  let count = 0;
  for (const tensor of tensors) count += tensor.data.length;
  return count;
}

/**
 * Decides for one signature which runs are short enough for the calling thread, from what earlier runs cost per
 * element of input. A signature of which nothing is known is not run on the calling thread.
 */
export class RunPlacement {
  #microsecondsPerElement: number;

  constructor(probe: RunCost | undefined) {
    this.#microsecondsPerElement =
      probe === undefined ? Number.POSITIVE_INFINITY : probe.microseconds / Math.max(1, probe.elements);
  }

  isShort(elements: number): boolean {
    return this.#microsecondsPerElement * Math.max(1, elements) <= LONGEST_SYNCHRONOUS_RUN;
  }

  /**
   * Learns from a run on the calling thread. One that took many times as long was most likely kept waiting for a core: it
   * counts as twice as long, or else a small model's next request would stand in line behind those of large ones.
   */
  ran({ microseconds, elements }: RunCost): void {
    const observed = Math.min(microseconds / Math.max(1, elements), 2 * this.#microsecondsPerElement);
    this.#microsecondsPerElement += SMOOTHING * (observed - this.#microsecondsPerElement);
  }

  /** Learns from a run elsewhere, whose time includes the wait for a thread: it can only show that runs are shorter. */
  ranElsewhere({ microseconds, elements }: RunCost): void {
    const observed = microseconds / Math.max(1, elements);
    if (observed < this.#microsecondsPerElement) this.#microsecondsPerElement = observed;
  }
}
