import type { DType } from "../../tensor/dtype.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";

// TensorFlow's kernels/quantization_utils.h: in doubles, with floats where it has floats.

const { fround } = Math;

/** What integers of a quantized type stand for: the lowest for `min`, the highest for `max`. */
export interface QuantizedRange {
  readonly dtype: DType;
  readonly min: number;
  readonly max: number;
}

export interface Limits {
  readonly lowest: number;
  readonly highest: number;
}

/** The least and the greatest integer of a quantized type. */
export function limitsOf(dtype: DType): Limits {
  const bits = 8 * dtypeInfo(dtype).size;
  return dtype.startsWith("qint")
    ? { lowest: -(2 ** (bits - 1)), highest: 2 ** (bits - 1) - 1 }
    : { lowest: 0, highest: 2 ** bits - 1 };
}

/** Away from zero at a half, as C's round. */
export function roundAway(x: number): number {
  const rounded = Math.round(Math.abs(x));
  return x < 0 ? -rounded : rounded;
}

export function roundToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

/** How many integers there are, and the span of numbers that they cover if each stands for a step. */
function stepsOf({ dtype, min, max }: QuantizedRange): { readonly steps: number; readonly span: number } {
  const steps = 2 ** (8 * dtypeInfo(dtype).size);
  return { steps, span: fround(max - min) * (steps / (steps - 1)) };
}

/** The integer that stands for a number, even if it is none of the type. */
export function quantizeUnclamped(range: QuantizedRange, value: number): number {
  const { lowest } = limitsOf(range.dtype);
  if (range.min === range.max) return lowest;
  const { steps, span } = stepsOf(range);
  const scale = steps / span;
  return roundAway(value * scale) - roundAway(range.min * scale) + lowest;
}

export function quantizeOne(range: QuantizedRange, value: number): number {
  const { lowest, highest } = limitsOf(range.dtype);
  return Math.min(Math.max(quantizeUnclamped(range, value), lowest), highest);
}

/** What integers stand for, as a function. */
export function dequantizerOf(range: QuantizedRange): (value: number) => number {
  const { min, max } = range;
  if (min === max) return () => min;
  const { lowest } = limitsOf(range.dtype);
  const { steps, span } = stepsOf(range);
  const scale = span / steps;
  const start = roundAway(fround(min / fround(scale))) * fround(scale);
  return (value) => fround(start + (value - lowest) * scale);
}

/** The step between neighbouring integers, a float. */
function level({ dtype, min, max }: QuantizedRange): number {
  const { lowest, highest } = limitsOf(dtype);
  return fround(fround(max - min) / fround(highest - lowest));
}

/** The range of products of two quantized numbers as another type holds them. */
export function rangeOfProducts(a: QuantizedRange, b: QuantizedRange, dtype: DType): QuantizedRange {
  const step = fround(level(a) * level(b));
  const { lowest, highest } = limitsOf(dtype);
  return { dtype, min: fround(step * fround(lowest)), max: fround(step * fround(highest)) };
}

/** The range of sums, with `headroom` bits above what either reaches. */
export function rangeOfSums(
  a: QuantizedRange,
  b: QuantizedRange,
  dtype: DType,
  headroom: number,
): QuantizedRange {
  const reach = fround(Math.max(a.max, -a.min, b.max, -b.min) * 2 ** headroom);
  return { dtype, min: -reach, max: reach };
}

/**
 * Moves integers from one range to another. From 32 bits to 8 TensorFlow computes in fixed point, with 16 bits behind it.
 */
export function requantizerOf(from: QuantizedRange, to: QuantizedRange): (value: number) => number {
  if (from.dtype === "qint32" && (to.dtype === "quint8" || to.dtype === "qint8"))
    return inFixedPoint(from, to);
  const dequantize = dequantizerOf(from);
  return (value) => quantizeOne(to, dequantize(value));
}

/** The same in floats throughout, as TensorFlow does where Eigen computes it. */
export function floatRequantizerOf(from: QuantizedRange, to: QuantizedRange): (value: number) => number {
  const [own, other] = [limitsOf(from.dtype), limitsOf(to.dtype)];
  const scale = fround(fround(from.max - from.min) / (own.highest - own.lowest));
  const start = from.max === from.min ? from.min : fround(roundAway(fround(from.min / scale)) * scale);
  const base = fround(start - fround(own.lowest * scale));
  const steps = to.max === to.min ? 0 : fround((other.highest - other.lowest) / fround(to.max - to.min));
  const shift = fround(roundAway(fround(to.min * steps)) - other.lowest);
  // The greatest float that a 32-bit integer holds.
  const highest = other.highest > 2 ** 24 ? other.highest - 127 : other.highest;
  return (value) => {
    const number = fround(base + fround(fround(value) * scale));
    const quantized = fround(roundAway(fround(number * steps)) - shift);
    return Math.min(Math.max(quantized, other.lowest), highest);
  };
}

function inFixedPoint(from: QuantizedRange, to: QuantizedRange): (value: number) => number {
  const { lowest, highest } = limitsOf(to.dtype);
  const one = 2 ** 16;
  const [inputSpan, outputSpan] = [fround(from.max - from.min), fround(to.max - to.min)];
  const inverse = outputSpan === 0 ? 0 : fround(255 / outputSpan);
  const middle = fround(fround(from.min + from.max) / 2);
  const scale = outputSpan === 0 ? 0 : Math.trunc((255 * one * inputSpan) / outputSpan);
  const inputOffset = Math.trunc(fround(fround(middle * inverse) * one));
  const outputOffset = outputSpan === 0 ? 0 : Math.trunc((one * (to.min * 255)) / outputSpan);
  const [low, high] = [scale % 2 ** 16, Math.floor(scale / 2 ** 16)];
  return (value) => {
    // value * scale / 2^32, rounded down, in parts that fit a double.
    const scaled = Math.floor((value * high + Math.floor((value * low) / 2 ** 16)) / 2 ** 16);
    const rounded = Math.floor((scaled + inputOffset - outputOffset + 2 ** 15) / one) + lowest;
    return Math.min(Math.max(rounded, lowest), highest);
  };
}
