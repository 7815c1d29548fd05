import type { Counter, Gauge, Histogram } from "../metrics/instruments.ts";
import type { MetricScope } from "../metrics/scope.ts";

/** The pool of TensorFlow Serving's that runs batches, by its default name. */
const THREAD_POOL = "batch_threads";

/** What is counted of the batches of one signature, in one thread. */
export class BatchCells {
  readonly #queueDepth: Gauge;
  readonly #sizes: Histogram;
  readonly #paddedRows: Counter;
  readonly #runs: Counter;
  readonly #queuingLatency: Histogram;
  #depth = 0;

  /** @param scope of the version. @param server what outlives versions. */
  constructor(scope: MetricScope, server: BatchTotals, labels: readonly [string, string, string]) {
    this.#queueDepth = scope.gauge("servable_batch_queue_depth", labels);
    this.#sizes = scope.histogram("servable_batch_size", labels);
    this.#paddedRows = scope.counter("servable_batch_padding_rows_total", labels);
    this.#runs = server.runs;
    this.#queuingLatency = server.queuingLatency;
  }

  /** So many requests wait now, in this thread. */
  queued(requests: number): void {
    this.#queueDepth.add(requests - this.#depth);
    this.#depth = requests;
  }

  /** A batch begins to run: `padding` rows were added to the requests' `rows`. */
  started(_requests: number, rows: number, padding: number): void {
    this.#sizes.record(rows);
    this.#paddedRows.add(padding);
    this.#runs.add(1);
  }

  /** A request waited so long for its batch to begin. */
  waited(milliseconds: number): void {
    this.#queuingLatency.record(Math.round(milliseconds * 1000));
  }
}

/** TensorFlow Serving's metrics of all batches together. */
export class BatchTotals {
  readonly runs: Counter;
  readonly queuingLatency: Histogram;

  constructor(scope: MetricScope) {
    this.runs = scope.counter(":tensorflow:serving:batching_session:wrapped_run_count", []);
    this.queuingLatency = scope.histogram(":tensorflow:serving:batching_session:queuing_latency", [
      THREAD_POOL,
    ]);
  }
}
