import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import { formatRef, type Graph, type GraphNode, graphOf, type Ref } from "../graph.ts";
import { numberOf, sourceOf } from "./known-number.ts";

/**
 * TF1 models often keep dropout, with a rate that is 0 unless it is fed. Its mask `RandomUniform(shape) >= rate` then holds
 * everywhere, as the numbers lie in [0, 1): it becomes `Fill(shape, true)`.
 * @param feeds tensors that requests provide.
 */
export function skipDropout(graph: Graph, feeds: ReadonlySet<string>): Graph {
  const nodes = [...graph.nodes.values()];
  if (!nodes.some(({ op }) => op === "RandomUniform")) return graph;
  return graphOf(nodes.flatMap((node) => everywhere(graph, node, feeds) ?? [node]));
}

function everywhere(
  graph: Graph,
  node: GraphNode,
  feeds: ReadonlySet<string>,
): readonly GraphNode[] | undefined {
  if (node.op !== "GreaterEqual") return undefined;
  const [numbers, least] = node.inputs as [Ref, Ref];
  if (feeds.has(formatRef(numbers))) return undefined;
  const random = sourceOf(graph, numbers);
  const rate = random?.op === "RandomUniform" ? evaluate(graph, least, feeds) : undefined;
  if (rate === undefined || !(rate <= 0)) return undefined;
  const isTrue = `${node.name}/true`;
  return [
    { name: isTrue, op: "Const", inputs: [], controls: [], attrs: { value: TRUE, dtype: BOOL } },
    {
      ...node,
      op: "Fill",
      inputs: [random!.inputs[0]!, { node: isTrue, index: 0 }],
      attrs: { T: BOOL, index_type: random!.attrs.T! },
    },
  ];
}

const BOOL = create(AttrValueSchema, { value: { case: "type", value: DataType.DT_BOOL } });
const TRUE = create(AttrValueSchema, {
  value: { case: "tensor", value: { dtype: DataType.DT_BOOL, tensorShape: {}, boolVal: [true] } },
});

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  Sub: (a, b) => a - b,
  Add: (a, b) => a + b,
  AddV2: (a, b) => a + b,
  Mul: (a, b) => a * b,
};

/** The number that a short formula of constants gives. */
function evaluate(graph: Graph, ref: Ref, feeds: ReadonlySet<string>): number | undefined {
  if (feeds.has(formatRef(ref))) return undefined;
  const node = graph.nodes.get(ref.node);
  if (node === undefined) return undefined;
  if (node.op === "Const") return numberOf(graph, ref);
  const values = node.inputs.map((input) => evaluate(graph, input, feeds));
  if (!values.every((value) => value !== undefined)) return undefined;
  if (node.op === "Identity" || node.op === "PlaceholderWithDefault") return values[0];
  const compute = ARITHMETIC[node.op];
  return compute && Math.fround(compute(values[0]!, values[1]!));
}
