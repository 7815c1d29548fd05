import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { type Dim, isNumber, knownElements, type Value } from "../onnx/value.ts";

/** Beyond the end of any dimension; its negative is before the start. ONNX's Slice clamps both. */
export const FAR = Number.MAX_SAFE_INTEGER;

/** A piece of a vector: a number, or a scalar or vector of integers. */
export type Part = number | Value;

/** The dims of `x` from `start` up to `end` as an int64 vector; a constant as far as they are known. */
export function dimsOf(onnx: OnnxBuilder, x: Value, start = 0, end?: number): Value {
  const attrs = start === 0 && end === undefined ? {} : end === undefined ? { start } : { start, end };
  return onnx.op("Shape", [x], attrs);
}

/** One size of `x`: a number where it is known, else an int64 vector of one element. */
export function dimOf(onnx: OnnxBuilder, x: Value, axis: number): Part {
  const dim = x.shape?.[axis];
  return dim !== undefined && isNumber(dim) ? dim : dimsOf(onnx, x, axis, axis + 1);
}

/** An int64 vector made of the parts in turn. Neighbouring numbers become one constant. */
export function vector(onnx: OnnxBuilder, parts: readonly Part[]): Value {
  const pieces: Value[] = [];
  let numbers: number[] = [];
  const flush = (): void => {
    if (numbers.length > 0) pieces.push(onnx.ints(numbers));
    numbers = [];
  };
  for (const part of parts) {
    if (typeof part === "number") numbers.push(part);
    else {
      flush();
      pieces.push(flat(onnx, onnx.cast(part, "int64")));
    }
  }
  flush();
  if (pieces.length === 0) return onnx.ints([]);
  return pieces.length === 1 ? pieces[0]! : onnx.op("Concat", pieces, { axis: 0 });
}

/** The value as a vector: scalars and tensors of any rank are flattened. */
export function flat(onnx: OnnxBuilder, value: Value): Value {
  return value.shape?.length === 1 ? value : onnx.op("Reshape", [value, onnx.ints([-1])]);
}

/** The only element of a value, as a scalar. */
export function scalarOf(onnx: OnnxBuilder, value: Value): Value {
  return value.shape?.length === 0 ? value : onnx.op("Reshape", [value, onnx.ints([])]);
}

/** Arithmetic on parts, done now if both are numbers. Vectors must be of one element. */
export function combine(onnx: OnnxBuilder, op: keyof typeof ARITHMETIC, a: Part, b: Part): Part {
  if (typeof a === "number" && typeof b === "number") return ARITHMETIC[op](a, b);
  const value = onnx.op(op, [vector(onnx, [a]), vector(onnx, [b])]);
  return knownElements(value)?.[0] ?? value;
}

const ARITHMETIC = {
  Add: (a: number, b: number) => a + b,
  Sub: (a: number, b: number) => a - b,
  Mul: (a: number, b: number) => a * b,
  Div: (a: number, b: number) => Math.trunc(a / b),
  Max: (a: number, b: number) => Math.max(a, b),
  Min: (a: number, b: number) => Math.min(a, b),
} as const;

/** Element `index`, row-major, of an integer tensor: a number where it is known, else an int64 vector of one element. */
export function elementOf(onnx: OnnxBuilder, value: Value, index: number): Part {
  const known = value.elements?.[index];
  if (known !== undefined && isNumber(known)) return known;
  const part = partWith(onnx, value, index);
  if (part !== undefined) return elementOf(onnx, part.value, part.index);
  const wide = flat(onnx, onnx.cast(value, "int64"));
  return value.shape?.length === 0 || (value.shape?.length === 1 && value.shape[0] === 1)
    ? wide
    : onnx.op("Slice", [wide, onnx.ints([index]), onnx.ints([index + 1])]);
}

/** Of a vector that was put together, the part that has the element. */
function partWith(
  onnx: OnnxBuilder,
  vector: Value,
  index: number,
): { readonly value: Value; readonly index: number } | undefined {
  const joined = onnx.producer(onnx.uncast(vector));
  if (joined?.op !== "Concat" || vector.shape?.length !== 1) return undefined;
  let before = 0;
  for (const part of joined.inputs as readonly Value[]) {
    const size = part.shape?.[0];
    if (size === undefined || !isNumber(size)) return undefined;
    if (index < before + size) return { value: part, index: index - before };
    before += size;
  }
  return undefined;
}

/** The product of sizes: a number if all are numbers. */
export function product(onnx: OnnxBuilder, parts: readonly Part[]): Part {
  return parts.reduce((a, b) => (a === 1 ? b : b === 1 ? a : combine(onnx, "Mul", a, b)), 1);
}

/**
 * The number of dimensions.
 * @throws StatusError UNIMPLEMENTED if it isn't known.
 */
export function rankOf(value: Value, what: string): number {
  if (value.shape === undefined) throw unimplemented(`${what} must have a known rank, got an unknown one`);
  return value.shape.length;
}

/**
 * The numbers in an integer tensor, row-major.
 * @throws StatusError UNIMPLEMENTED if they aren't known before the graph runs.
 */
export function knownInts(value: Value, what: string): readonly number[] {
  const known = knownElements(value);
  if (known === undefined) throw unimplemented(`${what} must be constant, got a computed tensor`);
  return known;
}

/**
 * An axis given by a tensor, counted from the front if the rank is known.
 * @throws StatusError UNIMPLEMENTED if it isn't known before the graph runs.
 */
export function knownAxis(value: Value, rank: number | undefined, what = "axis"): number {
  const axis = knownInts(value, what)[0]!;
  return axis < 0 && rank !== undefined ? axis + rank : axis;
}

/** The same tensor with what else is known of its shape. */
export function withShape(value: Value, shape: readonly Dim[] | undefined): Value {
  return shape === undefined || value.constant !== undefined ? value : { ...value, shape };
}
