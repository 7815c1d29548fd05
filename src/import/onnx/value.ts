import type { DType } from "../../tensor/dtype.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { NumericTensor } from "../../tensor/tensor.ts";

/** A node of the ONNX graph. */
export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attrs: OnnxAttributes;
}

/** What a Loop runs in each round, or an If on one side. Its nodes also read values of the graphs around it. */
export interface Subgraph {
  readonly inputs: readonly Value[];
  readonly nodes: readonly OnnxNode[];
  /** Each is made by one of the nodes, and no two are the same. */
  readonly outputs: readonly Value[];
}

/** A size: a number, or a symbol for one that is known only when run. Equal symbols are equal sizes. */
export type Dim = number | string;

/** A tensor in the ONNX graph under construction, with what is known of it at import. */
export interface Value {
  /** Its name in the ONNX graph. */
  readonly name: string;
  readonly dtype: DType;
  /** Undefined: not even the rank is known. */
  readonly shape: readonly Dim[] | undefined;
  /**
   * For integers and booleans of few elements: what each is, row-major, as far as shape arithmetic can tell.
   * All numbers means that the value is known.
   */
  readonly elements: readonly Dim[] | undefined;
  /** Reads the value if it is a constant. May be costly for weights: ask only when the numbers are needed. */
  readonly constant: (() => NumericTensor) | undefined;
  /** What stands for a TensorList (dtype variant), which ONNX doesn't have: it can be no node's input. */
  readonly list?: ListValue;
}

/** A list of tensors of one shape, whose first items are set, while the others aren't. */
export interface KnownList {
  readonly kind: "known";
  readonly elementDtype: NumericTensor["dtype"];
  /** What every element's shape is checked against when it is set. */
  readonly elementShape: PartialShape;
  /** How many items there are, set or not: a number, or an int64 vector of one element. */
  readonly count: number | Value;
  /** The set ones along a first axis; undefined if none is. */
  readonly items: Value | undefined;
  /** Whether all are set. */
  readonly isFull: boolean;
  /** Whether the set ones have the same shape for certain: if not, making `items` fails the run. */
  readonly isUniform: boolean;
}

/** Inside of a loop that adds to a list: the list as a round finds it, which nothing can be read from. */
export interface OpenList {
  readonly kind: "open";
  /** The list before the loop. */
  readonly before: KnownList;
  /** Undefined where rounds change it. */
  readonly count: number | Value | undefined;
}

/** What a round makes of an open list. */
export interface WrittenList {
  readonly kind: "written";
  readonly open: OpenList;
  /** Undefined: the end. */
  readonly index: Value | undefined;
  readonly value: Value;
  /** Whether the list grows if the index is beyond its end. */
  readonly resizes: boolean;
}

export type ListValue = KnownList | OpenList | WrittenList;

/** What a shape rule finds out about one output. */
export interface Inferred {
  readonly dtype: DType;
  readonly shape: readonly Dim[] | undefined;
  readonly elements?: readonly Dim[] | undefined;
}

export function isNumber(dim: Dim): dim is number {
  return typeof dim === "number";
}

/** The elements if all are numbers. */
export function knownElements(value: Value): readonly number[] | undefined {
  return value.elements?.every(isNumber) ? (value.elements as readonly number[]) : undefined;
}

/**
 * An attribute of an ONNX node: a number or numbers are ints; wrap floats with {@link float} or {@link floats}, a list of
 * strings with {@link strings}.
 */
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: NumericTensor }
  | { readonly graph: Subgraph };

export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** The graphs that a node runs, under the names of its attributes. */
export function subgraphsOf(node: OnnxNode): readonly (readonly [string, Subgraph])[] {
  return Object.entries(node.attrs).flatMap(([name, value]) =>
    typeof value === "object" && "graph" in value ? [[name, value.graph] as const] : [],
  );
}

export const float = (value: number): OnnxAttribute => ({ float: value });
export const floats = (values: readonly number[]): OnnxAttribute => ({ floats: values });
export const strings = (values: readonly string[]): OnnxAttribute => ({ strings: values });
