import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import { formatShape, type PartialShape, type Shape, sameShape } from "../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import { broadcastShape } from "../arrays/known-shapes.ts";
import { broadcastTo } from "../arrays/view.ts";
import type { HostFamily, HostOp, KnownInput } from "../host-op.ts";
import { type FloatType, floatsOf, floatTensor, newFloats } from "../math/floats.ts";
import { integersOf, numbersOf } from "../sparse/int64.ts";
import { binomialByRejection, binomialByWaiting } from "./binomial.ts";
import { gammaDraw } from "./gamma.ts";
import type { Philox } from "./philox.ts";
import { poissonDraw } from "./poisson.ts";
import { type Draw, drawEach } from "./rejection.ts";
import { knownShapeOf, philoxOf, philoxOfInputs, scramble, shapeOf } from "./stateless.ts";

/** The elements of a tensor of any type of real numbers. */
export function realsOf(tensor: Tensor): ArrayLike<number> {
  return /float/.test(tensor.dtype) ? floatsOf(tensor) : numbersOf(tensor);
}

/** Numbers as a tensor of any type of real numbers; NaN becomes the least integer, as in C on a CPU. */
export function realTensor(dtype: DType, shape: Shape, numbers: Float64Array): NumericTensor {
  if (/float/.test(dtype)) {
    const values = newFloats(dtype as FloatType, numbers.length);
    values.set(numbers);
    return floatTensor(dtype as FloatType, shape, values);
  }
  return integersOf(
    dtype,
    shape,
    numbers.map((number) => (Number.isNaN(number) ? 0 : number)),
  );
}

/** The largest number of a type that counts come in. */
export function largestOf(dtype: DType): number {
  if (dtype === "int32") return 2 ** 31 - 1;
  if (dtype === "int64") return 2 ** 63;
  if (dtype === "float16") return 65504;
  return dtype === "float32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
}

/** @throws StatusError INVALID_ARGUMENT unless the shape ends with that of the parameters. */
export function samplesOf(shape: Shape, parameters: Shape): number {
  const start = shape.length - parameters.length;
  if (start < 0 || !sameShape(shape.slice(start), parameters))
    throw invalidArgument("Shape passed in must end with broadcasted shape.");
  return span(shape.slice(0, start), 0);
}

/** Draws numbers of a shape that ends with the parameters'. */
function drawShape(
  dtype: DType,
  shape: Shape,
  parameters: Tensor,
  draw: (parameter: number) => Draw,
  random: Philox,
): Tensor {
  const samples = samplesOf(shape, parameters.shape);
  const draws = Array.from(realsOf(parameters), draw);
  return realTensor(dtype, shape, drawEach(draws, samples, random));
}

const ofKnownShape = (_: Attributes, [shape]: readonly KnownInput[]): readonly [PartialShape] =>
  knownShapeOf(shape!);

function gamma(randomOf: (inputs: readonly Tensor[]) => Philox): HostOp {
  return {
    shapes: ofKnownShape,
    compile: (attrs) => {
      const dtype = attrs.dtype("dtype");
      return (inputs) => {
        const shape = shapeOf(inputs[0]!);
        const random = randomOf(inputs);
        if (span(shape, 0) === 0) return [realTensor(dtype, shape, new Float64Array(0))];
        return [drawShape(dtype, shape, inputs.at(-1)!, gammaDraw, random)];
      };
    },
  };
}

const poisson: HostOp = {
  shapes: ofKnownShape,
  compile: (attrs) => {
    const dtype = attrs.dtype("dtype");
    const largest = largestOf(dtype);
    return ([shape, seed, rates]) => {
      const dims = shapeOf(shape!);
      const random = philoxOf(scramble(seed!));
      if (span(dims, 0) === 0) return [realTensor(dtype, dims, new Float64Array(0))];
      return [drawShape(dtype, dims, rates!, (rate) => poissonDraw(rate, largest), random)];
    };
  },
};

/** Blocks for each number, and for each that comes of waiting times. */
const [RESERVED, RESERVED_WAITING] = [256, 42];

/** From this many successes on average on they are drawn by rejection. */
const REJECTION_MEAN = 10;

/** Rounds as the type of the counts does. */
function roundingOf(dtype: DType): (value: number) => number {
  if (dtype === "float16") return Math.f16round;
  return dtype === "float32" ? Math.fround : (value) => value;
}

interface BinomialDraw {
  readonly draw: Draw;
  readonly reserved: number;
}

function binomialDraw(count: number, chance: number, round: (value: number) => number): BinomialDraw {
  const constant = (value: number): BinomialDraw => ({ draw: () => value, reserved: 0 });
  if (count <= 0 || chance <= 0) return constant(0);
  if (chance >= 1) return constant(count);
  if (Number.isNaN(chance) || !Number.isFinite(count)) return constant(Number.NaN);
  // Failures are counted if they are fewer.
  const isFew = chance <= 0.5;
  const rarer = isFew ? chance : round(1 - chance);
  const isRejecting = round(count * rarer) >= REJECTION_MEAN;
  const draw = isRejecting ? binomialByRejection(count, rarer) : binomialByWaiting(count, rarer);
  return {
    draw: isFew ? draw : (source) => count - draw(source),
    reserved: isRejecting ? RESERVED : RESERVED_WAITING,
  };
}

const binomial: HostOp = {
  shapes: ofKnownShape,
  compile: (attrs) => {
    const dtype = attrs.dtype("dtype");
    const round = roundingOf(attrs.dtype("T"));
    return ([shape, seed, counts, chances]) => {
      const random = philoxOf(scramble(seed!));
      const common = broadcastShape(counts!.shape, chances!.shape);
      if (common === undefined) {
        throw invalidArgument(
          "counts and probs must have compatible batch dimensions: " +
            `${formatShape(counts!.shape)} vs. ${formatShape(chances!.shape)}`,
        );
      }
      if (shape!.shape.length !== 1) {
        throw invalidArgument(`Input shape should be a vector, got shape: ${formatShape(shape!.shape)}`);
      }
      const dims = shapeOf(shape!);
      const samples = samplesOf(dims, common);
      if (span(dims, 0) === 0) return [realTensor(dtype, dims, new Float64Array(0))];
      const all = realsOf(broadcastTo(counts!, common));
      const each = realsOf(broadcastTo(chances!, common));
      const draws = Array.from(all, (count, i) => binomialDraw(count, each[i]!, round));
      const numbers = drawEach(
        draws.map(({ draw }) => draw),
        samples,
        random,
        (i) => draws[i]!.reserved,
      );
      return [realTensor(dtype, dims, numbers)];
    };
  },
};

/** Numbers that are drawn until one is accepted, that depend on nothing but their inputs. */
export const statelessDraws: HostFamily = {
  StatelessRandomGammaV2: gamma(([, seed]) => philoxOf(scramble(seed!))),
  StatelessRandomGammaV3: gamma(([, key, counter, alg]) => philoxOfInputs(key!, counter!, alg!)),
  StatelessRandomPoisson: poisson,
  StatelessRandomBinomial: binomial,
};
