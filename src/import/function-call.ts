import type { Value } from "./onnx/value.ts";

/**
 * Adds the nodes of one of a flow's functions to the graph that is being built.
 * @param which its position among the flow's functions.
 * @param args one per input of the flow; undefined for what has no value in ONNX.
 * @param outputs positions of the function's outputs that are wanted; all by default.
 */
export type FunctionCall = (
  which: number,
  args: readonly (Value | undefined)[],
  outputs?: readonly number[],
) => readonly Value[];
