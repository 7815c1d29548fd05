import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { protoOfTensor } from "../tensor/tensor-proto.ts";
import { type GraphNode, graphOf } from "./graph.ts";
import type { PreparedGraph } from "./prepared-graph.ts";
import type { Program, Step } from "./program.ts";

/**
 * A function's graph with constants in the place of some of what it is fed.
 * @param known of each feed the value, if that is the same in every run.
 */
export function withKnownFeeds(
  prepared: PreparedGraph,
  known: readonly (Tensor | undefined)[],
): PreparedGraph {
  const constants = prepared.feeds.flatMap(({ ref }, i) => {
    const tensor = known[i];
    return tensor === undefined ? [] : [constantNode(ref.node, tensor)];
  });
  if (constants.length === 0) return prepared;
  return {
    ...prepared,
    graph: graphOf([...constants, ...prepared.graph.nodes.values()]),
    feeds: prepared.feeds.filter((_, i) => known[i] === undefined),
  };
}

function constantNode(name: string, tensor: Tensor): GraphNode {
  const value = protoOfTensor(tensor, true);
  const attrs = {
    value: create(AttrValueSchema, { value: { case: "tensor", value } }),
    dtype: create(AttrValueSchema, { value: { case: "type", value: value.dtype } }),
  };
  return { name, op: "Const", inputs: [], controls: [], attrs };
}

/**
 * A program's steps as part of another program.
 * @param inputs the registers of the other program that hold the inputs.
 * @param first the first of the other's registers that is free.
 */
export function moved(program: Program, inputs: readonly number[], first: number): Program {
  const at = (register: number): number => inputs[register] ?? first + register - inputs.length;
  return {
    registerCount: first + program.registerCount - inputs.length,
    constants: program.constants.map(({ register, tensor }) => ({ register: at(register), tensor })),
    steps: program.steps.map(
      (step): Step => ({ ...step, inputs: step.inputs.map(at), outputs: step.outputs.map(at) }),
    ),
    outputs: program.outputs.map(at),
  };
}
