import type { TableForm } from "../host/tables/table.ts";
import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import type { PartialShape } from "../tensor/shape.ts";
import type { GraphNode } from "./graph.ts";

/** Whether it is made from keys that no entry may have. */
export function isDenseTable({ op }: GraphNode): boolean {
  return op.startsWith("MutableDense");
}

/**
 * What a table's node says of what it holds.
 * @param emptyKey what is known of the shape of a dense table's first input, a key.
 */
export function tableForm(table: GraphNode, emptyKey: PartialShape): TableForm {
  const attrs = new Attributes(table.name, table.attrs, opDefinition(table.op));
  const isDense = isDenseTable(table);
  const hasShapedValues = isDense || table.op.includes("OfTensors");
  return {
    keyRank: isDense ? emptyKey?.length : 0,
    valueShape: hasShapedValues ? attrs.shape("value_shape") : [],
  };
}
