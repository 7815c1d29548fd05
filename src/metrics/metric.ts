/** A row of the catalogue: a metric that the server has. */
export interface Metric {
  /** As Prometheus sees it. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** The names of the labels, in the order of the values. */
  readonly labels: readonly string[];
  /** One sentence; it becomes the HELP line and the row of docs/reference/metrics.md. */
  readonly help: string;
  /** Of a histogram: the upper bounds of its buckets, rising. What is above the last falls into +Inf. */
  readonly bounds?: readonly number[];
  /** A value that equals a bound counts as above it, as TensorFlow counts; else as below it, as Prometheus means it. */
  readonly boundsExcluded?: boolean;
}

/** `count` bounds from `first` on, each `factor` times the one before. */
export function exponentialBounds(first: number, factor: number, count: number): readonly number[] {
  // Multiplied one by one as TensorFlow does, so that the bounds are the same to the last digit.
  const bounds = [first];
  while (bounds.length < count) bounds.push(bounds[bounds.length - 1]! * factor);
  return bounds;
}

/** How many cells one series of the metric takes: a histogram has one per bucket, +Inf among them, and the sum. */
export function cellCount({ type, bounds = [] }: Metric): number {
  return type === "histogram" ? bounds.length + 2 : 1;
}
