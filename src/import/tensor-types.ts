import { Attributes } from "../registry/attributes.ts";
import { argumentTypes, opDefinition } from "../registry/op-registry.ts";
import type { DType } from "../tensor/dtype.ts";
import { formatRef, type Graph, type GraphNode, type Ref } from "./graph.ts";
import { ownOps } from "./own-ops.ts";

/** The dtype of each of a node's outputs. */
export function outputTypes(node: GraphNode): readonly DType[] {
  const definition = ownOps[node.op] ?? opDefinition(node.op);
  const attrs = new Attributes(node.name, node.attrs, definition);
  return definition === undefined ? [] : argumentTypes(definition.out, attrs);
}

/** The dtype of every tensor of a graph. */
export class TensorTypes {
  readonly #types = new Map<string, DType>();

  constructor(graph: Graph, feeds: Iterable<{ readonly ref: Ref; readonly dtype: DType }>) {
    for (const node of graph.nodes.values()) {
      for (const [index, dtype] of outputTypes(node).entries()) {
        this.#types.set(formatRef({ node: node.name, index }), dtype);
      }
    }
    for (const { ref, dtype } of feeds) this.#types.set(formatRef(ref), dtype);
  }

  of(ref: Ref): DType | undefined {
    return this.#types.get(formatRef(ref));
  }
}
