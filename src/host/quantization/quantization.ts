import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument, unimplemented } from "../../status/status.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type FloatType, floatsOf, floatTensor, newFloats } from "../math/floats.ts";
import { type Limits, limitsOf, roundAway, roundToEven } from "./quantized-range.ts";

// TensorFlow's kernels/quantize_op.cc and dequantize_op.cc, in float32 step by step.

const { fround } = Math;

/** Elements of a tensor that share a range: runs of `length` that lie `stride` apart. */
interface Part {
  readonly start: number;
  readonly stride: number;
  readonly length: number;
}

function partsOf(
  tensor: Tensor,
  axis: number,
): { readonly count: number; readonly part: (i: number) => Part } {
  const total = span(tensor.shape, 0);
  if (axis < 0) return { count: 1, part: () => ({ start: 0, stride: total, length: total }) };
  const length = span(tensor.shape, axis + 1);
  const count = tensor.shape[axis]!;
  return { count, part: (i) => ({ start: i * length, stride: count * length, length }) };
}

interface Quantizing extends Limits {
  readonly mode: string;
  readonly isNarrow: boolean;
  readonly round: (x: number) => number;
}

/** How one range's numbers become integers: clamped, times the scale, plus the offset, rounded, then shifted. */
interface Scheme {
  readonly min: number;
  readonly max: number;
  readonly toInteger: (x: number) => number;
}

function combined({ lowest, highest }: Quantizing, min: number, max: number): Scheme {
  const scale = fround((highest - lowest) / fround(max - min));
  const half = lowest < 0 ? (highest - lowest + 1) / 2 : 0;
  const toInteger = (x: number): number => {
    const steps = fround(fround(Math.max(Math.min(x, max), min) - min) * scale);
    return lowest < 0 ? roundAway(fround(steps - half)) : Math.trunc(fround(steps + 0.5));
  };
  return { min, max, toInteger };
}

function minFirst({ lowest, highest }: Quantizing, min: number, max: number): Scheme {
  const scale = max === min ? 0 : fround((highest - lowest) / (max - min));
  const offset = roundAway(fround(min * scale));
  const toInteger = (x: number): number =>
    Math.min(Math.max(roundAway(fround(x * scale)) - offset + lowest, lowest), highest);
  return { min, max, toInteger };
}

function scaled({ lowest, highest, isNarrow, round }: Quantizing, min: number, max: number): Scheme {
  const least = lowest + (isNarrow ? 1 : 0);
  const fromMin = least * min > 0 ? fround(least / min) : Number.POSITIVE_INFINITY;
  const fromMax = highest * max > 0 ? fround(highest / max) : Number.POSITIVE_INFINITY;
  const scale = Math.min(fromMin, fromMax);
  const [low, high] = [fround(least / scale), fround(highest / scale)];
  const toInteger = (x: number): number => round(fround(Math.max(Math.min(x, high), low) * scale));
  return { min: low, max: high, toInteger };
}

const SCHEMES: ReadonlyMap<string, (how: Quantizing, min: number, max: number) => Scheme> = new Map([
  ["MIN_COMBINED", combined],
  ["MIN_FIRST", minFirst],
  ["SCALED", scaled],
]);

const quantize: HostOp = {
  shapes: (attrs, [input, min, max]) => {
    if (attrs.int("axis") < 0) return [input!.shape, [], []];
    return [input!.shape, min!.shape, max!.shape];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as NumericTensor["dtype"];
    const mode = attrs.string("mode");
    const how: Quantizing = {
      ...limitsOf(dtype),
      mode,
      isNarrow: attrs.bool("narrow_range"),
      round: attrs.string("round_mode") === "HALF_TO_EVEN" ? roundToEven : roundAway,
    };
    const axis = attrs.int("axis");
    const minimumRange = attrs.float("ensure_minimum_range");
    const scheme = SCHEMES.get(mode)!;
    return ([input, min, max]) => {
      checkRanges(input!, min!, max!, axis);
      const values = floatsOf(input!);
      const out = new (dtypeInfo(dtype).array!)(values.length);
      const { count, part } = partsOf(input!, axis);
      const [mins, maxs] = [new Float32Array(count), new Float32Array(count)];
      for (let i = 0; i < count; i++) {
        const [low, high] = spread(min!.data[i] as number, max!.data[i] as number, minimumRange);
        const { min: from, max: to, toInteger } = scheme(how, low, high);
        mins[i] = from;
        maxs[i] = to;
        const { start, stride, length } = part(i);
        for (let run = start; run < values.length; run += stride) {
          for (let at = run; at < run + length; at++) out[at] = toInteger(values[at]!);
        }
      }
      const shape = axis < 0 ? [] : min!.shape;
      return [
        { dtype, shape: input!.shape, data: out },
        { dtype: "float32", shape, data: mins },
        { dtype: "float32", shape, data: maxs },
      ];
    };
  },
};

