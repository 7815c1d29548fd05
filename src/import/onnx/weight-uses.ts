import type { WeightUse } from "../../engines/engine.ts";
import type { OnnxGraph } from "./builder.ts";
import { type OnnxNode, subgraphsOf } from "./value.ts";

/** Inputs that ONNX Runtime's CPU kernels read where they lie, whatever its optimizer makes of the node. */
const IN_PLACE: Readonly<Record<string, readonly number[]>> = {
  Gather: [0],
  GatherND: [0],
  GatherElements: [0],
};

/** Inputs that they bring into a layout of their own first, which sessions can share. */
const PACKED: Readonly<Record<string, readonly number[]>> = {
  MatMul: [1],
  Gemm: [1],
  LSTM: [1, 2],
  GRU: [1, 2],
};

/** @param isInside whether the node belongs to a subgraph, where layouts aren't shared. */
function useBy({ op }: OnnxNode, position: number, isInside: boolean): WeightUse {
  if (IN_PLACE[op]?.includes(position)) return "in place";
  return !isInside && PACKED[op]?.includes(position) ? "packed" : "own";
}

/** How a graph's nodes use each of its initializers; for one that several use, what shares the least. */
export function weightUses(graph: OnnxGraph): ReadonlyMap<string, WeightUse> {
  const uses = new Map<string, WeightUse>();
  const look = (nodes: readonly OnnxNode[], isInside: boolean): void => {
    for (const node of nodes) {
      for (const [position, name] of node.inputs.entries()) {
        if (!graph.initializers.has(name)) continue;
        const [before, now] = [uses.get(name), useBy(node, position, isInside)];
        uses.set(name, before === undefined || before === now ? now : "own");
      }
      for (const [, subgraph] of subgraphsOf(node)) look(subgraph.nodes, true);
    }
  };
  look(graph.nodes, false);
  return uses;
}
