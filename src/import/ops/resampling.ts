import type { OnnxBuilder } from "../onnx/builder.ts";
import { isNumber, knownElements, type Value } from "../onnx/value.ts";

// Where the pixels of a resized image lie in the original. All arithmetic is float32, step by step as TensorFlow's,
// since a coordinate's rounding decides which pixels are read. What is constant of it is folded when a session is made.

/** How the corners of both images are laid over each other, along one axis. */
export type Alignment = "corners" | "half_pixel" | "top_left";

/** One axis of an image that is resized. */
export interface ResizedAxis {
  readonly axis: number;
  /** Both int64 scalars. */
  readonly from: Value;
  readonly to: Value;
}

/** One of a tensor's sizes, an int64 scalar. */
export function sizeAt(onnx: OnnxBuilder, x: Value, axis: number): Value {
  const known = x.shape?.[axis];
  if (known !== undefined && isNumber(known)) return onnx.scalar("int64", known);
  return onnx.op("Gather", [onnx.op("Shape", [x]), onnx.scalar("int64", axis)]);
}

/** The two image axes of NHWC data, to be resized to `size` (height and width, int32). */
export function resizedAxes(onnx: OnnxBuilder, x: Value, size: Value): readonly [ResizedAxis, ResizedAxis] {
  const sizes = onnx.cast(size, "int64");
  const at = (i: number): ResizedAxis => ({
    axis: i + 1,
    from: sizeAt(onnx, x, i + 1),
    to: onnx.op("Gather", [sizes, onnx.scalar("int64", i)]),
  });
  return [at(0), at(1)];
}

/** How many original pixels lie between two resized ones, a float32 scalar. */
export function scaleOf(onnx: OnnxBuilder, { from, to }: ResizedAxis, alignment: Alignment): Value {
  const ratio = onnx.op("Div", [onnx.cast(from, "float32"), onnx.cast(to, "float32")]);
  if (alignment !== "corners") return ratio;
  const one = onnx.scalar("int64", 1);
  const [gaps, steps] = [onnx.op("Sub", [from, one]), onnx.op("Sub", [to, one])];
  const between = onnx.op("Div", [onnx.cast(gaps, "float32"), onnx.cast(steps, "float32")]);
  const known = knownElements(to)?.[0];
  if (known !== undefined) return known > 1 ? between : ratio;
  return onnx.op("Where", [onnx.op("Greater", [to, one]), between, ratio]);
}

/** 0, 1, 2, ... for each resized pixel, float32. */
export function positions(onnx: OnnxBuilder, { to }: ResizedAxis): Value {
  return onnx.cast(onnx.op("Range", [onnx.scalar("int64", 0), to, onnx.scalar("int64", 1)]), "float32");
}

/** For each resized pixel its place in the original, float32. */
export function coordinates(onnx: OnnxBuilder, axis: ResizedAxis, alignment: Alignment): Value {
  const at = positions(onnx, axis);
  const scale = scaleOf(onnx, axis, alignment);
  if (alignment !== "half_pixel") return onnx.op("Mul", [at, scale]);
  const half = onnx.scalar("float32", 0.5);
  return onnx.op("Sub", [onnx.op("Mul", [onnx.op("Add", [at, half]), scale]), half]);
}

/** Whole coordinates (float32) as indices into the axis: what lies outside is brought to the edge. */
export function indices(onnx: OnnxBuilder, places: Value, { from }: ResizedAxis): Value {
  const last = onnx.op("Sub", [from, onnx.scalar("int64", 1)]);
  const inside = onnx.op("Max", [onnx.cast(places, "int64"), onnx.scalar("int64", 0)]);
  return onnx.op("Min", [inside, last]);
}

/** The same of coordinates that are never as low as -1: rounding towards zero brings those before the first one to it. */
export function indicesAfterStart(onnx: OnnxBuilder, places: Value, { from }: ResizedAxis): Value {
  const last = onnx.op("Sub", [from, onnx.scalar("int64", 1)]);
  return onnx.op("Min", [onnx.cast(places, "int64"), last]);
}

/** The chosen rows or columns of an image. */
export function pick(onnx: OnnxBuilder, x: Value, at: Value, { axis }: ResizedAxis): Value {
  return onnx.op("Gather", [x, at], { axis });
}

/** A vector with an entry per resized pixel of the axis, made to broadcast against NHWC data. */
export function alongAxis(onnx: OnnxBuilder, vector: Value, { axis }: ResizedAxis): Value {
  const behind = Array.from({ length: 3 - axis }, (_, i) => i + 1);
  return onnx.op("Unsqueeze", [vector, onnx.ints(behind)]);
}

/** Rounds coordinates, which are at least 0; a half goes up. */
export function roundHalfUp(onnx: OnnxBuilder, x: Value): Value {
  const below = onnx.op("Floor", [x]);
  const rest = onnx.op("Sub", [x, below]);
  const up = onnx.op("GreaterOrEqual", [rest, onnx.scalar("float32", 0.5)]);
  return onnx.op("Add", [below, onnx.cast(up, "float32")]);
}
