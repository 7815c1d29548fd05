import { fromBinary } from "@bufbuild/protobuf";
import { type GraphProto, ModelProtoSchema } from "../../src/proto/gen/onnx/onnx_pb.ts";

export interface NodeCount {
  readonly nodes: number;
  readonly transposes: number;
}

/** Counts the nodes of a serialized model, those of the graphs that Ifs and Loops hold among them. */
export function countNodes(model: Uint8Array): NodeCount {
  const ops = opsOf(fromBinary(ModelProtoSchema, model).graph);
  return { nodes: ops.length, transposes: ops.filter((op) => op === "Transpose").length };
}

function opsOf(graph: GraphProto | undefined): readonly string[] {
  return (graph?.node ?? []).flatMap((node) => [
    node.opType,
    ...node.attribute.flatMap((attribute) => [attribute.g, ...attribute.graphs].flatMap(opsOf)),
  ]);
}

export function addCounts(counts: readonly NodeCount[]): NodeCount {
  return counts.reduce(
    (sum, { nodes, transposes }) => ({
      nodes: sum.nodes + nodes,
      transposes: sum.transposes + transposes,
    }),
    { nodes: 0, transposes: 0 },
  );
}
