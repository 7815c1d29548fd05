import { invalidArgument, notFound } from "../../status/status.ts";
import { type DType, dtypeOfNumber } from "../../tensor/dtype.ts";
import type { Pointer, TensorFlowApi } from "./api.ts";

/** A TF_Output: a tensor of a graph. */
export interface GraphTensor {
  readonly operation: Pointer;
  readonly index: number;
  readonly dtype: DType;
}

/** 64-bit words of a TF_Output: an address and an int with padding. */
export const OUTPUT_WORDS = 2;

/**
 * Finds a tensor in a graph.
 * @param name `node:index`; a node's name stands for its first output.
 * @throws StatusError INVALID_ARGUMENT, in the words of TensorFlow's session.
 */
export function graphTensor(api: TensorFlowApi, graph: Pointer, name: string): GraphTensor {
  const [, node = name, slot = "0"] = /^(.*):(\d+)$/s.exec(name) ?? [];
  const operation = api.TF_GraphOperationByName(graph, node);
  const index = Number(slot);
  if (operation === null || index >= api.TF_OperationNumOutputs(operation)) {
    throw invalidArgument(
      `Tensor ${node}:${slot}, specified in either feed_devices or fetch_devices was not found in the Graph`,
    );
  }
  const dtype = dtypeOfNumber(api.TF_OperationOutputType({ oper: operation, index }));
  if (dtype === undefined) throw invalidArgument(`Tensor ${name} is of a type that requests can't have`);
  return { operation, index, dtype };
}

/**
 * Finds nodes in a graph, which are run without their outputs.
 * @throws StatusError NOT_FOUND, in the words of TensorFlow's session.
 */
export function targetOperations(
  api: TensorFlowApi,
  graph: Pointer,
  names: readonly string[],
): BigUint64Array {
  const found = names.map((name) => api.TF_GraphOperationByName(graph, name));
  const missing = names.filter((_, i) => found[i] === null);
  if (missing.length > 0) {
    throw notFound(`PruneForTargets: Some target nodes not found: ${missing.join(" ")}`);
  }
  return BigUint64Array.from(found as Pointer[]);
}

/** An array of TF_Outputs. */
export function outputsOf(tensors: readonly GraphTensor[]): BigUint64Array {
  return BigUint64Array.from(tensors.flatMap(({ operation, index }) => [operation, BigInt(index)]));
}
