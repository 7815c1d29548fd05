import { type FloatType, floatTensor, newFloats } from "../host/math/floats.ts";
import { type DType, dtypeInfo } from "../tensor/dtype.ts";
import { elementCount, type Shape } from "../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";
import type { SeededRandom } from "./seeded-random.ts";

/**
 * Ordinary values, or those at the ends of what a type holds, signs and zeros. Infinities and NaN are not among them: what
 * becomes of those in a product with 0, a softmax or a top-k differs between kernels, and tells nothing of a model.
 */
export type ValueKind = "ordinary" | "edges";

type Draw<T> = (random: SeededRandom) => T;

/** What the numbers of one tensor are like: pixels and shares, measurements, features of other scales, flags. */
const ORDINARY_FLOATS: readonly Draw<number>[] = [
  (random) => random.unit(),
  (random) => random.normal(),
  (random) => 10 * random.normal(),
  (random) => random.integer(0, 2),
  (random) => random.integer(-5, 6),
];

/** Their sums are exact, whatever the order: none is only rounding that a comparison in the model makes a difference of. */
const FLOAT_EDGES = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, 0.25, 100, -100];

/** Indexes of small things, of larger ones, amounts. */
const ORDINARY_INTEGERS: readonly Draw<number>[] = [
  (random) => random.integer(0, 2),
  (random) => random.integer(0, 4),
  (random) => random.integer(0, 10),
  (random) => random.integer(0, 100),
  (random) => random.integer(-10, 10),
];

const WORDS = "the a model of and Paris red Red 0 1 42 -7 3.25 1e3 true yes no unknown 2024-05-01 x=1".split(
  " ",
);
const TEXTS: readonly Draw<string>[] = [
  (random) => random.pick(WORDS),
  (random) => String(random.integer(-100, 1000)),
  (random) => random.normal().toFixed(3),
  (random) => Array.from({ length: random.integer(1, 8) }, () => random.pick(WORDS)).join(" "),
];
const STRING_EDGES: readonly Draw<Uint8Array>[] = [
  () => new Uint8Array(0),
  () => Buffer.from("Übergröße, 日本語 🙂"),
  () => Buffer.from(" \t two  spaces\n"),
  () => Buffer.from("a,b;c:d|e!?"),
  (random) => Uint8Array.from({ length: random.integer(1, 40) }, () => random.integer(0, 256)),
];

/** How many bits the whole numbers of a type have, and whether they may be negative. */
const INTEGERS: Readonly<Partial<Record<DType, readonly [bits: number, signed: boolean]>>> = {
  int8: [8, true],
  qint8: [8, true],
  uint8: [8, false],
  quint8: [8, false],
  int16: [16, true],
  qint16: [16, true],
  uint16: [16, false],
  quint16: [16, false],
  int32: [32, true],
  qint32: [32, true],
  uint32: [32, false],
  int64: [64, true],
  uint64: [64, false],
};

/** A scalar or a vector may be a size: one of 2^31 would take all memory, or a loop of so many rounds for ever. */
const AMOUNTS = [-1000n, -1n, 0n, 1n, 2n, 255n, 1000n];

/** A tensor with values of a kind. Undefined for types whose values can't be written down. */
export function madeTensor(
  dtype: DType,
  shape: Shape,
  kind: ValueKind,
  random: SeededRandom,
): Tensor | undefined {
  const count = elementCount(shape);
  const many = <T>(draw: Draw<T>, lanes = 1) => Array.from({ length: count * lanes }, () => draw(random));
  if (dtype === "string") return { dtype, shape, data: many(stringDraw(kind, random)) };
  if (dtype === "bool") return { dtype, shape, data: Uint8Array.from(many((r) => r.integer(0, 2))) };
  const integer = INTEGERS[dtype];
  if (integer !== undefined)
    return integerTensor(
      dtype as NumericTensor["dtype"],
      shape,
      many(integerDraw(integer, shape.length, kind, random)),
    );
  if (dtype === "resource" || dtype === "variant") return undefined;
  const values = many(floatDraw(kind, random), dtypeInfo(dtype).lanes);
  if (dtype === "complex64") return { dtype, shape, data: Float32Array.from(values) };
  if (dtype === "complex128") return { dtype, shape, data: Float64Array.from(values) };
  const floats = newFloats(dtype as FloatType, count);
  floats.set(values);
  return floatTensor(dtype as FloatType, shape, floats);
}

function floatDraw(kind: ValueKind, random: SeededRandom): Draw<number> {
  if (kind === "edges") return (r) => r.pick(FLOAT_EDGES);
  return random.pick(ORDINARY_FLOATS);
}

function integerDraw(
  [bits, signed]: readonly [number, boolean],
  rank: number,
  kind: ValueKind,
  random: SeededRandom,
): Draw<bigint> {
  const least = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const most = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  if (kind !== "ordinary") {
    const edges = bits > 16 && rank < 2 ? AMOUNTS : [least, least + 1n, 0n, 1n, most - 1n, most];
    return (r) => r.pick(edges.filter((value) => value >= least));
  }
  const draw = random.pick(ORDINARY_INTEGERS);
  return (r) => {
    const value = BigInt(draw(r));
    return value < least ? -value : value;
  };
}

function integerTensor(
  dtype: NumericTensor["dtype"],
  shape: Shape,
  values: readonly bigint[],
): NumericTensor {
  if (dtype === "int64") return { dtype, shape, data: BigInt64Array.from(values) };
  if (dtype === "uint64") return { dtype, shape, data: BigUint64Array.from(values) };
  const data = new (dtypeInfo(dtype).array!)(values.length) as Int32Array;
  data.set(values.map(Number));
  return { dtype, shape, data };
}

function stringDraw(kind: ValueKind, random: SeededRandom): Draw<Uint8Array> {
  if (kind !== "ordinary") return (r) => r.pick(STRING_EDGES)(r);
  const draw = random.pick(TEXTS);
  return (r) => Buffer.from(draw(r));
}
