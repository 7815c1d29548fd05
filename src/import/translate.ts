import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import { asStatusError, Code, invalidArgument, StatusError, unimplemented } from "../status/status.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { NumericTensor } from "../tensor/tensor.ts";
import { formatRef, type Graph, type GraphNode, type Ref } from "./graph.ts";
import { OnnxBuilder, type OnnxGraph } from "./onnx/builder.ts";
import type { Dim, Value } from "./onnx/value.ts";
import { translators } from "./ops/table.ts";
import { VARIABLE_VALUE } from "./own-ops.ts";

/** The value of a variable as the checkpoint holds it. */
export type VariableData = NumericVariable | StringVariable;

interface NumericVariable {
  readonly dtype: NumericTensor["dtype"];
  readonly shape: Shape;
  readonly read: (target: Uint8Array) => void;
}

interface StringVariable {
  readonly dtype: "string";
  readonly shape: Shape;
  readonly strings: () => readonly Uint8Array[];
}

/** Finds a variable's value by the name of its node. Throws a StatusError if the checkpoint lacks it. */
export type Variables = (node: string) => VariableData;

/** A tensor that requests provide. */
export interface Feed {
  /** The name of the ONNX graph's input. */
  readonly name: string;
  readonly ref: Ref;
  readonly dtype: DType;
  readonly shape: readonly number[] | undefined;
}

/** A use of an op that its translator can't express: UNIMPLEMENTED. */
export class NodeRefusal extends StatusError {
  readonly node: GraphNode;

  constructor(node: GraphNode, { message }: StatusError) {
    super(Code.UNIMPLEMENTED, `Op ${node.op} (node ${node.name}): ${message}`);
    this.node = node;
  }
}

export interface Translation {
  readonly graph: OnnxGraph;
  /** One value per requested output. */
  readonly outputs: readonly Value[];
}

/**
 * Translates a region to ONNX: nodes whose ops all have translators, constants and variables among them, in topological
 * order.
 * @throws StatusError UNIMPLEMENTED that names the node whose use of its op can't be expressed.
 */
export function translate(
  graph: Graph,
  feeds: readonly Feed[],
  outputs: readonly Ref[],
  variables: Variables,
): Translation {
  const onnx = new OnnxBuilder();
  const values = new Map<string, Value>();
  for (const feed of feeds) {
    const shape = feed.shape?.map((dim): Dim => (dim < 0 ? onnx.fresh() : dim));
    values.set(formatRef(feed.ref), onnx.input(feed.name, feed.dtype, shape));
  }
  const find = (ref: Ref): Value => {
    const value = values.get(formatRef(ref));
    if (value === undefined)
      throw invalidArgument(`The graph refers to the tensor ${formatRef(ref)}, which it lacks`);
    return value;
  };
  for (const node of graph.nodes.values()) {
    onnx.enter(node.name);
    // A node whose every wanted output is fed was pruned; one that is only partly fed keeps the fed values.
    for (const [index, value] of translateNode(node, node.inputs.map(find), onnx, variables).entries()) {
      const key = formatRef({ node: node.name, index });
      if (!values.has(key)) values.set(key, value);
    }
  }
  const results = outputs.map(find);
  return { graph: onnx.finish(results), outputs: results };
}

function translateNode(
  node: GraphNode,
  inputs: readonly Value[],
  onnx: OnnxBuilder,
  variables: Variables,
): readonly Value[] {
  const attrs = new Attributes(node.name, node.attrs, opDefinition(node.op));
  if (node.op === VARIABLE_VALUE) return [variableValue(attrs.string("variable"), onnx, variables)];
  try {
    const result = translators[node.op]!({ name: node.name, op: node.op, inputs, attrs }, onnx);
    return Array.isArray(result) ? result : [result as Value];
  } catch (error) {
    const status = asStatusError(error);
    if (status.code !== Code.UNIMPLEMENTED) throw error;
    throw new NodeRefusal(node, status);
  }
}

function variableValue(name: string, onnx: OnnxBuilder, variables: Variables): Value {
  const variable = variables(name);
  if (variable.dtype === "string") throw unimplemented("strings can't be part of a numeric graph");
  return onnx.weight(name, variable.dtype, variable.shape, variable.read);
}
