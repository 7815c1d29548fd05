import type { OnnxBuilder } from "../onnx/builder.ts";
import { float, isNumber, type Value } from "../onnx/value.ts";

// Exporters spell batch normalization with learned statistics out: scale and shift are computed from them, and then
// applied in two steps. As one node they become part of the convolution before, or a convolution of its own that keeps
// ONNX Runtime's blocked layout, which an Add of constants leaves.

/** If `a + b` scales and shifts each channel of an image by numbers that are known at import: the whole as one node. */
export function channelScalingOf(onnx: OnnxBuilder, a: Value, b: Value): Value | undefined {
  return scaledAndShifted(onnx, a, b) ?? scaledAndShifted(onnx, b, a);
}

function scaledAndShifted(onnx: OnnxBuilder, scaled: Value, shift: Value): Value | undefined {
  const product = onnx.producer(scaled);
  if (product?.op !== "Mul" || scaled.dtype !== "float32") return undefined;
  const [p, q] = product.inputs as [Value, Value];
  const [x, scale] = onnx.isFixed(p) ? [q, p] : [p, q];
  const channels = x.shape?.at(-1);
  if (onnx.isFixed(x) || !onnx.hasChannelsFirst(x) || channels === undefined || !isNumber(channels))
    return undefined;
  const flat = [scale, shift].map((value) => perChannel(onnx, value, channels));
  if (!flat.every((value) => value !== undefined)) return undefined;
  const filled = (number: number): Value =>
    onnx.numbers("float32", [channels], new Array<number>(channels).fill(number));
  const inputs = [onnx.toChannelsFirst(x), ...flat, filled(0), filled(1)];
  return onnx.toChannelsLast(onnx.op("BatchNormalization", inputs, { epsilon: float(0) }));
}

/** The value as a vector, if it is known at import and has a number for each channel, which lie along the last axis. */
function perChannel(onnx: OnnxBuilder, value: Value, channels: number): Value | undefined {
  const { shape } = value;
  if (!onnx.isFixed(value) || shape?.at(-1) !== channels || shape.length > 4) return undefined;
  if (!shape.slice(0, -1).every((dim) => dim === 1)) return undefined;
  return shape.length === 1 ? value : onnx.op("Reshape", [value, onnx.ints([channels])]);
}
