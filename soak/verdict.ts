import type { TrafficCounts } from "./traffic.ts";
import type { Vitals } from "./vitals.ts";

export interface Figures {
  readonly counts: TrafficCounts;
  readonly swaps: number;
  readonly visits: number;
  readonly kills: number;
  /** One a second while requests came. */
  readonly during: readonly Vitals[];
  /** With nobody connected, before the requests and after them. */
  readonly before: Vitals;
  readonly after: Vitals;
  /** What the server says of itself in the end. */
  readonly inFlight: number;
  readonly queued: number;
  readonly restarts: number;
  /** What the server's process ended with when it was asked to. */
  readonly exit: number | string | null;
}

/** Memory may be so much more in the last fifth of the time than in the second: one worker's heap comes and goes. */
const MOST_GROWTH = 0.1;
const MOST_GROWTH_BYTES = 48 * 2 ** 20;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Bytes of memory in the second and in the last fifth of the time. */
export function memoryGrowth(during: readonly Vitals[]): { readonly early: number; readonly late: number } {
  const fifth = Math.floor(during.length / 5);
  const memory = during.map((vitals) => vitals.memory);
  return { early: median(memory.slice(fifth, 2 * fifth)), late: median(memory.slice(4 * fifth)) };
}

/** What went wrong; nothing if all is well. */
export function faults(figures: Figures): string[] {
  const { counts, before, after, during } = figures;
  const { early, late } = memoryGrowth(during);
  const found: string[] = [];
  const check = (fine: boolean, fault: string) => {
    if (!fine) found.push(fault);
  };
  check(counts.good > 0 && counts.bad > 0 && counts.abandoned > 0, "some kind of request was never sent");
  check(counts.failed === 0, `${counts.failed} requests were not answered as they must be`);
  check(
    late <= Math.max(early * (1 + MOST_GROWTH), early + MOST_GROWTH_BYTES),
    `memory grew from ${Math.round(early / 2 ** 20)} to ${Math.round(late / 2 ** 20)} MiB`,
  );
  check(
    after.descriptors <= before.descriptors,
    `${after.descriptors} descriptors are open, ${before.descriptors} were`,
  );
  check(after.threads <= before.threads, `${after.threads} threads run, ${before.threads} did`);
  check(figures.inFlight === 0, `${figures.inFlight} requests are in flight with nobody connected`);
  check(figures.queued === 0, `${figures.queued} requests wait for a batch with nobody connected`);
  check(
    figures.restarts === figures.kills,
    `${figures.kills} workers were killed, ${figures.restarts} replaced`,
  );
  check(figures.exit === 0, `the server ended with ${figures.exit}`);
  return found;
}
