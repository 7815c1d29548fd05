import { tableOps } from "../host/tables/table-op.ts";
import type { DType } from "../tensor/dtype.ts";
import { isControlFlow } from "./control-flow.ts";
import type { GraphNode } from "./graph.ts";
import type { HostOps } from "./host-ops.ts";
import { translators } from "./ops/table.ts";
import { isVariableOp, VARIABLE_VALUE } from "./own-ops.ts";
import { isReferenceVariable, isResource } from "./resources.ts";
import { outputTypes, type TensorTypes } from "./tensor-types.ts";

/** Where a node runs: in an ONNX session, in TypeScript, as part of whatever needs it, or nowhere. */
export type Place = "onnx" | "host" | "constant" | "missing";

const NOT_NUMERIC: ReadonlySet<DType> = new Set(["string", "resource", "variant", "complex64", "complex128"]);

/** What placement depends on beside the graph. */
export interface Placing {
  readonly host: HostOps;
  /** Names of nodes that have no form in ONNX although their op has. */
  readonly refused: ReadonlySet<string>;
}

/** Numeric ops go to ONNX where it can express them; all else to TypeScript, if that can. */
export function placeOf(node: GraphNode, types: TensorTypes, { host, refused }: Placing): Place {
  const { op } = node;
  const { hostOps, valueOps } = host;
  if (op === "Const" || op === VARIABLE_VALUE || isResource(op) || isReferenceVariable(op)) return "constant";
  if (isVariableOp(op) || isControlFlow(op) || Object.hasOwn(valueOps, op) || Object.hasOwn(tableOps, op))
    return "host";
  if (Object.hasOwn(translators, op) && isNumeric(node, types) && !refused.has(node.name)) return "onnx";
  return Object.hasOwn(hostOps, op) ? "host" : "missing";
}

function isNumeric(node: GraphNode, types: TensorTypes): boolean {
  return [...node.inputs.map((ref) => types.of(ref)), ...outputTypes(node)].every(
    (dtype) => dtype !== undefined && !NOT_NUMERIC.has(dtype),
  );
}
