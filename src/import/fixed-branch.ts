import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { protoOfTensor } from "../tensor/tensor-proto.ts";
import { freeInputs } from "./control-flow.ts";
import { formatRef, type GraphNode, graphOf, type Ref } from "./graph.ts";
import { hasEffect, prune } from "./passes/prune.ts";
import type { PreparedFlow, PreparedGraph } from "./prepared-graph.ts";
import { TensorTypes } from "./tensor-types.ts";

/** A branch that is taken in every run. */
export interface FixedChoice {
  /** The control flow node. */
  readonly node: GraphNode;
  readonly flow: PreparedFlow;
  /** Which of its functions. */
  readonly which: number;
  /** Of each input that is a tensor the value, if that is the same in every run. */
  readonly known: readonly (Tensor | undefined)[];
}

/** A graph with a branch in the place of the node that chose it. */
export interface InlinedBranch {
  readonly prepared: PreparedGraph;
  /** What a tensor of the graph is called now. */
  readonly moved: (ref: Ref) => Ref;
}

/**
 * Puts the nodes of a branch where the choice was, so that they run together with those around them. What it is given that
 * is known is a constant to it.
 */
export function withChosenBranch(prepared: PreparedGraph, choice: FixedChoice): InlinedBranch {
  const { node, flow, which, known } = choice;
  const branch = flow.functions[which]!;
  const inputs = freeInputs(flow.flow.inputs, flow.args);
  const constants: GraphNode[] = [];
  const given = new Map(
    branch.feeds.map(({ ref }, i) => {
      const tensor = known[i];
      if (tensor === undefined) return [formatRef(ref), inputs[i]!];
      constants.push(constantNode(ref.node, tensor));
      return [formatRef(ref), ref];
    }),
  );
  const inside = (ref: Ref): Ref => given.get(formatRef(ref)) ?? ref;
  const moved = (ref: Ref): Ref => (ref.node === node.name ? inside(branch.outputs[ref.index]!) : ref);

  const { nodes } = prepared.graph;
  // What is bound to arguments is there already.
  const own = [...branch.graph.nodes.values()].filter(({ name }) => !nodes.has(name));
  const names = own.map(({ name }) => name);
  const inlined = own.map((inner) => ({
    ...inner,
    inputs: inner.inputs.map(inside),
    controls: [...inner.controls, ...node.controls],
  }));
  const merged = [...nodes.values()].flatMap((other) => {
    if (other.name === node.name) return [...constants, ...inlined];
    const controls = other.controls.flatMap((name) =>
      name === node.name ? [...names, ...node.controls] : [name],
    );
    return [{ ...other, inputs: other.inputs.map(moved), controls }];
  });
  const outputs = prepared.outputs.map(moved);
  const fed = new Set(prepared.feeds.map((feed) => formatRef(feed.ref)));
  const effects = merged.filter(hasEffect).map(({ name }) => name);
  const graph = prune(graphOf(merged), outputs, fed, effects);
  return { prepared: { ...prepared, graph, outputs, types: new TensorTypes(graph, prepared.feeds) }, moved };
}

function constantNode(name: string, tensor: Tensor): GraphNode {
  const value = protoOfTensor(tensor, true);
  const attrs = {
    value: create(AttrValueSchema, { value: { case: "tensor", value } }),
    dtype: create(AttrValueSchema, { value: { case: "type", value: value.dtype } }),
  };
  return { name, op: "Const", inputs: [], controls: [], attrs };
}
