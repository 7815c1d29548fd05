import type { AttrValue } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { NodeDef } from "../proto/gen/tensorflow/core/framework/node_def_pb.ts";
import type { DType } from "../tensor/dtype.ts";
import type { PartialShape } from "../tensor/shape.ts";

/** One output of a node: TensorFlow writes it `node:index`. */
export interface Ref {
  readonly node: string;
  readonly index: number;
}

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly Ref[];
  /** Names of the nodes that must have run before. */
  readonly controls: readonly string[];
  readonly attrs: Readonly<Record<string, AttrValue>>;
  /** For messages, where it isn't a node of the main graph: the function that it comes from, and its name there. */
  readonly origin?: { readonly function: string; readonly node: string };
}

/** A node as TensorFlow names it behind the error that it caused (node_def_util.cc). */
export function formatOrigin({ name, origin }: GraphNode): string {
  if (origin === undefined) return `{{node ${name}}}`;
  return `{{function_node ${origin.function}}}{{node ${origin.node}}}`;
}

/** A graph without functions' bodies: what passes take and return. Never changed in place. */
export interface Graph {
  readonly nodes: ReadonlyMap<string, GraphNode>;
}

/** A tensor that requests provide. */
export interface Feed {
  /** The name of the ONNX graph's input. */
  readonly name: string;
  readonly ref: Ref;
  readonly dtype: DType;
  readonly shape: PartialShape;
}

/** `x`, `x:0` and `x:1` as TensorFlow writes tensors in the main graph. */
export function parseRef(text: string): Ref {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return { node: text, index: 0 };
  return { node: text.slice(0, colon), index: Number(text.slice(colon + 1)) };
}

export function formatRef(ref: Ref): string {
  return `${ref.node}:${ref.index}`;
}

/** A node of a main graph; `^name` inputs become its controls. */
export function graphNode(def: NodeDef): GraphNode {
  const inputs: Ref[] = [];
  const controls: string[] = [];
  for (const input of def.input) {
    if (input.startsWith("^")) controls.push(input.slice(1));
    else inputs.push(parseRef(input));
  }
  return { name: def.name, op: def.op, inputs, controls, attrs: def.attr };
}

export function graphOf(nodes: Iterable<GraphNode>): Graph {
  return { nodes: new Map([...nodes].map((node) => [node.name, node])) };
}
