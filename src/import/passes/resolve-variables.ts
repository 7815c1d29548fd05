import { create } from "@bufbuild/protobuf";
import { type AttrValue, AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import { isControlFlow } from "../control-flow.ts";
import { formatRef, type Graph, type GraphNode, graphOf, type Ref } from "../graph.ts";
import {
  RESOURCE_GATHER_VALUE,
  VARIABLE_ASSIGN,
  VARIABLE_INITIALIZED,
  VARIABLE_READ,
  VARIABLE_VALUE,
} from "../own-ops.ts";
import { isReferenceVariable } from "../resources.ts";
import { namedType, variableUpdates } from "./variable-updates.ts";

/** TF2's ops that read a variable: what is computed from its value, in the place of the resource. */
const READERS: Readonly<Record<string, string>> = {
  ResourceGather: RESOURCE_GATHER_VALUE,
  ResourceGatherNd: "GatherNd",
  VariableShape: "Shape",
};
const INITIALIZED = new Set(["VarIsInitializedOp", "IsVariableInitialized"]);

const TRUE = create(AttrValueSchema, {
  value: { case: "tensor", value: { dtype: DataType.DT_BOOL, tensorShape: {}, boolVal: [true] } },
});

export interface Resolved {
  readonly graph: Graph;
  readonly outputs: readonly Ref[];
}

/**
 * Puts values in the place of variables. Those that no request changes become {@link VARIABLE_VALUE} nodes; of the others,
 * reads become {@link VARIABLE_READ} nodes, and updates become ops on what was read, followed by {@link VARIABLE_ASSIGN}.
 * @param outputs tensors of the graph; what they are afterwards is returned.
 * @param mutable the names of the variables that requests change.
 */
export function resolveVariables(
  graph: Graph,
  outputs: readonly Ref[],
  mutable: ReadonlySet<string>,
): Resolved {
  const resolution = new Resolution(graph, mutable);
  for (const node of graph.nodes.values()) resolution.add(node);
  return resolution.finish(outputs);
}

/** The variable that a handle or a reference leads to. */
export function variableOf(graph: Graph, ref: Ref | undefined): GraphNode | undefined {
  for (let node = ref && graph.nodes.get(ref.node); node !== undefined; ) {
    if (node.op === "VarHandleOp" || isReferenceVariable(node.op)) return node;
    const handsOn = node.op === "Identity" || node.op === "RefIdentity" || givesReference(node.op);
    const from: Ref | undefined = handsOn ? node.inputs[0] : undefined;
    node = from && graph.nodes.get(from.node);
  }
  return undefined;
}

/** Whether what the op gives is the variable that it updates. */
function givesReference(op: string): boolean {
  return variableUpdates[op]?.gives === "assigned";
}

class Resolution {
  readonly #graph: Graph;
  readonly #mutable: ReadonlySet<string>;
  readonly #nodes: GraphNode[] = [];
  readonly #moved = new Map<string, Ref>();

  constructor(graph: Graph, mutable: ReadonlySet<string>) {
    this.#graph = graph;
    this.#mutable = mutable;
  }

  finish(outputs: readonly Ref[]): Resolved {
    const { inputs } = this.#readReferences({
      name: "outputs",
      op: "",
      inputs: outputs,
      controls: [],
      attrs: {},
    });
    const resolve = (ref: Ref): Ref => this.#moved.get(formatRef(ref)) ?? ref;
    const nodes = this.#nodes.map((node) => ({ ...node, inputs: node.inputs.map(resolve) }));
    return { graph: graphOf(nodes), outputs: inputs.map(resolve) };
  }

  add(node: GraphNode): void {
    const { op, name } = node;
    const update = variableUpdates[op];
    const target = update && variableOf(this.#graph, node.inputs[0]);
    if (target !== undefined) this.#addUpdate(node, target);
    else if (isReferenceVariable(op)) {
      this.#nodes.push(this.#mutable.has(name) ? node : variableNode(VARIABLE_VALUE, name, node));
    } else if (op === "ReadVariableOp" || Object.hasOwn(READERS, op) || INITIALIZED.has(op)) {
      this.#addReader(node);
    } else this.#nodes.push(isControlFlow(op) ? node : this.#readReferences(node));
  }

  #addUpdate(node: GraphNode, variable: GraphNode): void {
    const { name } = node;
    const { reads, gives, compute } = variableUpdates[node.op]!;
    const [target, ...operands] = node.inputs as [Ref, ...Ref[]];
    // What hands the reference on has updated it before.
    const controls = target.node === variable.name ? node.controls : [...node.controls, target.node];
    const read = { ...variableNode(VARIABLE_READ, `${name}/before`, variable), controls };
    if (reads) this.#nodes.push(read);
    const before = { node: read.name, index: 0 };
    const updating = this.#readReferences({ ...node, inputs: [target, ...operands], controls }, 1);
    const { nodes, assigned, other } = compute(updating, before);
    this.#nodes.push(...nodes);
    this.#nodes.push({ ...variableNode(VARIABLE_ASSIGN, name, variable), inputs: [assigned], controls });
    if (gives === "nothing") return;
    // Whoever takes what the node gives waits until the variable has its value.
    const given = gives === "before" ? before : gives === "other" ? other! : assigned;
    const { dtype } = variable.attrs as { dtype: AttrValue };
    const attrs = { T: gives === "other" ? namedType(node, "dtype") : dtype };
    const result = { name: `${name}/given`, op: "Identity", inputs: [given], controls: [name], attrs };
    this.#nodes.push(result);
    this.#moved.set(formatRef({ node: name, index: 0 }), { node: result.name, index: 0 });
  }

  #addReader(node: GraphNode): void {
    const variable = variableOf(this.#graph, node.inputs[0]);
    if (variable === undefined) {
      this.#nodes.push(node);
      return;
    }
    const isMutable = this.#mutable.has(variable.name);
    if (INITIALIZED.has(node.op)) {
      const asked = { ...variableNode(VARIABLE_INITIALIZED, node.name, variable), controls: node.controls };
      this.#nodes.push(isMutable ? asked : { ...asked, op: "Const", controls: [], attrs: { value: TRUE } });
      return;
    }
    const op = isMutable ? VARIABLE_READ : VARIABLE_VALUE;
    const value = (name: string) => ({
      ...variableNode(op, name, variable),
      controls: isMutable ? node.controls : [],
    });
    if (node.op === "ReadVariableOp") {
      this.#nodes.push(value(node.name));
      return;
    }
    const read = value(`${node.name}/value`);
    const inputs = [{ node: read.name, index: 0 }, ...node.inputs.slice(1)];
    const { dtype } = variable.attrs as { dtype: AttrValue };
    const attrs = node.op === "VariableShape" ? { ...node.attrs, T: dtype } : node.attrs;
    this.#nodes.push(read, { ...node, op: READERS[node.op]!, inputs, attrs });
  }

  /** Reads the reference variables among a node's inputs, from a position on, when the node's turn comes. */
  #readReferences(node: GraphNode, from = 0): GraphNode {
    const inputs = node.inputs.map((ref, i) => {
      const source = this.#graph.nodes.get(ref.node);
      if (i < from || source === undefined || !isReferenceVariable(source.op)) return ref;
      if (!this.#mutable.has(source.name)) return ref;
      const read = variableNode(VARIABLE_READ, `${node.name}/read_${i}`, source);
      this.#nodes.push({ ...read, controls: node.controls });
      return { node: read.name, index: 0 };
    });
    return { ...node, inputs };
  }
}

/** A node that does something with a variable. */
function variableNode(op: string, name: string, variable: GraphNode): GraphNode {
  const named = create(AttrValueSchema, {
    value: { case: "s", value: new TextEncoder().encode(variable.name) },
  });
  const { dtype, shape } = variable.attrs as { dtype: AttrValue; shape: AttrValue };
  return { name, op, inputs: [], controls: [], attrs: { variable: named, dtype, shape } };
}
