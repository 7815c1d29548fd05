import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";

/** Whether a value is one number, repeated. */
export function isFilledWith(onnx: OnnxBuilder, value: Value, number: number): boolean {
  const node = onnx.producer(value);
  const repeated = node?.op === "Expand" ? node.inputs[0]?.constant?.().data : undefined;
  return repeated?.length === 1 && Number(repeated[0]) === number;
}
