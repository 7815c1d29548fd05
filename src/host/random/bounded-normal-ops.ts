import { invalidArgument } from "../../status/status.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import { broadcastShape } from "../arrays/known-shapes.ts";
import { broadcastTo } from "../arrays/view.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type FloatType, floatsOf } from "../math/floats.ts";
import { type BoundedNormal, boundedNormals } from "./bounded-normal.ts";
import { Stream } from "./stateful.ts";
import { knownShapeOf, philoxOf, scramble, shapeOf } from "./stateless.ts";
import { realTensor, samplesOf } from "./stateless-draws.ts";

function commonShape(tensors: readonly Tensor[]): Shape {
  let common: Shape | undefined = [];
  for (const { shape } of tensors) common = common && broadcastShape(common, shape);
  if (common !== undefined) return common;
  throw invalidArgument(
    "means, stddevs, minvals, maxvals must have compatible batch dimensions: " +
      tensors.map(({ shape }) => formatShape(shape)).join(" vs. "),
  );
}

/** Inputs: means, deviations and bounds, as many of each, or one. */
function distributionsOf(tensors: readonly Tensor[], count: number): readonly BoundedNormal[] {
  const [means, deviations, lows, highs] = tensors.map((tensor) => {
    const values = floatsOf(tensor);
    return (i: number): number => values[values.length === 1 ? 0 : i]!;
  }) as [(i: number) => number, (i: number) => number, (i: number) => number, (i: number) => number];
  return Array.from({ length: count }, (_, i) => ({
    mean: means(i),
    deviation: deviations(i),
    low: lows(i),
    high: highs(i),
  }));
}

const stateless: HostOp = {
  shapes: (_, [shape]) => knownShapeOf(shape!),
  compile: (attrs) => {
    const dtype = attrs.dtype("dtype") as FloatType;
    return ([shape, seed, ...parameters]) => {
      const random = philoxOf(scramble(seed!));
      const common = commonShape(parameters);
      if (shape!.shape.length !== 1)
        throw invalidArgument(`Input shape should be a vector, got shape: ${formatShape(shape!.shape)}`);
      const dims = shapeOf(shape!);
      const samples = samplesOf(dims, common);
      const out = new Float64Array(span(dims, 0));
      if (samples === 0) return [realTensor(dtype, dims, out)];
      const count = span(common, 0);
      const wide = parameters.map((tensor) => broadcastTo(tensor, common));
      for (const [i, bounded] of distributionsOf(wide, count).entries()) {
        const numbers = boundedNormals(bounded, samples, dtype, random);
        for (let sample = 0; sample < samples; sample++) out[sample * count + i] = numbers[sample]!;
      }
      return [realTensor(dtype, dims, out)];
    };
  },
};

/** So many numbers are drawn together where all have the same distribution. */
const NUMBERS_TOGETHER = 100;

const NAMES = ["means", "stddevs", "minvals", "maxvals"];

/** The rows have distributions of their own, or all the same. */
const stateful: HostOp = {
  shapes: (_, [shape]) => knownShapeOf(shape!),
  compile: (attrs, used) => {
    const dtype = attrs.dtype("dtype") as FloatType;
    const stream = new Stream(attrs, used);
    return ([shape, ...parameters]) => {
      if (shape!.shape.length !== 1)
        throw invalidArgument(`Input shape should be a vector, got shape: ${formatShape(shape!.shape)}`);
      const dims = shapeOf(shape!);
      if (dims.length === 0) throw invalidArgument("Shape tensor must not be empty");
      const total = span(dims, 0);
      for (const [i, tensor] of parameters.entries()) {
        if (tensor.shape.length <= 1) continue;
        const got = formatShape(tensor.shape);
        throw invalidArgument(`Input ${NAMES[i]} should be a scalar or vector, got shape: ${got}`);
      }
      const isOne = parameters.every(
        ({ shape: [length] }, i) => length === undefined || (i < 2 && length === 1),
      );
      for (const [i, tensor] of parameters.entries()) {
        const length = tensor.shape[0];
        if (isOne || length === undefined || length === 1 || length === dims[0]) continue;
        const got = formatShape(tensor.shape);
        throw invalidArgument(`Input ${NAMES[i]} should have length 1 or shape[0], got shape: ${got}`);
      }
      const rows = isOne ? Math.ceil(total / NUMBERS_TOGETHER) : dims[0]!;
      const width = isOne ? NUMBERS_TOGETHER : span(dims, 1);
      const random = stream.reserve(4 * Math.floor((rows * 2000 * (width + 3)) / 4));
      const out = new Float64Array(total);
      for (const [row, bounded] of distributionsOf(parameters, rows).entries()) {
        const start = row * width;
        out.set(boundedNormals(bounded, Math.min(width, total - start), dtype, random), start);
      }
      return [realTensor(dtype, dims, out)];
    };
  },
};

/** Normal numbers between bounds that are inputs. */
export const boundedNormal: HostFamily = {
  StatelessParameterizedTruncatedNormal: stateless,
  ParameterizedTruncatedNormal: stateful,
};
