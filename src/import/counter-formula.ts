import { create } from "@bufbuild/protobuf";
import { type CounterFormula, isCounterOp } from "../host/math/counters.ts";
import { AttrValueSchema } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { PartialShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { formatOrigin, formatRef, type GraphNode, type Ref } from "./graph.ts";
import { COUNTERS } from "./own-ops.ts";
import type { HostStep } from "./program.ts";
import type { TensorTypes } from "./tensor-types.ts";

/** Some nodes of a graph and what is known of what they read. */
export interface CountingNodes {
  /** In topological order. */
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly Ref[];
  readonly types: Pick<TensorTypes, "of">;
  /** What a tensor that comes from elsewhere is: a constant's value, or what is known of a shape. */
  readonly source: (ref: Ref) => { readonly constant: Tensor | undefined; readonly shape: PartialShape };
}

/** A formula, and the tensors that it reads. */
export interface Counting {
  readonly formula: CounterFormula;
  readonly inputs: readonly Ref[];
}

/** What nodes do that only count and compare: undefined if they do more, or less, or not with int32 and bool scalars alone. */
export function countingOf({ nodes, outputs, types, source }: CountingNodes): Counting | undefined {
  const isCounted = (ref: Ref): boolean => ["int32", "bool"].includes(types.of(ref) ?? "");
  const result = ({ name }: GraphNode): Ref => ({ node: name, index: 0 });
  if (!nodes.every((node) => isCounterOp(node.op) && [result(node), ...node.inputs].every(isCounted)))
    return undefined;
  // What is only handed on takes no step at all.
  if (nodes.every(({ op }) => op === "Identity")) return undefined;
  const made = new Set(nodes.map((node) => formatRef(result(node))));
  const outside = new Map(
    nodes
      .flatMap((node) => node.inputs.map((ref) => [formatRef(ref), ref] as const))
      .filter(([key]) => !made.has(key)),
  );
  const inputs: Ref[] = [];
  const constants: { readonly key: string; readonly value: number }[] = [];
  for (const [key, ref] of outside) {
    const { constant, shape } = source(ref);
    if ((constant?.shape ?? shape)?.length !== 0) return undefined;
    if (constant === undefined) inputs.push(ref);
    else constants.push({ key, value: Number(constant.data[0]) });
  }
  const order = [
    ...inputs.map(formatRef),
    ...constants.map(({ key }) => key),
    ...nodes.map((node) => formatRef(result(node))),
  ];
  const slots = new Map(order.map((key, slot) => [key, slot]));
  const slotOf = (ref: Ref): number => slots.get(formatRef(ref))!;
  return {
    inputs,
    formula: {
      constants: constants.map(({ value }) => value),
      steps: nodes.map(({ op, inputs: from }) => ({ op, inputs: from.map(slotOf) })),
      outputs: outputs.map((ref) => ({ slot: slotOf(ref), dtype: types.of(ref) as "int32" | "bool" })),
    },
  };
}

/** The step that runs a formula in the place of nodes, the first of which is `node`; where it reads and writes is left open. */
export function countingStep(node: GraphNode, { formula }: Counting): Omit<HostStep, "inputs" | "outputs"> {
  const s = new TextEncoder().encode(JSON.stringify(formula));
  return {
    kind: "host",
    op: COUNTERS,
    name: `${node.name}/counters`,
    origin: formatOrigin(node),
    attrs: { formula: create(AttrValueSchema, { value: { case: "s", value: s } }) },
    effect: false,
  };
}
