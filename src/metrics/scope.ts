import type { MetricName } from "./catalogue.ts";
import { metricNamed } from "./catalogue.ts";
import { Counter, Gauge, Histogram } from "./instruments.ts";
import { cellCount } from "./metric.ts";

/** Where a series lies, as it is told to the thread that reads all: plain data. */
export interface SeriesMemory {
  readonly metric: MetricName;
  /** The values of the metric's labels, in the order of its catalogue row. */
  readonly labels: readonly string[];
  readonly memory: SharedArrayBuffer;
  /** The position of the first cell, a float64 each. */
  readonly at: number;
}

/** 4 KiB: all series of one signature, called over gRPC and REST. */
const CHUNK_CELLS = 512;

/**
 * Makes the series of one thread that come and go together, such as those of a model's version, in memory that other
 * threads can read. Making one is for when something new turns up; updating it costs an addition.
 */
export class MetricScope {
  readonly #announce: (series: SeriesMemory) => void;
  #chunk = new Float64Array(new SharedArrayBuffer(0));
  #used = 0;

  /** @param announce told of each new series, before its first update. */
  constructor(announce: (series: SeriesMemory) => void) {
    this.#announce = announce;
  }

  counter(name: MetricName, labels: readonly string[]): Counter {
    return new Counter(...this.#open(name, labels));
  }

  gauge(name: MetricName, labels: readonly string[]): Gauge {
    return new Gauge(...this.#open(name, labels));
  }

  histogram(name: MetricName, labels: readonly string[]): Histogram {
    return new Histogram(...this.#open(name, labels), metricNamed(name));
  }

  #open(metric: MetricName, labels: readonly string[]): [Float64Array, number] {
    const count = cellCount(metricNamed(metric));
    if (this.#used + count > this.#chunk.length) {
      const cells = Math.max(CHUNK_CELLS, count);
      this.#chunk = new Float64Array(new SharedArrayBuffer(cells * Float64Array.BYTES_PER_ELEMENT));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += count;
    this.#announce({ metric, labels, memory: this.#chunk.buffer, at });
    return [this.#chunk, at];
  }
}
