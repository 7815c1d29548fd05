import { invalidArgument } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * The size of dimension 0, which all inputs of a request must agree on. Texts:
 * tensorflow_serving/batching/batching_util.h.
 * @throws StatusError INVALID_ARGUMENT.
 */
export function requestRows(inputs: readonly Tensor[]): number {
  if (inputs.length === 0) throw invalidArgument("Batching Run() must have at least one input tensor");
  let rows: number | undefined;
  for (const { shape } of inputs) {
    const [size] = shape;
    if (size === undefined) {
      throw invalidArgument("Batching Run() input tensors must have at least one dimension");
    }
    if (rows !== undefined && size !== rows) {
      throw invalidArgument("Batching Run() input tensors must have equal 0th-dimension size");
    }
    rows = size;
  }
  return rows!;
}
