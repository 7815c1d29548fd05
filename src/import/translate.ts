import type { BundleRef } from "../formats/saved-model/variable-keys.ts";
import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import {
  asStatusError,
  Code,
  internal,
  invalidArgument,
  StatusError,
  unimplemented,
} from "../status/status.ts";
import type { Shape } from "../tensor/shape.ts";
import type { NumericTensor } from "../tensor/tensor.ts";
import { isControlFlow } from "./control-flow.ts";
import { type Feed, formatRef, type Graph, type GraphNode, type Ref } from "./graph.ts";
import { OnnxBuilder, type OnnxGraph } from "./onnx/builder.ts";
import { foldNormalizations } from "./onnx/fold-normalization.ts";
import type { Dim, Value } from "./onnx/value.ts";
import { translators } from "./ops/table.ts";
import { VARIABLE_VALUE } from "./own-ops.ts";
import type { PreparedFlow, PreparedGraph } from "./prepared-graph.ts";
import { isReferenceVariable, isResource } from "./resources.ts";
import { translateFlow } from "./translate-flow.ts";

/** The value of a variable as the checkpoint holds it. */
export type VariableData = NumericVariable | StringVariable;

interface NumericVariable {
  readonly dtype: NumericTensor["dtype"];
  readonly shape: Shape;
  readonly read: (target: Uint8Array) => void;
  /** What of the checkpoint `read` gives; undefined if it is something else. */
  readonly stored?: BundleRef;
}

interface StringVariable {
  readonly dtype: "string";
  readonly shape: Shape;
  readonly strings: () => readonly Uint8Array[];
}

/** Finds a variable's value by the name of its node. Throws a StatusError if the checkpoint lacks it. */
export type Variables = (node: string) => VariableData;

/** Finds the functions of a control flow node of a graph. */
export type Flows = (within: PreparedGraph, node: GraphNode) => PreparedFlow;

/** A use of an op that its translator can't express: UNIMPLEMENTED. */
export class NodeRefusal extends StatusError {
  /** The node, and the control flow nodes in whose functions it lies, the innermost first. */
  readonly nodes: readonly GraphNode[];

  constructor(nodes: readonly GraphNode[], message: string) {
    super(Code.UNIMPLEMENTED, message);
    this.nodes = nodes;
  }

  /** What was thrown while a node was translated. */
  static of(node: GraphNode, error: unknown): unknown {
    if (error instanceof NodeRefusal) return new NodeRefusal([...error.nodes, node], error.message);
    const { code, message } = asStatusError(error);
    if (code !== Code.UNIMPLEMENTED) return error;
    return new NodeRefusal([node], `Op ${node.op} (node ${node.name}): ${message}`);
  }
}

export interface Translation {
  readonly graph: OnnxGraph;
  /** One value per requested output. */
  readonly outputs: readonly Value[];
}

/** Part of a prepared graph. */
export interface GraphPart {
  /** Nodes that ONNX covers, constants and variables among them, in topological order. */
  readonly graph: Graph;
  readonly feeds: readonly Feed[];
  readonly outputs: readonly Ref[];
  /** What it is part of. */
  readonly within: PreparedGraph;
}

/**
 * Translates a region to ONNX.
 * @param refusesUnknownRanks as of {@link OnnxBuilder}.
 * @throws StatusError UNIMPLEMENTED that names the node whose use of its op can't be expressed.
 */
export function translate(
  part: GraphPart,
  variables: Variables,
  flows: Flows,
  refusesUnknownRanks = false,
): Translation {
  const onnx = new OnnxBuilder(refusesUnknownRanks);
  const values = new Map<string, Value>();
  for (const feed of part.feeds) {
    const shape = feed.shape?.map((dim): Dim => (dim < 0 ? onnx.fresh() : dim));
    values.set(formatRef(feed.ref), onnx.input(feed.name, feed.dtype, shape));
  }
  const translation = new GraphTranslation(onnx, variables, flows);
  translation.add(part.graph, part.within, values);
  const outputs = part.outputs.map((ref) => found(values, ref));
  return { graph: foldNormalizations(onnx.finish(outputs), outputs), outputs };
}

