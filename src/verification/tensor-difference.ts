import { floatsOf } from "../host/math/floats.ts";
import { type DType, dataTypeString, dtypeInfo } from "../tensor/dtype.ts";
import { formatShape, type Shape, sameShape } from "../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";

/** How far a number may be from what is expected: `absolute + relative * |expected|`. */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

const EXACT: Tolerance = { relative: 0, absolute: 0 };

/** A few roundings of each type, added up over some hundred elements. What isn't here must be equal. */
const DEFAULTS: Readonly<Partial<Record<DType, Tolerance>>> = {
  float64: { relative: 1e-6, absolute: 1e-8 },
  complex128: { relative: 1e-6, absolute: 1e-8 },
  float32: { relative: 1e-4, absolute: 1e-5 },
  complex64: { relative: 1e-4, absolute: 1e-5 },
  float16: { relative: 1e-2, absolute: 1e-3 },
  bfloat16: { relative: 3e-2, absolute: 1e-2 },
};

/**
 * The tolerance of a type; 0 for all but floating and complex ones.
 * @param chosen what takes the place of the defaults.
 */
export function toleranceOf(dtype: DType, chosen: Partial<Tolerance> = {}): Tolerance {
  const known = DEFAULTS[dtype];
  return known === undefined ? EXACT : { ...known, ...chosen };
}

export interface TensorDifference {
  /** The largest |got - expected|; 0 for strings, and for tensors that have nothing to compare. */
  readonly maxAbsolute: number;
  /** The largest |got - expected| / |expected|, of what is expected not to be 0. */
  readonly maxRelative: number;
  /** The first thing that is beyond the tolerance, in words; undefined if nothing is. */
  readonly problem: string | undefined;
}

/**
 * Compares a tensor with what is expected. NaN equals NaN, and infinities must be the same. A complex number is
 * compared by its distance in the plane.
 */
export function tensorDifference(
  got: Tensor,
  expected: Tensor,
  chosen: Partial<Tolerance> = {},
): TensorDifference {
  if (got.dtype !== expected.dtype) {
    return incomparable(`is ${dataTypeString(got.dtype)} instead of ${dataTypeString(expected.dtype)}`);
  }
  if (!sameShape(got.shape, expected.shape)) {
    return incomparable(`has the shape ${formatShape(got.shape)} instead of ${formatShape(expected.shape)}`);
  }
  if (got.dtype === "string") return stringDifference(got.data, expected.data as Uint8Array[], got.shape);
  const [a, b] = [numbersOf(got), numbersOf(expected as NumericTensor)];
  const tolerance = toleranceOf(got.dtype, chosen);
  const { lanes } = dtypeInfo(got.dtype);
  return lanes === 2
    ? complexDifference(a as ArrayLike<number>, b as ArrayLike<number>, tolerance, got.shape)
    : numberDifference(a, b, tolerance, got.shape);
}

function incomparable(problem: string): TensorDifference {
  return { maxAbsolute: 0, maxRelative: 0, problem };
}

function numbersOf(tensor: NumericTensor): ArrayLike<number | bigint> {
  return tensor.dtype === "float16" || tensor.dtype === "bfloat16" ? floatsOf(tensor) : tensor.data;
}

function stringDifference(
  got: readonly Uint8Array[],
  expected: readonly Uint8Array[],
  shape: Shape,
): TensorDifference {
  const at = expected.findIndex((bytes, i) => Buffer.compare(bytes, got[i]!) !== 0);
  if (at < 0) return { maxAbsolute: 0, maxRelative: 0, problem: undefined };
  return incomparable(`${placeOf(at, shape)} is ${quoted(got[at]!)} instead of ${quoted(expected[at]!)}`);
}

const LONGEST_STRING = 60;

function quoted(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  const shown = JSON.stringify(text.slice(0, LONGEST_STRING));
  return text.length > LONGEST_STRING ? `${shown}... (${bytes.length} bytes)` : shown;
}

function numberDifference(
  got: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
  { absolute, relative }: Tolerance,
  shape: Shape,
): TensorDifference {
  let [maxAbsolute, maxRelative, at] = [0, 0, -1];
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [got[i]!, expected[i]!];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    // Large int64s differ in bits that numbers don't have.
    const distance =
      typeof a === "bigint" ? magnitude(Number(a - (b as bigint))) : magnitude(Number(a) - Number(b));
    const size = Math.abs(Number(b));
    if (distance > maxAbsolute) maxAbsolute = distance;
    if (size > 0 && distance / size > maxRelative) maxRelative = distance / size;
    if (at < 0 && !isWithin(distance, absolute + relative * size)) at = i;
  }
  const problem = at < 0 ? undefined : `${placeOf(at, shape)} is ${got[at]} instead of ${expected[at]}`;
  return { maxAbsolute, maxRelative, problem };
}

function complexDifference(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute, relative }: Tolerance,
  shape: Shape,
): TensorDifference {
  let [maxAbsolute, maxRelative, at] = [0, 0, -1];
  for (let i = 0; i < expected.length; i += 2) {
    const distance = Math.hypot(
      laneDistance(got[i]!, expected[i]!),
      laneDistance(got[i + 1]!, expected[i + 1]!),
    );
    if (distance === 0) continue;
    const size = Math.hypot(expected[i]!, expected[i + 1]!);
    if (distance > maxAbsolute) maxAbsolute = distance;
    if (size > 0 && distance / size > maxRelative) maxRelative = distance / size;
    if (at < 0 && !isWithin(distance, absolute + relative * size)) at = i;
  }
  const text = (all: ArrayLike<number>) => `${all[at]}+${all[at + 1]}i`;
  const problem =
    at < 0 ? undefined : `${placeOf(at / 2, shape)} is ${text(got)} instead of ${text(expected)}`;
  return { maxAbsolute, maxRelative, problem };
}

function laneDistance(a: number, b: number): number {
  return a === b || (Number.isNaN(a) && Number.isNaN(b)) ? 0 : magnitude(a - b);
}

/** One that isn't a number is as far as can be. */
function magnitude(difference: number): number {
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.abs(difference);
}

/** An infinite number has an infinite tolerance, within which nothing else is. */
function isWithin(distance: number, tolerance: number): boolean {
  return distance <= tolerance && distance !== Number.POSITIVE_INFINITY;
}

/** `[1,0]`: where an element is. Empty in a scalar. */
function placeOf(index: number, shape: Shape): string {
  const place: number[] = [];
  let rest = index;
  for (const size of shape.toReversed()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return shape.length === 0 ? "" : `[${place.join(",")}]`;
}
