import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import type { PartialShape, Shape } from "../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import { broadcastKnown } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { pair } from "../math/pairing.ts";
import {
  dequantizerOf,
  type QuantizedRange,
  quantizeOne,
  quantizeUnclamped,
  rangeOfProducts,
  rangeOfSums,
  requantizerOf,
} from "./quantized-range.ts";

/** @throws StatusError INVALID_ARGUMENT for ends of a range that aren't one number each. */
export function rangeOf(tensor: Tensor, min: Tensor, max: Tensor): QuantizedRange {
  const [low, high] = [min, max].map((end) => {
    if (span(end.shape, 0) === 1) return end.data[0] as number;
    throw invalidArgument(`ranges must be scalars, got shape [${end.shape}]`);
  }) as [number, number];
  return { dtype: tensor.dtype, min: low, max: high };
}

export function quantizedTensor(dtype: DType, shape: Shape, values: ArrayLike<number>): Tensor {
  const data = new (dtypeInfo(dtype).array!)(values.length) as Int32Array;
  data.set(values);
  return { dtype: dtype as NumericTensor["dtype"], shape, data };
}

export function scalar(value: number): Tensor {
  return { dtype: "float32", shape: [], data: Float32Array.of(value) };
}

/** A result, and the ends of its range. */
export function withRange(tensor: Tensor, { min, max }: QuantizedRange): readonly Tensor[] {
  return [tensor, scalar(min), scalar(max)];
}

export function integersOf(tensor: Tensor): Int32Array {
  return tensor.data as Int32Array;
}

const likeInput = (_: Attributes, inputs: readonly { readonly shape: PartialShape }[]): PartialShape[] => [
  inputs[0]!.shape,
  [],
  [],
];

/** Both operands without their zero points. */
const product: HostOp = {
  shapes: (_, [x, y]) => [broadcastKnown(x!.shape, y!.shape), [], []],
  compile: (attrs) => {
    const dtype = attrs.dtype("Toutput");
    return ([x, y, minX, maxX, minY, maxY]) => {
      const ranges = [rangeOf(x!, minX!, maxX!), rangeOf(y!, minY!, maxY!)] as const;
      const [zeroX, zeroY] = ranges.map((range) => quantizeUnclamped(range, 0)) as [number, number];
      const { shape, count, x: a, y: b, xStep, yStep } = pair(x!, y!);
      const [left, right] = [integersOf(a), integersOf(b)];
      const out = Float64Array.from(
        { length: count },
        (_v, i) => (left[i * xStep]! - zeroX) * (right[i * yStep]! - zeroY),
      );
      return withRange(quantizedTensor(dtype, shape, out), rangeOfProducts(...ranges, dtype));
    };
  },
};

/** @param isStepped whether all steps are as long as the first one is when it is rounded, as in TensorFlow's loops. */
function intoRange(from: QuantizedRange, to: QuantizedRange, isStepped: boolean): (value: number) => number {
  const dequantize = dequantizerOf(from);
  const exact = (value: number): number => quantizeOne(to, dequantize(value));
  if (!isStepped) return exact;
  const start = exact(0);
  const step = exact(1) - start;
  return (value) => start + value * step;
}

/** Both operands in the range of their sum. @param output the attribute that holds its type. */
const sum = (output: string, headroom: number): HostOp => ({
  shapes: (_, [x, y]) => [output === "out_type" ? x!.shape : broadcastKnown(x!.shape, y!.shape), [], []],
  compile: (attrs) => {
    const dtype = attrs.dtype(output);
    return ([x, y, minX, maxX, minY, maxY]) => {
      const ranges = [rangeOf(x!, minX!, maxX!), rangeOf(y!, minY!, maxY!)] as const;
      if (output === "out_type" && y!.shape[0] !== x!.shape.at(-1)) {
        throw invalidArgument(
          `Must provide as many biases as the last dimension of the input tensor: [${y!.shape}] vs. [${x!.shape}]`,
        );
      }
      const total = rangeOfSums(...ranges, dtype, headroom);
      const { shape, count, x: a, y: b, xStep, yStep } = pair(x!, y!);
      const [left, right] = [integersOf(a), integersOf(b)];
      const isStepped = output === "Toutput";
      const fromX = intoRange(ranges[0], total, isStepped && xStep > 0);
      const fromY = intoRange(ranges[1], total, isStepped && yStep > 0);
      const zero = quantizeOne(total, 0);
      const out = Float64Array.from(
        { length: count },
        (_v, i) => fromX(left[i * xStep]!) + fromY(right[i * yStep]!) + zero,
      );
      return withRange(quantizedTensor(dtype, shape, out), total);
    };
  },
});

/** Cuts off below zero, and above `most` if it is given. */
const rectifier = (most: number | undefined): HostOp => ({
  shapes: likeInput,
  compile:
    (attrs) =>
    ([features, min, max]) => {
      const range = rangeOf(features!, min!, max!);
      const zero = quantizeOne(range, 0);
      const limit = most === undefined ? Number.POSITIVE_INFINITY : quantizeOne(range, most);
      const out = Float64Array.from(integersOf(features!), (value) => Math.min(Math.max(value, zero), limit));
      return withRange(quantizedTensor(attrs.dtype("out_type"), features!.shape, out), range);
    },
});

/** The range that the integers at hand use, with zero in it. */
function usedRange(input: Tensor, range: QuantizedRange): QuantizedRange {
  const values = integersOf(input);
  let [least, most] = [values[0] ?? 0, values[0] ?? 0];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const dequantize = dequantizerOf(range);
  return { ...range, min: Math.min(0, dequantize(least)), max: dequantize(most) };
}

function moved(input: Tensor, from: QuantizedRange, to: QuantizedRange): readonly Tensor[] {
  const requantize = requantizerOf(from, to);
  const out = Float64Array.from(integersOf(input), requantize);
  return withRange(quantizedTensor(to.dtype, input.shape, out), to);
}

const shrink: HostOp = {
  shapes: likeInput,
  compile: (attrs) => {
    const dtype = attrs.dtype("out_type");
    return ([input, min, max]) => {
      const range = rangeOf(input!, min!, max!);
      return moved(input!, range, { ...usedRange(input!, range), dtype });
    };
  },
};

const requantize: HostOp = {
  shapes: likeInput,
  compile: (attrs) => {
    const dtype = attrs.dtype("out_type");
    return ([input, min, max, wantedMin, wantedMax]) => {
      const wanted = rangeOf(input!, wantedMin!, wantedMax!);
      if (wanted.min > 0) throw invalidArgument(`requested_output_min must be <= 0, but got ${wanted.min}`);
      if (wanted.max < wanted.min) {
        throw invalidArgument(
          `requested_output_max must be >= requested_output_min, but got ${wanted.max} and ${wanted.min}`,
        );
      }
      return moved(input!, rangeOf(input!, min!, max!), { ...wanted, dtype });
    };
  },
};

const requantizationRange: HostOp = {
  shapes: () => [[], []],
  compile:
    () =>
    ([input, min, max]) => {
      const used = usedRange(input!, rangeOf(input!, min!, max!));
      return [scalar(used.min), scalar(used.max)];
    },
};

/** Elementwise ops on quantized integers, and moves from one range to another. */
export const quantizedOps: HostFamily = {
  QuantizedAdd: sum("Toutput", 14),
  QuantizedBiasAdd: sum("out_type", 17),
  QuantizedMul: product,
  QuantizedRelu: rectifier(undefined),
  QuantizedRelu6: rectifier(6),
  QuantizeDownAndShrinkRange: shrink,
  Requantize: requantize,
  RequantizationRange: requantizationRange,
};
