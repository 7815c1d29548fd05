import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { span, withShape } from "../arrays/elements.ts";
import { joining } from "../arrays/joining.ts";
import { reshaping } from "../arrays/reshaping.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { linksOf, outputSizes, slidingOf, spatial } from "../windows/geometry.ts";
import { integersOf, quantizedTensor, rangeOf, withRange } from "./quantized-ops.ts";
import {
  floatRequantizerOf,
  type QuantizedRange,
  quantizeUnclamped,
  rangeOfProducts,
  roundToEven,
} from "./quantized-range.ts";

/** A convolution [batch, height, width, channels] of integers without their zero points. */
const convolution: HostOp = {
  shapes: (attrs, [x, filter]): PartialShape[] => {
    if (x!.shape === undefined || filter!.shape === undefined) return [undefined, [], []];
    const sizes = outputSizes(slidingOf(attrs, 2), x!.shape.slice(1, 3), filter!.shape.slice(0, 2));
    return [[x!.shape[0]!, ...sizes, filter!.shape.at(-1)!], [], []];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("out_type");
    const sliding = slidingOf(attrs, 2);
    return ([x, filter, minX, maxX, minFilter, maxFilter]) => {
      const [batch, height, width, channels] = x!.shape as [number, number, number, number];
      const [rows, columns, depth, results] = filter!.shape as [number, number, number, number];
      if (depth !== channels) {
        throw invalidArgument(`input and filter must have the same depth: ${channels} vs ${depth}`);
      }
      const ranges = [rangeOf(x!, minX!, maxX!), rangeOf(filter!, minFilter!, maxFilter!)] as const;
      const [zeroX, zeroFilter] = ranges.map((range) => quantizeUnclamped(range, 0)) as [number, number];
      const values = integersOf(x!);
      const weights = Int32Array.from(integersOf(filter!), (weight) => weight - zeroFilter);
      const links = linksOf(sliding, [height, width], [rows, columns]);
      const positions = span(links.outputSizes, 0);
      const out = new Int32Array(batch * positions * results);
      for (let image = 0; image < batch; image++) {
        for (let i = 0; i < links.outputs.length; i++) {
          const from = (image * height * width + links.inputs[i]!) * channels;
          const to = (image * positions + links.outputs[i]!) * results;
          const tap = links.taps[i]! * channels * results;
          for (let c = 0; c < channels; c++) {
            const value = values[from + c]! - zeroX;
            const weight = tap + c * results;
            for (let k = 0; k < results; k++) out[to + k]! += Math.imul(value, weights[weight + k]!);
          }
        }
      }
      const shape = [batch, ...links.outputSizes, results];
      return withRange(quantizedTensor(dtype, shape, out), rangeOfProducts(...ranges, dtype));
    };
  },
};

const matMul: HostOp = {
  shapes: (attrs, [a, b]): PartialShape[] => {
    const rows = a!.shape?.[attrs.bool("transpose_a") ? 1 : 0] ?? -1;
    return [[rows, b!.shape?.[attrs.bool("transpose_b") ? 0 : 1] ?? -1], [], []];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("Toutput");
    const [turnA, turnB] = [attrs.bool("transpose_a"), attrs.bool("transpose_b")];
    return ([a, b, minA, maxA, minB, maxB]) => {
      for (const [name, matrix] of [
        ["a", a!],
        ["b", b!],
      ] as const) {
        if (matrix.shape.length !== 2)
          throw invalidArgument(`${name} must be a matrix, got [${matrix.shape}]`);
      }
      const ranges = [rangeOf(a!, minA!, maxA!), rangeOf(b!, minB!, maxB!)] as const;
      const [zeroA, zeroB] = ranges.map((range) => quantizeUnclamped(range, 0)) as [number, number];
      const rows = a!.shape[turnA ? 1 : 0]!;
      const inner = a!.shape[turnA ? 0 : 1]!;
      const columns = b!.shape[turnB ? 0 : 1]!;
      if (b!.shape[turnB ? 1 : 0] !== inner) {
        throw invalidArgument(`Matrix size-compatible: In[0]: [${a!.shape}], In[1]: [${b!.shape}]`);
      }
      const [left, right] = [integersOf(a!), integersOf(b!)];
      const [leftRow, leftStep] = turnA ? [1, rows] : [inner, 1];
      const [rightRow, rightStep] = turnB ? [1, inner] : [columns, 1];
      const out = new Int32Array(rows * columns);
      for (let i = 0; i < rows; i++) {
        for (let k = 0; k < inner; k++) {
          const value = left[i * leftRow + k * leftStep]! - zeroA;
          for (let j = 0; j < columns; j++) {
            out[i * columns + j]! += Math.imul(value, right[k * rightRow + j * rightStep]! - zeroB);
          }
        }
      }
      return withRange(quantizedTensor(dtype, [rows, columns], out), rangeOfProducts(...ranges, dtype));
    };
  },
};

