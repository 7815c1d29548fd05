import type { OnnxBuilder } from "../onnx/builder.ts";
import { float, type Value } from "../onnx/value.ts";

/** If `x * factor` is the last step of `relu6(y + 3) / 6`, or the like with other numbers: the whole as one node. */
export function hardSigmoidOf(onnx: OnnxBuilder, x: Value, factor: number | undefined): Value | undefined {
  const clip = onnx.producer(x);
  if (factor === undefined || clip?.op !== "Clip" || x.dtype !== "float32") return undefined;
  const [sum, low, high] = clip.inputs as [Value, Value | undefined, Value | undefined];
  const ends = [low, high].map((value) => value && scalarOf(value));
  if (ends[0] !== 0 || ends[1] === undefined || Math.abs(ends[1] * factor - 1) > 1e-6) return undefined;
  const shifted = onnx.producer(sum);
  if (shifted?.op !== "Add") return undefined;
  const [a, b] = shifted.inputs as [Value, Value];
  const offset = scalarOf(b) ?? scalarOf(a);
  if (offset === undefined) return undefined;
  const y = scalarOf(b) === undefined ? b : a;
  return onnx.op("HardSigmoid", [y], { alpha: float(factor), beta: float(offset * factor) });
}

/** The number that a constant scalar holds. */
export function scalarOf({ shape, constant }: Value): number | undefined {
  return shape?.length === 0 && constant !== undefined ? Number(constant().data[0]) : undefined;
}
