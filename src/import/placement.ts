import { tableOps } from "../host/tables/table-op.ts";
import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import type { DType } from "../tensor/dtype.ts";
import { isControlFlow } from "./control-flow.ts";
import type { GraphNode, Ref } from "./graph.ts";
import type { HostOps } from "./host-ops.ts";
import { translators } from "./ops/table.ts";
import { isVariableOp, VARIABLE_VALUE } from "./own-ops.ts";
import type { GraphPreparer, PreparedGraph } from "./prepared-graph.ts";
import { isReferenceVariable, isResource } from "./resources.ts";
import { outputTypes } from "./tensor-types.ts";

/** Where a node runs: in an ONNX session, in TypeScript, as part of whatever needs it, or nowhere. */
export type Place = "onnx" | "host" | "constant" | "missing";

const NOT_NUMERIC: ReadonlySet<DType> = new Set(["string", "resource", "variant", "complex64", "complex128"]);

/** What placement depends on beside the graph. */
export interface Placing {
  readonly preparer: Pick<GraphPreparer, "flow">;
  readonly host: HostOps;
  /** What ONNX couldn't express of nodes although it has their op, by their names. */
  readonly refused: ReadonlyMap<string, string>;
}

/**
 * Numeric ops go to ONNX where it can express them, control flow too if all that its functions hold does; all else goes
 * to TypeScript, if that can. @returns the place of each node by its name.
 */
export function placeNodes(prepared: PreparedGraph, placing: Placing): ReadonlyMap<string, Place> {
  const places = placeAlone(prepared, placing);
  const outside = [...prepared.feeds.map((feed) => feed.ref), ...prepared.outputs];
  keepListsTogether(prepared, places, placing, outside);
  return places;
}

function placeAlone(prepared: PreparedGraph, placing: Placing): Map<string, Place> {
  const nodes = [...prepared.graph.nodes.values()];
  return new Map(nodes.map((node) => [node.name, placeOf(prepared, node, placing)]));
}

function placeOf(prepared: PreparedGraph, node: GraphNode, placing: Placing): Place {
  const { op } = node;
  if (op === "Const" || op === VARIABLE_VALUE || isResource(op) || isReferenceVariable(op)) return "constant";
  if (isVariableOp(op) || Object.hasOwn(tableOps, op)) return "host";
  if (!placing.refused.has(node.name)) {
    if (isControlFlow(op)) return isNumericFlow(prepared, node, placing) ? "onnx" : "host";
    if (Object.hasOwn(translators, op) && isNumeric(prepared, node)) return "onnx";
  }
  return placeOutsideOnnx(node, placing);
}

function placeOutsideOnnx({ op }: GraphNode, { host: { hostOps, valueOps } }: Placing): Place {
  return isControlFlow(op) || Object.hasOwn(valueOps, op) || Object.hasOwn(hostOps, op) ? "host" : "missing";
}

function isNumeric({ types }: PreparedGraph, node: GraphNode): boolean {
  if (!hasNumericElements(node)) return false;
  const dtypes = [...node.inputs.map((ref) => types.of(ref)), ...outputTypes(node)];
  return dtypes.every((dtype) => dtype !== undefined && (!NOT_NUMERIC.has(dtype) || dtype === "variant"));
}

/** Of ops on lists, whether the elements are numbers. */
function hasNumericElements(node: GraphNode): boolean {
  const attrs = new Attributes(node.name, node.attrs, opDefinition(node.op));
  return !attrs.has("element_dtype") || !NOT_NUMERIC.has(attrs.dtype("element_dtype"));
}

/** Whether ONNX covers all that the functions of a node hold: nothing in them has an effect, or is no number. */
function isNumericFlow(prepared: PreparedGraph, node: GraphNode, placing: Placing): boolean {
  const { flow, args, functions } = placing.preparer.flow(prepared, node);
  const isCarried = (dtype: DType | undefined) =>
    dtype !== undefined && (dtype === "variant" || !NOT_NUMERIC.has(dtype));
  const inputs = args.every((arg) => arg.kind === "bound" || isCarried(arg.dtype));
  if (!inputs || (flow.kind === "branch" && !isCarried(prepared.types.of(flow.selector)))) return false;
  return functions.every((inner) => {
    if (flow.kind === "branch" && !inner.outputs.every((ref) => isCarried(inner.types.of(ref)))) return false;
    const places = placeAlone(inner, placing);
    // Lists may come from the graph around it and go back there.
    keepListsTogether(inner, places, placing, []);
    return [...places.values()].every((place) => place === "onnx" || place === "constant");
  });
}

/**
 * A list is a tensor in ONNX and an object in TypeScript: what handles one handles it in the same place. Nodes are moved
 * out of ONNX where others that handle the same lists aren't in it.
 * @param outside tensors that come from elsewhere or go there.
 */
function keepListsTogether(
  { graph, types }: PreparedGraph,
  places: Map<string, Place>,
  placing: Placing,
  outside: readonly Ref[],
): void {
  const groups = new Map<string, Set<string>>();
  const groupOf = (name: string): Set<string> => {
    const known = groups.get(name) ?? new Set([name]);
    groups.set(name, known);
    return known;
  };
  const join = (a: string, b: string): void => {
    const [one, other] = [groupOf(a), groupOf(b)];
    if (one === other) return;
    for (const name of other) {
      one.add(name);
      groups.set(name, one);
    }
  };
  const isList = (ref: Ref) => types.of(ref) === "variant";
  for (const node of graph.nodes.values()) {
    for (const ref of node.inputs) if (isList(ref)) join(node.name, ref.node);
  }
  const elsewhere = new Set(outside.filter(isList).map((ref) => ref.node));
  for (const group of new Set(groups.values())) {
    if ([...group].every((name) => !elsewhere.has(name) && (places.get(name) ?? "onnx") === "onnx")) continue;
    for (const name of group) {
      if (places.get(name) === "onnx") places.set(name, placeOutsideOnnx(graph.nodes.get(name)!, placing));
    }
  }
}
