import { LONGEST_TIMER } from "../longest-timer.ts";
/** What can run out of time. */
export interface Expiring {
  /** When, on the clock of `performance.now()`; Infinity for never. */
  readonly deadline: number;
  /** Called once, soon after the deadline, unless deleted before. */
  expire(): void;
}

/**
 * The deadlines of all calls of a thread on one timer. Most calls end long before their deadline, so nothing is
 * sorted: adding and deleting cost a set operation each, and the timer, which is always set to the earliest deadline
 * that it knew of, looks through the calls that are left then.
 */
export class Deadlines {
  readonly #calls = new Set<Expiring>();
  #timer: NodeJS.Timeout | undefined;
  #next = Number.POSITIVE_INFINITY;

  add(call: Expiring): void {
    if (call.deadline === Number.POSITIVE_INFINITY) return;
    this.#calls.add(call);
    if (call.deadline < this.#next) this.#arm(call.deadline);
  }

  delete(call: Expiring): void {
    this.#calls.delete(call);
  }

  #arm(next: number): void {
    clearTimeout(this.#timer);
    this.#next = next;
    if (next === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(Math.max(Math.ceil(next - performance.now()), 0), LONGEST_TIMER);
    this.#timer = setTimeout(() => this.#expire(), wait);
    this.#timer.unref();
  }

  #expire(): void {
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const call of this.#calls) {
      if (call.deadline <= now) {
        this.#calls.delete(call);
        call.expire();
      } else if (call.deadline < next) {
        next = call.deadline;
      }
    }
    this.#arm(next);
  }
}
