import { randomBytes } from "node:crypto";
import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { pick, span } from "../arrays/elements.ts";
import { knownIntegers } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import type { FloatType } from "../math/floats.ts";
import { type Distribution, integerBetween, normal, truncatedNormal, uniform } from "./distributions.ts";
import { gammaDraw } from "./gamma.ts";
import { drawClasses } from "./multinomial.ts";
import { type Philox, philoxOfSeeds, WORDS_PER_BLOCK } from "./philox.ts";
import { poissonDraw } from "./poisson.ts";
import { type Draw, drawEach } from "./rejection.ts";
import { knownShapeOf, shapeOf } from "./stateless.ts";
import { largestOf, realsOf, realTensor } from "./stateless-draws.ts";

/** Blocks that an op lays aside for each number that it returns, so that rejected ones don't run out (random_op.cc). */
const RESERVED_PER_NUMBER = 256;

/** The random numbers of one node: each run goes on where the last one ended. */
export class Stream {
  readonly #start: Philox;
  readonly #used: BigInt64Array;

  /** @param used the blocks that were used up; only what has seeds shares its stream with other threads. */
  constructor(attrs: Attributes, used: BigInt64Array = new BigInt64Array(1)) {
    const [seed, seed2] = [attrs.bigint("seed"), attrs.bigint("seed2")];
    const isSeeded = seed !== 0n || seed2 !== 0n;
    this.#start = isSeeded ? philoxOfSeeds(seed, seed2) : philoxOfSeeds(entropy(), entropy());
    this.#used = isSeeded ? used : new BigInt64Array(1);
  }

  /** A generator with so many words of its own. */
  reserve(words: number): Philox {
    const used = Atomics.add(this.#used, 0, BigInt(Math.ceil(words / WORDS_PER_BLOCK)));
    const own = this.#start.copy();
    own.skip(Number(used));
    return own;
  }

  /** A generator for so many numbers, of each of which it may reject some. */
  reserveNumbers(count: number): Philox {
    return this.reserve(count * RESERVED_PER_NUMBER * WORDS_PER_BLOCK);
  }
}

function entropy(): bigint {
  return randomBytes(8).readBigUInt64LE();
}

function drawing(choose: (attrs: Attributes, rest: readonly Tensor[]) => Distribution): HostOp {
  return {
    shapes: (_, [shape]) => knownShapeOf(shape!),
    compile: (attrs, used) => {
      const stream = new Stream(attrs, used);
      return ([shape, ...rest]) => {
        const dims = shapeOf(shape!);
        return [choose(attrs, rest)(dims, stream.reserveNumbers(span(dims, 0)))];
      };
    },
  };
}

const floatType = (attrs: Attributes): FloatType => attrs.dtype("dtype") as FloatType;

/** Puts the rows in another order. */
const shuffle: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs, used) => {
    const stream = new Stream(attrs, used);
    return ([input]) => {
      const { shape } = input!;
      if (shape.length === 0 || span(shape, 0) <= 1) return [input!];
      const rows = shape[0]!;
      const words = new Uint32Array(Math.ceil(rows / WORDS_PER_BLOCK) * WORDS_PER_BLOCK);
      stream.reserve(rows - 1).fill(words);
      const order = Int32Array.from({ length: rows }, (_, row) => row);
      for (let i = 0; i < rows - 1; i++) {
        const other = i + (words[i]! % (rows - i));
        const row = order[i]!;
        order[i] = order[other]!;
        order[other] = row;
      }
      const width = span(shape, 1);
      const sources = new Int32Array(rows * width);
      for (let i = 0; i < sources.length; i++) {
        sources[i] = order[Math.floor(i / width)]! * width + (i % width);
      }
      return [pick(input!, shape, sources)];
    };
  },
};

const multinomial: HostOp = {
  shapes: (_, [logits, count]) => [[logits!.shape?.[0] ?? -1, knownIntegers(count!)?.[0] ?? -1]],
  compile: (attrs, used) => {
    const dtype = attrs.dtype("output_dtype") as "int32" | "int64";
    const stream = new Stream(attrs, used);
    return ([logits, count]) => {
      // Two words for each number.
      const numbers = (logits!.shape[0] ?? 0) * Math.ceil(Number(count!.data[0]) / 4) * 4 * 2;
      return [drawClasses(logits!, count!, dtype, stream.reserveNumbers(Math.max(0, numbers)))];
    };
  },
};

/** Of a shape, then that of the parameters. */
function drawingEach(
  typeOf: (attrs: Attributes) => DType,
  drawOf: (attrs: Attributes) => (parameter: number) => Draw,
  name: string,
): HostOp {
  return {
    shapes: (_, [shape, parameters]) => {
      const [known] = knownShapeOf(shape!);
      return [known && parameters!.shape && [...known, ...parameters!.shape]];
    },
    compile: (attrs, used) => {
      const [dtype, draw] = [typeOf(attrs), drawOf(attrs)];
      const stream = new Stream(attrs, used);
      return ([shape, parameters]) => {
        const dims = shapeOf(shape!);
        const [samples, count] = [span(dims, 0), span(parameters!.shape, 0)];
        const all = [...dims, ...parameters!.shape];
        if (samples === 0) return [realTensor(dtype, all, new Float64Array(0))];
        if (count === 0)
          throw invalidArgument(`Input ${name} should have non-zero element count, got: ${count}`);
        const draws = Array.from(realsOf(parameters!), draw);
        return [realTensor(dtype, all, drawEach(draws, samples, stream.reserveNumbers(samples * count)))];
      };
    },
  };
}

const poissonOf = (attrs: Attributes) => {
  const largest = largestOf(attrs.dtype("dtype"));
  return (rate: number): Draw => poissonDraw(rate, largest);
};

const poisson: HostOp = drawingEach((attrs) => attrs.dtype("dtype"), poissonOf, "rate");

const integerUniform: HostOp = drawing((attrs, [min, max]) =>
  integerBetween(attrs.dtype("Tout") as "int32" | "int64", min!, max!),
);

/**
 * Random ops that keep a state. With seeds they give the numbers that TensorFlow gives from a session's start on; without, others each time that the model is loaded.
 */
export const statefulRandom: HostFamily = {
  RandomUniform: drawing((attrs) => uniform(floatType(attrs))),
  RandomStandardNormal: drawing((attrs) => normal(floatType(attrs))),
  TruncatedNormal: drawing((attrs) => truncatedNormal(floatType(attrs))),
  RandomUniformInt: integerUniform,
  RandomShuffle: shuffle,
  Multinomial: multinomial,
  RandomGamma: drawingEach(
    (attrs) => attrs.dtype("T"),
    () => gammaDraw,
    "alpha",
  ),
  RandomPoisson: poisson,
  RandomPoissonV2: poisson,
};
