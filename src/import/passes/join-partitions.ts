import { create } from "@bufbuild/protobuf";
import { type AttrValue, AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { formatRef, type Graph, type GraphNode, graphOf, type Ref } from "../graph.ts";
import { PARTITIONED_GATHER, RESOURCE_GATHER_VALUE, VARIABLE_VALUE } from "../own-ops.ts";
import { numberOf, sourceOf } from "./known-number.ts";

/**
 * TF1 keeps large embeddings in several variables. `tf.nn.embedding_lookup` parts the ids by the variable that has their
 * rows, gathers from each, and stitches the rows together in the ids' order: some seventy nodes, which become one
 * {@link PARTITIONED_GATHER}. The nodes that nobody reads any more are left for pruning.
 */
export function joinPartitions(graph: Graph): Graph {
  const nodes = [...graph.nodes.values()];
  if (!nodes.some(({ op }) => op === "DynamicPartition")) return graph;
  return graphOf(nodes.map((node) => joined(graph, node) ?? node));
}

function joined(graph: Graph, stitch: GraphNode): GraphNode | undefined {
  const { op, inputs } = stitch;
  if (op !== "DynamicStitch" && op !== "ParallelDynamicStitch") return undefined;
  const count = inputs.length / 2;
  const positions = partition(graph, inputs.slice(0, count));
  if (positions === undefined || !isCount(graph, positions.data)) return undefined;
  const gathers = inputs.slice(count).map((ref) => gatherOf(graph, ref));
  if (!gathers.every((gather) => gather !== undefined)) return undefined;
  const ids = partition(
    graph,
    gathers.map(({ indices }) => indices),
  );
  if (ids === undefined || formatRef(ids.by) !== formatRef(positions.by)) return undefined;
  return {
    name: stitch.name,
    op: PARTITIONED_GATHER,
    inputs: [ids.data, ids.by, ...gathers.map(({ params }) => params)],
    controls: stitch.controls,
    attrs: { T: stitch.attrs.T!, Tindices: ids.type, N: int(count) },
  };
}

interface Partition {
  readonly data: Ref;
  /** The number of the part that each element goes to. */
  readonly by: Ref;
  readonly type: AttrValue;
}

/** What was parted, if these are all parts of it in order. */
function partition(graph: Graph, parts: readonly Ref[]): Partition | undefined {
  const node = graph.nodes.get(parts[0]?.node ?? "");
  if (node?.op !== "DynamicPartition" || Number(node.attrs.num_partitions?.value.value) !== parts.length) {
    return undefined;
  }
  if (!parts.every(({ node: name, index }, i) => name === node.name && index === i)) return undefined;
  const [data, by] = node.inputs as [Ref, Ref];
  return { data, by, type: node.attrs.T! };
}

/** Whether it is 0, 1, 2 and so on. */
function isCount(graph: Graph, ref: Ref): boolean {
  const range = sourceOf(graph, ref);
  if (range?.op !== "Range") return false;
  return numberOf(graph, range.inputs[0]!) === 0 && numberOf(graph, range.inputs[2]!) === 1;
}

/** Rows of a variable or constant. */
function gatherOf(graph: Graph, ref: Ref): { readonly params: Ref; readonly indices: Ref } | undefined {
  const node = sourceOf(graph, ref);
  if (node === undefined || Number(node.attrs.batch_dims?.value.value ?? 0) !== 0) return undefined;
  const isFirstAxis =
    node.op === "Gather" ||
    node.op === RESOURCE_GATHER_VALUE ||
    (node.op === "GatherV2" && numberOf(graph, node.inputs[2]!) === 0);
  const [params, indices] = node.inputs;
  const source = params && sourceOf(graph, params)?.op;
  if (!isFirstAxis || (source !== VARIABLE_VALUE && source !== "Const")) return undefined;
  return { params: params!, indices: indices! };
}

function int(value: number): AttrValue {
  return create(AttrValueSchema, { value: { case: "i", value: BigInt(value) } });
}