/** The largest or the average integer of each window; averages are rounded. */
const pool = (isAverage: boolean): HostOp => ({
  shapes: (attrs, [x]): PartialShape[] => {
    if (x!.shape === undefined) return [undefined, [], []];
    const kernel = spatial(attrs.ints("ksize"), false);
    const sizes = outputSizes(slidingOf(attrs, 2), x!.shape.slice(1, 3), kernel);
    return [[x!.shape[0]!, ...sizes, x!.shape[3]!], [], []];
  },
  compile: (attrs) => {
    const kernel = spatial(attrs.ints("ksize"), false);
    const sliding = slidingOf(attrs, 2);
    return ([x, min, max]) => {
      const [batch, height, width, channels] = x!.shape as [number, number, number, number];
      const links = linksOf(sliding, [height, width], kernel);
      const positions = span(links.outputSizes, 0);
      const values = integersOf(x!);
      const out = new Float64Array(batch * positions * channels).fill(
        isAverage ? 0 : Number.NEGATIVE_INFINITY,
      );
      const counts = new Int32Array(positions);
      for (const position of links.outputs) counts[position]!++;
      for (let image = 0; image < batch; image++) {
        for (let i = 0; i < links.outputs.length; i++) {
          const from = (image * height * width + links.inputs[i]!) * channels;
          const to = (image * positions + links.outputs[i]!) * channels;
          for (let c = 0; c < channels; c++) {
            const value = values[from + c]!;
            if (isAverage) out[to + c]! += value;
            else if (value > out[to + c]!) out[to + c] = value;
          }
        }
      }
      if (isAverage) {
        for (let i = 0; i < out.length; i++) {
          out[i] = roundToEven(out[i]! / counts[Math.floor(i / channels) % positions]!);
        }
      }
      const shape = [batch, ...links.outputSizes, channels];
      return withRange(quantizedTensor(x!.dtype, shape, out), rangeOf(x!, min!, max!));
    };
  },
});

const reshape: HostOp = {
  shapes: (attrs, [x, shape]) => [reshaping.Reshape!.shapes(attrs, [x!, shape!])[0], [], []],
  compile: (attrs) => {
    const kernel = reshaping.Reshape!.compile(attrs);
    return ([x, shape, min, max]) => [kernel([x!, shape!])[0]!, withShape(min!, []), withShape(max!, [])];
  },
};

/** Tensors of several ranges in one that holds them all. */
const concat: HostOp = {
  shapes: (attrs, inputs) => {
    const count = attrs.int("N");
    return [joining.Concat!.shapes(attrs, inputs.slice(0, count + 1))[0], [], []];
  },
  compile: (attrs) => {
    const count = attrs.int("N");
    const dtype = attrs.dtype("T");
    const kernel = joining.Concat!.compile(attrs);
    return (inputs) => {
      const [axis, values] = [inputs[0]!, inputs.slice(1, count + 1)];
      const ranges = values.map((value, i) =>
        rangeOf(value, inputs[1 + count + i]!, inputs[1 + 2 * count + i]!),
      );
      const least = Math.min(0, ...ranges.map(({ min }) => min));
      const most = Math.max(...ranges.map(({ max }) => max), least);
      // Of types with a sign the range reaches as far down as up.
      const reach = Math.max(Math.abs(least), Math.abs(most));
      const whole: QuantizedRange = dtype.startsWith("qint")
        ? { dtype, min: -reach, max: reach }
        : { dtype, min: least, max: most };
      const moved = values.map((value, i) => {
        const range = ranges[i]!;
        if (range.min === whole.min && range.max === whole.max) return value;
        const move = floatRequantizerOf(range, whole);
        return quantizedTensor(dtype, value.shape, Float64Array.from(integersOf(value), move));
      });
      return withRange(kernel([axis, ...moved])[0] as Tensor, whole);
    };
  },
};

/** Layers of networks whose numbers are quantized integers, as the graph transform tool writes them. */
export const quantizedLayers: HostFamily = {
  QuantizedConv2D: convolution,
  QuantizedMatMul: matMul,
  QuantizedMaxPool: pool(false),
  QuantizedAvgPool: pool(true),
  QuantizedReshape: reshape,
  QuantizedConcat: concat,
};
