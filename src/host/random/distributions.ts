import { invalidArgument } from "../../status/status.ts";
import type { NumericArray } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import { type Floats, type FloatType, floatTensor, newFloats } from "../math/floats.ts";
import { type Philox, WORDS_PER_BLOCK } from "./philox.ts";

// How TensorFlow makes numbers of random words: core/lib/random/random_distributions.h and kernels/random_op_cpu.h.

/** Takes its random words from a generator, whose state is as it likes afterwards. */
export type Distribution = (shape: Shape, random: Philox) => NumericTensor;

/** Blocks that each group of numbers of a distribution that rejects has for itself, per number. */
const RESERVED_PER_NUMBER = 256;

function wordsFor(count: number, random: Philox): Uint32Array {
  const words = new Uint32Array(Math.ceil(count / WORDS_PER_BLOCK) * WORDS_PER_BLOCK);
  random.fill(words);
  return words;
}

/** Of 64 random bits, as two words, a number in [0, 1). */
export function fraction64(high: number, low: number): number {
  return (high & 0xfffff) / 2 ** 20 + low / 2 ** 52;
}

/** The random bits that become a fraction: as many as the type has. */
const FRACTION_BITS = { float16: 10, bfloat16: 7, float32: 23 } as const;

export function uniform(dtype: FloatType): Distribution {
  return (shape, random) => {
    const count = span(shape, 0);
    const out = newFloats(dtype, count);
    if (dtype === "float64") {
      const words = wordsFor(2 * count, random);
      for (let i = 0; i < count; i++) out[i] = fraction64(words[2 * i]!, words[2 * i + 1]!);
    } else {
      const words = wordsFor(count, random);
      const size = 2 ** FRACTION_BITS[dtype];
      for (let i = 0; i < count; i++) out[i] = (words[i]! & (size - 1)) / size;
    }
    return floatTensor(dtype, shape, out);
  };
}

/** Below this a uniform number has no logarithm worth taking. */
const SMALLEST_UNIFORM = Math.fround(1e-7);

/** Box and Muller's two normal numbers of two random words, rounded at each step as in float32. */
function normalPair32(a: number, b: number, out: Floats | Float32Array, at: number): void {
  const u = Math.max((a & 0x7fffff) / 2 ** 23, SMALLEST_UNIFORM);
  const angle = Math.fround(2 * Math.PI * ((b & 0x7fffff) / 2 ** 23));
  const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(u)))));
  out[at] = Math.fround(Math.sin(angle)) * radius;
  if (at + 1 < out.length) out[at + 1] = Math.fround(Math.cos(angle)) * radius;
}

/** The same of four words, in float64. */
export function normalPair64(words: Uint32Array, from: number, out: Floats, at: number): void {
  const u = Math.max(fraction64(words[from]!, words[from + 1]!), 1e-7);
  const angle = 2 * Math.PI * fraction64(words[from + 2]!, words[from + 3]!);
  const radius = Math.sqrt(-2 * Math.log(u));
  out[at] = Math.sin(angle) * radius;
  if (at + 1 < out.length) out[at + 1] = Math.cos(angle) * radius;
}

export function normal(dtype: FloatType): Distribution {
  return (shape, random) => {
    const count = span(shape, 0);
    const out = newFloats(dtype, count);
    if (dtype === "float64") {
      const words = wordsFor(2 * count, random);
      for (let i = 0; i < count; i += 2) normalPair64(words, 2 * i, out, i);
    } else {
      const words = wordsFor(count, random);
      for (let i = 0; i < count; i += 2) normalPair32(words[i]!, words[i + 1]!, out, i);
    }
    return floatTensor(dtype, shape, out);
  };
}

/** Normal numbers this far out are drawn anew. */
const TRUNCATED_AT = 2;

/** Each group of numbers, as many as a block has room for, draws from blocks of its own until it is full. */
export function truncatedNormal(dtype: FloatType): Distribution {
  const perGroup = dtype === "float64" ? 2 : 4;
  return (shape, random) => {
    const count = span(shape, 0);
    const out = newFloats(dtype, count);
    const words = new Uint32Array(WORDS_PER_BLOCK);
    const pairs = dtype === "float64" ? new Float64Array(2) : new Float32Array(4);
    for (let start = 0; start < count; start += perGroup) {
      const own = random.copy();
      own.skip(((start / perGroup) * perGroup * RESERVED_PER_NUMBER) / WORDS_PER_BLOCK);
      const end = Math.min(count, start + perGroup);
      for (let at = start; at < end; ) {
        own.fill(words);
        if (dtype === "float64") normalPair64(words, 0, pairs, 0);
        else {
          normalPair32(words[0]!, words[1]!, pairs, 0);
          normalPair32(words[2]!, words[3]!, pairs, 2);
        }
        for (let i = 0; i < pairs.length && at < end; i++) {
          if (Math.abs(pairs[i]!) < TRUNCATED_AT) out[at++] = pairs[i]!;
        }
      }
    }
    return floatTensor(dtype, shape, out);
  };
}

export type IntegerType = "int32" | "int64" | "uint32" | "uint64";

/** Integers from all that the type holds. */
export function anyInteger(dtype: IntegerType): Distribution {
  return (shape, random) => {
    const count = span(shape, 0);
    if (dtype === "int32" || dtype === "uint32") {
      const { buffer } = wordsFor(count, random);
      return {
        dtype,
        shape,
        data: dtype === "int32" ? new Int32Array(buffer, 0, count) : new Uint32Array(buffer, 0, count),
      };
    }
    const { buffer } = wordsFor(2 * count, random);
    const data: NumericArray =
      dtype === "int64" ? new BigInt64Array(buffer, 0, count) : new BigUint64Array(buffer, 0, count);
    return { dtype, shape, data };
  };
}

/**
 * Integers from `min` up to but without `max`, scalars of the type.
 * @throws StatusError INVALID_ARGUMENT for an empty range.
 */
export function integerBetween(dtype: IntegerType, min: Tensor, max: Tensor): Distribution {
  requireScalar("minval", min);
  requireScalar("maxval", max);
  const [low, high] = [BigInt(min.data[0] as number), BigInt(max.data[0] as number)];
  if (low >= high) throw invalidArgument(`Need minval < maxval, got ${low} >= ${high}`);
  return (shape, random) => {
    const count = span(shape, 0);
    if (dtype === "int64" || dtype === "uint64") {
      const { buffer } = wordsFor(2 * count, random);
      const bits = new BigUint64Array(buffer, 0, count);
      const range = high - low;
      const data = dtype === "int64" ? new BigInt64Array(count) : new BigUint64Array(count);
      for (let i = 0; i < count; i++) data[i] = low + (bits[i]! % range);
      return { dtype, shape, data };
    }
    const words = wordsFor(count, random);
    const [start, range] = [Number(low), Number(high - low)];
    const data = dtype === "int32" ? new Int32Array(count) : new Uint32Array(count);
    for (let i = 0; i < count; i++) data[i] = start + (words[i]! % range);
    return { dtype, shape, data };
  };
}

function requireScalar(name: string, tensor: Tensor): void {
  if (tensor.shape.length === 0) return;
  throw invalidArgument(`${name} must be 0-D, got shape [${tensor.shape}]`);
}
