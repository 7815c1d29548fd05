import { invalidArgument } from "../../status/status.ts";
import { elementCount, formatShape, type Shape, sameShape } from "../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { broadcastKnown, merged } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { besselI, besselIe, besselJ, besselK, besselKe, besselY } from "./bessel.ts";
import { eachFloat, eachPair } from "./elementwise.ts";
import { erf, erfc, ndtri } from "./error-functions.ts";
import { type Floats, type FloatType, floatsOf, floatTensor, newFloats } from "./floats.ts";
import { betainc, digamma, igamma, igammac, logGamma, polygamma, zeta } from "./gamma-functions.ts";
import { betainc32 } from "./incomplete-beta.ts";
import { dawson, expint, fresnelCos, fresnelSin, spence } from "./integral-functions.ts";
import { pair } from "./pairing.ts";

/** As TensorFlow computes it, whose sum, of the type, loses digits of arguments near 1. */
const inverseErf: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    return ([input]) => {
      const out = newFloats(dtype, elementCount(input!.shape));
      const values = floatsOf(input!);
      for (let i = 0; i < out.length; i++) {
        out[i] = (values[i]! + 1) / 2;
        out[i] = ndtri(out[i]!) / Math.SQRT2;
      }
      return [floatTensor(dtype, input!.shape, out)];
    };
  },
};

/** Each argument is a scalar or of one shape with the others. */
const incompleteBeta: HostOp = {
  shapes: (_, inputs) => [
    inputs
      .map((input) => input.shape)
      .reduce((all, shape) => (all?.length === 0 ? shape : shape?.length === 0 ? all : merged(all, shape))),
  ],
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    return (inputs) => {
      const shape = commonShape(inputs);
      const [a, b, x] = inputs.map(floatsOf) as [Floats, Floats, Floats];
      const [aStep, bStep, xStep] = inputs.map((input) => Number(input.shape.length > 0)) as [
        number,
        number,
        number,
      ];
      const compute = dtype === "float32" ? betainc32 : betainc;
      const out = newFloats(dtype, elementCount(shape));
      for (let i = 0; i < out.length; i++) out[i] = compute(a[i * aStep]!, b[i * bStep]!, x[i * xStep]!);
      return [floatTensor(dtype, shape, out)];
    };
  },
};

function commonShape(inputs: readonly Tensor[]): Shape {
  const names = ["a", "b", "x"];
  const whole = inputs.flatMap(({ shape }, i) => (shape.length > 0 ? [{ shape, name: names[i]! }] : []));
  const [first] = whole;
  for (const { shape, name } of whole) {
    if (sameShape(shape, first!.shape)) continue;
    throw invalidArgument(
      `Shapes of ${first!.name} and ${name} are inconsistent: ${formatShape(first!.shape)} vs. ${formatShape(shape)}`,
    );
  }
  return first?.shape ?? [];
}

/** The next number of the type from x in the direction of y. */
const nextAfter: HostOp = {
  shapes: (_, [a, b]) => [broadcastKnown(a!.shape, b!.shape)],
  compile:
    () =>
    ([a, b]) => {
      const { shape, count, x, y, xStep, yStep } = pair(a!, b!);
      const from = x.data as Float32Array | Float64Array;
      const towards = y.data as Float32Array | Float64Array;
      if (from instanceof Float32Array) {
        const out = new Float32Array(count);
        const bits = new Int32Array(out.buffer);
        for (let i = 0; i < count; i++) step(out, bits, i, from[i * xStep]!, towards[i * yStep]!, 1);
        return [{ dtype: "float32", shape, data: out } satisfies NumericTensor];
      }
      const out = new Float64Array(count);
      const bits = new BigInt64Array(out.buffer);
      for (let i = 0; i < count; i++) step(out, bits, i, from[i * xStep]!, towards[i * yStep]!, 1n);
      return [{ dtype: "float64", shape, data: out } satisfies NumericTensor];
    },
};

/** The bits of floats of one sign, as integers, are in the order of their sizes. */
function step<T extends number | bigint>(
  out: Float32Array | Float64Array,
  bits: { [index: number]: T },
  i: number,
  x: number,
  y: number,
  one: T,
): void {
  if (Number.isNaN(x) || Number.isNaN(y)) out[i] = Number.NaN;
  else if (x === y) out[i] = y;
  else if (x === 0) {
    bits[i] = one;
    if (y < 0) out[i] = -out[i]!;
  } else {
    out[i] = x;
    const isAway = x > 0 === y > x;
    bits[i] = ((bits[i] as number) + (isAway ? (one as number) : -(one as number))) as T;
  }
}

/** The number of bits that are set. */
const populationCount: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile:
    () =>
    ([input]) => {
      const { shape, data } = input as NumericTensor;
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      const width = data.BYTES_PER_ELEMENT;
      const out = new Uint8Array(data.length);
      for (let i = 0; i < bytes.length; i++) {
        let count = 0;
        for (let byte = bytes[i]!; byte !== 0; byte &= byte - 1) count++;
        out[Math.floor(i / width)]! += count;
      }
      return [{ dtype: "uint8", shape, data: out }];
    },
};

/** Functions of real numbers that ONNX has no operators for, or none with the digits of the type. */
export const specialFunctions: HostFamily = {
  Erf: eachFloat(erf),
  Erfc: eachFloat(erfc),
  Erfinv: inverseErf,
  Ndtri: eachFloat(ndtri),
  Lgamma: eachFloat(logGamma),
  Digamma: eachFloat(digamma),
  Igamma: eachPair(igamma),
  Igammac: eachPair(igammac),
  Betainc: incompleteBeta,
  Zeta: eachPair(zeta),
  Polygamma: eachPair(polygamma),
  BesselI0: eachFloat((x) => besselI(0, x)),
  BesselI1: eachFloat((x) => besselI(1, x)),
  BesselI0e: eachFloat((x) => besselIe(0, x)),
  BesselI1e: eachFloat((x) => besselIe(1, x)),
  BesselJ0: eachFloat((x) => besselJ(0, x)),
  BesselJ1: eachFloat((x) => besselJ(1, x)),
  BesselY0: eachFloat((x) => besselY(0, x)),
  BesselY1: eachFloat((x) => besselY(1, x)),
  BesselK0: eachFloat((x) => besselK(0, x)),
  BesselK1: eachFloat((x) => besselK(1, x)),
  BesselK0e: eachFloat((x) => besselKe(0, x)),
  BesselK1e: eachFloat((x) => besselKe(1, x)),
  Dawsn: eachFloat(dawson),
  Expint: eachFloat(expint),
  FresnelCos: eachFloat(fresnelCos),
  FresnelSin: eachFloat(fresnelSin),
  Spence: eachFloat(spence),
  NextAfter: nextAfter,
  PopulationCount: populationCount,
};
