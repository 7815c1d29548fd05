import type { Counter, Histogram } from "../metrics/instruments.ts";
import type { MetricScope } from "../metrics/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What TensorFlow counts of all runs of graphs together. */
export class RunCells {
  readonly #runs: Counter;
  readonly #microseconds: Counter;
  readonly #times: Histogram;
  readonly #inputBytes: Histogram;
  readonly #outputBytes: Histogram;

  constructor(scope: MetricScope) {
    this.#runs = scope.counter(":tensorflow:core:graph_runs", []);
    this.#microseconds = scope.counter(":tensorflow:core:graph_run_time_usecs", []);
    this.#times = scope.histogram(":tensorflow:core:graph_run_time_usecs_histogram", []);
    this.#inputBytes = scope.histogram(":tensorflow:core:graph_run_input_tensor_bytes", []);
    this.#outputBytes = scope.histogram(":tensorflow:core:graph_run_output_tensor_bytes", []);
  }

  record(microseconds: number, inputs: readonly Tensor[], outputs: readonly Tensor[]): void {
    this.#runs.add(1);
    this.#microseconds.add(microseconds);
    this.#times.record(microseconds);
    this.#inputBytes.record(bytesOf(inputs));
    this.#outputBytes.record(bytesOf(outputs));
  }
}

function bytesOf(tensors: readonly Tensor[]): number {
  let sum = 0;
  for (let i = 0; i < tensors.length; i++) {
    const tensor = tensors[i]!;
    if (tensor.dtype !== "string") sum += tensor.data.byteLength;
    else for (let j = 0; j < tensor.data.length; j++) sum += tensor.data[j]!.length;
  }
  return sum;
}
