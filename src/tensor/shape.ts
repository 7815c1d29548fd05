import { invalidArgument } from "../status/status.ts";

/** Row-major dimensions. `[]` is a scalar. */
export type Shape = readonly number[];

/** A declared shape: `undefined` for unknown rank; -1 for an unknown dimension. */
export type PartialShape = readonly number[] | undefined;

/** TensorFlow's largest rank (TensorShape::MaxDimensions). */
export const MAX_RANK = 254;

/**
 * The number of elements, 1 for a scalar.
 * @throws StatusError INVALID_ARGUMENT for a negative dimension or a product above 2^53 - 1.
 */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const dim of shape) {
    if (!(dim >= 0)) throw invalidArgument(`Shape ${formatShape(shape)} has a negative dimension`);
    count *= dim;
  }
  // A zero elsewhere must not hide an overflow, so only the product is checked.
  if (count > Number.MAX_SAFE_INTEGER) {
    throw invalidArgument(`Shape ${formatShape(shape)} has more elements than can be addressed`);
  }
  return count;
}

/** As TensorFlow prints it: `[2,3]`, `[?,3]` for an unknown dimension, `<unknown>` for an unknown rank. */
export function formatShape(shape: PartialShape): string {
  if (shape === undefined) return "<unknown>";
  return `[${shape.map((dim) => (dim < 0 ? "?" : String(dim))).join(",")}]`;
}

/** Whether a tensor of this shape may be fed where `declared` is asked for. */
export function isCompatible(shape: Shape, declared: PartialShape): boolean {
  if (declared === undefined) return true;
  if (shape.length !== declared.length) return false;
  for (let i = 0; i < shape.length; i++) {
    const want = declared[i]!;
    if (want >= 0 && want !== shape[i]) return false;
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
