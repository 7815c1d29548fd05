import type { DType } from "../../tensor/dtype.ts";
import type { NumericTensor } from "../../tensor/tensor.ts";

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
}

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
  | { readonly tensor: NumericTensor };

export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

export const float = (value: number): OnnxAttribute => ({ float: value });
export const floats = (values: readonly number[]): OnnxAttribute => ({ floats: values });
export const strings = (values: readonly string[]): OnnxAttribute => ({ strings: values });
