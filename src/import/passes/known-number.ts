import { tensorFromProto } from "../../tensor/tensor-proto.ts";
import type { Graph, GraphNode, Ref } from "../graph.ts";

/** The node that computes a tensor, behind those that only hand it on. */
export function sourceOf(graph: Graph, ref: Ref): GraphNode | undefined {
  const node = graph.nodes.get(ref.node);
  return node?.op === "Identity" ? sourceOf(graph, node.inputs[0]!) : node;
}

/** The one element of a constant. */
export function numberOf(graph: Graph, ref: Ref): number | undefined {
  const value = sourceOf(graph, ref);
  if (value?.op !== "Const" || value.attrs.value?.value.case !== "tensor") return undefined;
  const { dtype, data } = tensorFromProto(value.attrs.value.value.value);
  return dtype !== "string" && data.length === 1 ? Number(data[0]) : undefined;
}
