import { type MetricName, metricNamed } from "./catalogue.ts";
import { cellCount, type Metric } from "./metric.ts";
import type { SeriesMemory } from "./scope.ts";

/** What a series has come to, over all threads. */
export interface Series {
  readonly labels: readonly string[];
  /** One number; of a histogram the count of each bucket, +Inf's last, and then the sum. */
  readonly values: Float64Array;
}

/** A metric and its series, sorted by labels. */
export interface MetricFamily {
  readonly metric: Metric;
  readonly series: readonly Series[];
}

/** What is not counted but looked up when someone asks. */
export type Reading = {
  readonly metric: MetricName;
  readonly labels: readonly string[];
  readonly value: number;
};

interface Cells {
  readonly metric: MetricName;
  readonly labels: readonly string[];
  readonly values: Float64Array;
}

/**
 * All series of all threads, as the thread sees them that answers for the metrics. It reads the threads' memory and
 * adds up what has the same labels; no one is asked or stopped for it.
 */
export class MetricRegistry {
  readonly #threads = new Map<unknown, Cells[]>();
  readonly #readers: (() => Iterable<Reading>)[] = [];

  /** @param thread whose series it is: any value that names it. */
  add(thread: unknown, { metric, labels, memory, at }: SeriesMemory): void {
    const offset = at * Float64Array.BYTES_PER_ELEMENT;
    const values = new Float64Array(memory, offset, cellCount(metricNamed(metric)));
    const cells = this.#threads.get(thread);
    if (cells === undefined) this.#threads.set(thread, [{ metric, labels, values }]);
    else cells.push({ metric, labels, values });
  }

  /** @param read called at each collection. */
  read(read: () => Iterable<Reading>): void {
    this.#readers.push(read);
  }

  /** The thread writes no more: what it counted stays, what its gauges said is over. */
  endThread(thread: unknown): void {
    const cells = this.#threads.get(thread);
    if (cells === undefined || thread === ENDED) return;
    this.#threads.delete(thread);
    const counted = cells.filter(({ metric }) => metricNamed(metric).type !== "gauge");
    // Threads may end any number of times, so what they leave is added up.
    this.#threads.set(ENDED, sumUp([...(this.#threads.get(ENDED) ?? []), ...counted]));
  }

  /** Forgets the series whose labels have all these values. */
  forget(wanted: Readonly<Record<string, string>>): void {
    const names = Object.keys(wanted);
    const isMeant = ({ metric, labels }: Cells) => {
      const row = metricNamed(metric);
      return names.every((name) => labels[row.labels.indexOf(name)] === wanted[name]);
    };
    for (const [thread, cells] of this.#threads) {
      this.#threads.set(
        thread,
        cells.filter((each) => !isMeant(each)),
      );
    }
  }

  /** One consistent view: all metrics that are asked for, those without series too, in the order asked for. */
  collect(names: readonly MetricName[]): MetricFamily[] {
    const wanted = new Set(names);
    const cells = [...this.#threads.values()].flat().filter(({ metric }) => wanted.has(metric));
    for (const { metric, labels, value } of this.#readers.flatMap((read) => [...read()])) {
      if (wanted.has(metric)) cells.push({ metric, labels, values: Float64Array.of(value) });
    }
    const families = new Map(names.map((name): [MetricName, Series[]] => [name, []]));
    for (const { metric, ...series } of sumUp(cells)) families.get(metric)!.push(series);
    return names.map((name) => ({
      metric: metricNamed(name),
      series: families.get(name)!.sort((a, b) => compare(a.labels, b.labels)),
    }));
  }

  /** The sum over all series of a counter or gauge; of a histogram, how many values were recorded. */
  total(name: MetricName): number {
    const { metric, series } = this.collect([name])[0]!;
    const length = metric.type === "histogram" ? cellCount(metric) - 1 : 1;
    return series.reduce((sum, { values }) => sum + values.subarray(0, length).reduce((a, b) => a + b, 0), 0);
  }
}

const ENDED = Symbol("threads that have ended");

/** Adds what has the same metric and labels. */
function sumUp(all: readonly Cells[]): Cells[] {
  const sums = new Map<string, Cells>();
  for (const { metric, labels, values } of all) {
    const key = JSON.stringify([metric, ...labels]);
    const sum = sums.get(key);
    if (sum === undefined) {
      sums.set(key, { metric, labels, values: values.slice() });
    } else {
      for (let i = 0; i < values.length; i++) sum.values[i]! += values[i]!;
    }
  }
  return [...sums.values()];
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i]! !== b[i]!) return a[i]! < b[i]! ? -1 : 1;
  }
  return 0;
}