/** A range that holds zero and is not too small. */
function spread(min: number, max: number, minimumRange: number): readonly [number, number] {
  if (max < min) throw invalidArgument("input_max_range must be larger than input_min_range.");
  const low = Math.min(0, min);
  const least = fround(Math.max(1, Math.abs(min), Math.abs(max)) * fround(minimumRange));
  return [low, Math.max(0, max, fround(low + least))];
}

function checkRanges(input: Tensor, min: Tensor, max: Tensor, axis: number): void {
  if (axis >= input.shape.length) {
    throw invalidArgument(
      `Axis is on a zero-based index, so its value must always be less than number of input's dims, ` +
        `but given axis value was ${axis} and input's dims was ${input.shape.length}`,
    );
  }
  for (const [name, range] of [
    ["min_range", min],
    ["max_range", max],
  ] as const) {
    const count = span(range.shape, 0);
    if (axis < 0 && count !== 1) {
      throw invalidArgument(
        `If axis is not specified, ${name} must contain a single float element, but it contains ${count} elements`,
      );
    }
    if (axis >= 0 && range.shape.length !== 1) {
      throw invalidArgument(
        `If axis is specified, ${name} must be a 1-D tensor whose size matches the axis dimension of the input ` +
          `and output tensors, but ${name} dims are ${range.shape.length}`,
      );
    }
    if (axis >= 0 && count !== input.shape[axis]) {
      throw invalidArgument(
        `If axis is specified, ${name} must be a 1-D tensor whose size matches the axis dimension of the input ` +
          `and output tensors, but ${name} is a 1-D tensor of size ${count} and input's axis dimension is of size ` +
          `${input.shape[axis]}`,
      );
    }
  }
}

/** How integers of one range become numbers: with `shift` added, times `scale`, plus `offset`. */
interface Restoring {
  readonly shift: number;
  readonly scale: number;
  readonly offset: number;
}

function restoring(mode: string, limits: Limits, isNarrow: boolean, min: number, max: number): Restoring {
  const { lowest, highest } = limits;
  if (mode === "MIN_COMBINED") {
    const shift = lowest < 0 ? (highest - lowest + 1) / 2 : 0;
    return { shift, scale: fround(fround(max - min) / (highest - lowest)), offset: min };
  }
  if (mode === "MIN_FIRST") {
    const scale = fround((max - min) / (highest - lowest));
    const offset = max === min ? min : fround(roundAway(fround(min / scale)) * scale);
    return { shift: -lowest, scale, offset };
  }
  const least = lowest + (isNarrow ? 1 : 0);
  const fromMax = fround(max / highest);
  const fromMin = fround(min / least);
  return { shift: 0, scale: lowest === 0 || fromMin < fromMax ? fromMax : fromMin, offset: -0 };
}

const dequantize: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const dtype = attrs.dtype("dtype") as FloatType;
    const limits = limitsOf(attrs.dtype("T"));
    const [mode, isNarrow, axis] = dequantizing(attrs);
    return ([input, min, max]) => {
      checkAxis(input!, min!, max!, axis);
      const { data } = input as NumericTensor;
      const out = newFloats(dtype, data.length);
      const { count, part } = partsOf(input!, axis);
      if (count !== 1 && mode === "MIN_FIRST") {
        throw unimplemented("MIN_FIRST mode is not implemented for Dequantize with axis != -1.");
      }
      for (let i = 0; i < count; i++) {
        const ends = [min!.data[i] as number, max!.data[i] as number] as const;
        const { shift, scale, offset } = restoring(mode, limits, isNarrow, ...ends);
        const { start, stride, length } = part(i);
        for (let run = start; run < data.length; run += stride) {
          for (let at = run; at < run + length; at++) {
            out[at] = fround(fround(fround((data[at] as number) + shift) * scale) + offset);
          }
        }
      }
      return [floatTensor(dtype, input!.shape, out)];
    };
  },
};

function dequantizing(attrs: Attributes): readonly [mode: string, isNarrow: boolean, axis: number] {
  return [attrs.string("mode"), attrs.bool("narrow_range"), attrs.int("axis")];
}

function checkAxis(input: Tensor, min: Tensor, max: Tensor, axis: number): void {
  const rank = input.shape.length;
  if (axis >= rank) throw invalidArgument(`Axis must be less than input dimension(${rank}), got ${axis}`);
  const count = axis < 0 ? 1 : input.shape[axis]!;
  for (const [name, range] of [
    ["input_min_tensor", min],
    ["input_max_tensor", max],
  ] as const) {
    const got = span(range.shape, 0);
    if (got === count) continue;
    throw invalidArgument(
      `${name} must have as many elements as input on the dequantization axis (${axis}), got ${got}, expected ${count}`,
    );
  }
}

/** Floats as integers of few bits and back. */
export const quantization: HostFamily = { QuantizeV2: quantize, Dequantize: dequantize };