class GraphTranslation {
  readonly #onnx: OnnxBuilder;
  readonly #variables: Variables;
  readonly #flows: Flows;

  constructor(onnx: OnnxBuilder, variables: Variables, flows: Flows) {
    this.#onnx = onnx;
    this.#variables = variables;
    this.#flows = flows;
  }

  /** @param values those that are known, to which the nodes' are added. */
  add(graph: Graph, within: PreparedGraph, values: Map<string, Value>): void {
    for (const node of graph.nodes.values()) {
      // Functions are given what is bound to their arguments.
      if (isResource(node.op) || isReferenceVariable(node.op) || isBound(node, values)) continue;
      this.#onnx.enter(node.name);
      // A node whose every wanted output is fed was pruned; one that is only partly fed keeps the fed values.
      for (const [index, value] of this.#translateNode(node, within, values).entries()) {
        const key = formatRef({ node: node.name, index });
        if (value !== undefined && !values.has(key)) values.set(key, value);
      }
    }
  }

  #translateNode(
    node: GraphNode,
    within: PreparedGraph,
    values: ReadonlyMap<string, Value>,
  ): readonly (Value | undefined)[] {
    const attrs = new Attributes(node.name, node.attrs, opDefinition(node.op));
    if (node.op === VARIABLE_VALUE) return [this.#variableValue(attrs.string("variable"))];
    try {
      if (isControlFlow(node.op)) return this.#translateFlow(node, within, values);
      const inputs = node.inputs.map((ref) => found(values, ref));
      const result = translators[node.op]!({ name: node.name, op: node.op, inputs, attrs }, this.#onnx);
      return Array.isArray(result) ? result : [result as Value];
    } catch (error) {
      throw NodeRefusal.of(node, error);
    }
  }

  /** Undefined stand for what a loop hands on that has no value here. */
  #translateFlow(
    node: GraphNode,
    within: PreparedGraph,
    values: ReadonlyMap<string, Value>,
  ): readonly (Value | undefined)[] {
    const prepared = this.#flows(within, node);
    // Resources and strings are bound in the functions, and have no value here.
    const inputs = prepared.flow.inputs.map((ref) => values.get(formatRef(ref)));
    const selector = prepared.flow.kind === "branch" ? found(values, prepared.flow.selector) : undefined;
    return translateFlow(prepared, selector, inputs, this.#onnx, (which, args, wanted) =>
      this.#call(prepared, which, args, wanted),
    );
  }

  /** Adds the nodes of a function. */
  #call(
    { args, functions }: PreparedFlow,
    which: number,
    given: readonly (Value | undefined)[],
    wanted: readonly number[] | undefined,
  ): readonly Value[] {
    const body = functions[which]!;
    const values = new Map<string, Value>();
    let fed = 0;
    for (const [i, arg] of args.entries()) {
      const ref = arg.kind === "bound" ? { node: arg.node.name, index: 0 } : body.feeds[fed++]!.ref;
      const value = given[i];
      if (value !== undefined) values.set(formatRef(ref), value);
    }
    this.add(body.graph, body, values);
    const outputs = wanted === undefined ? body.outputs : wanted.map((i) => body.outputs[i]!);
    return outputs.map((ref) => found(values, ref));
  }

  #variableValue(name: string): Value {
    const variable = this.#variables(name);
    if (variable.dtype === "string") throw unimplemented("strings can't be part of a numeric graph");
    return this.#onnx.weight({ ...variable, name });
  }
}

function isBound(node: GraphNode, values: ReadonlyMap<string, Value>): boolean {
  return (node.op === "Const" || node.op === VARIABLE_VALUE) && values.has(`${node.name}:0`);
}

function found(values: ReadonlyMap<string, Value>, ref: Ref): Value {
  const value = values.get(formatRef(ref));
  if (value === undefined) {
    throw invalidArgument(`The graph refers to the tensor ${formatRef(ref)}, which it lacks`);
  }
  return value;
}

/** The functions of control flow, for graphs that have none. */
export function noFlows(_: PreparedGraph, node: GraphNode): never {
  throw internal(`No functions are known for the node ${node.name}`);
}
