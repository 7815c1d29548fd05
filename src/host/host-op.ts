import type { Attributes } from "../registry/attributes.ts";
import type { PartialShape, Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What is known of a tensor when the model is loaded. */
export interface KnownInput {
  readonly shape: PartialShape;
  /** The value if it is a constant of the graph. */
  readonly constant: Tensor | undefined;
}

/** Computes an op's outputs from its inputs, both in TensorFlow's order. Called once per run, on a request worker. */
export type HostKernel = (inputs: readonly Tensor[]) => readonly Tensor[];

/** An op that TypeScript runs: what ONNX has no word for. */
export interface HostOp {
  /** The shape of each output as far as it can be told at load; the numeric graph behind it relies on it. */
  readonly shapes: (attrs: Attributes, inputs: readonly KnownInput[]) => readonly PartialShape[];
  /**
   * Reads the attributes once, on each thread that runs the model.
   * @param stream for a random op with seeds: how much of its stream all threads have used up, to be counted atomically.
   */
  readonly compile: (attrs: Attributes, stream?: BigInt64Array<SharedArrayBuffer>) => HostKernel;
}

/** A tensor of values that only host ops understand, such as TensorLists. Nobody changes a value that exists. */
export interface VariantTensor {
  readonly dtype: "variant";
  readonly shape: Shape;
  readonly data: readonly unknown[];
}

/** What flows between host ops. */
export type HostValue = Tensor | VariantTensor;

/**
 * As {@link HostKernel}, for ops that take or give variants. Inputs may be views of memory that ends with the run: what
 * is kept inside of a variant is copied.
 */
export type ValueKernel = (inputs: readonly HostValue[]) => readonly HostValue[];

/** A host op that takes or gives variants. */
export interface ValueOp {
  readonly shapes: HostOp["shapes"];
  readonly compile: (attrs: Attributes) => ValueKernel;
}

export type ValueFamily = Readonly<Record<string, ValueOp>>;

/** Host ops by the name of the TensorFlow op. */
export type HostFamily = Readonly<Record<string, HostOp>>;
