import { internal, invalidArgument } from "../../status/status.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";

/** A box within a tensor: where it begins and how far it goes, per dimension. */
export interface TensorSlice {
  readonly start: Shape;
  readonly length: Shape;
}

export function wholeOf(shape: Shape): TensorSlice {
  return { start: shape.map(() => 0), length: shape };
}

/** What two boxes of the same rank have in common, if anything. */
export function intersection(a: TensorSlice, b: TensorSlice): TensorSlice | undefined {
  const start: number[] = [];
  const length: number[] = [];
  for (let d = 0; d < a.start.length; d++) {
    const from = Math.max(a.start[d]!, b.start[d]!);
    const to = Math.min(a.start[d]! + a.length[d]!, b.start[d]! + b.length[d]!);
    if (to <= from) return undefined;
    start.push(from);
    length.push(to - from);
  }
  return { start, length };
}

/**
 * The position, in elements, of `part` in a row-major array that holds `whole`, if its elements lie there in one run
 * and in their own order.
 */
export function runOffset(part: TensorSlice, whole: TensorSlice): number | undefined {
  let offset = 0;
  let stride = 1;
  let complete = true;
  for (let d = part.start.length - 1; d >= 0; d--) {
    const skip = part.start[d]! - whole.start[d]!;
    if (skip < 0 || skip + part.length[d]! > whole.length[d]!) return undefined;
    if (!complete && part.length[d] !== 1) return undefined;
    if (part.length[d] !== whole.length[d]) complete = false;
    offset += skip * stride;
    stride *= whole.length[d]!;
  }
  return offset;
}

/**
 * What two boxes have in common, as runs of elements: `move` is told where each begins in a row-major array that holds
 * `source` and in one that holds `target`, and how long it is.
 */
export function overlapRuns(
  source: TensorSlice,
  target: TensorSlice,
  move: (from: number, to: number, count: number) => void,
): void {
  const shared = intersection(source, target);
  if (shared === undefined) return;
  const rank = shared.start.length;
  if (rank === 0) {
    move(0, 0, 1);
    return;
  }
  const descend = (d: number, from: number, to: number): void => {
    const fromHere = from * source.length[d]! + shared.start[d]! - source.start[d]!;
    const toHere = to * target.length[d]! + shared.start[d]! - target.start[d]!;
    const count = shared.length[d]!;
    if (d === rank - 1) move(fromHere, toHere, count);
    else for (let i = 0; i < count; i++) descend(d + 1, fromHere + i, toHere + i);
  };
  descend(0, 0, 0);
}

/** The slice as checkpoints keep it: a dimension that is taken whole has the length -1. */
export function asStored({ start, length }: TensorSlice, shape: Shape): TensorSlice {
  return { start, length: length.map((count, d) => (start[d] === 0 && count === shape[d] ? -1 : count)) };
}

/** `0,5:-`, as TensorFlow writes it; `-` for a length of -1. */
export function formatSlice({ start, length }: TensorSlice): string {
  return start.map((from, d) => (length[d]! < 0 ? "-" : `${from},${length[d]}`)).join(":");
}

/** A slice of a tensor, and the tensor's shape. */
export interface ShapeAndSlice {
  readonly shape: Shape;
  readonly slice: TensorSlice;
  /** The slice as it was written: -1 for the length of a dimension that is taken whole. */
  readonly stored: TensorSlice;
}

/**
 * The box that a `shape_and_slices` element of RestoreV2 names: the tensor's dimensions, each followed by a blank, and
 * `start,length` (or `-` for all) per dimension, with colons between: `10 4 0,5:-`. Empty text means the whole tensor.
 * @throws StatusError in the words of `ParseShapeAndSlice` (tensorflow/core/util/saved_tensor_slice_util.cc) for other
 * text: INVALID_ARGUMENT, or INTERNAL for a slice that doesn't fit the shape.
 */
export function parseShapeAndSlice(text: string): ShapeAndSlice | undefined {
  if (text === "") return undefined;
  const words = text.split(" ");
  if (words.length < 2)
    throw invalidArgument(`Need least two elements in shape_and_slice specification: ${text}`);
  const written = words.pop()!;
  const stored = parseSlice(written);
  const shape = words.map((word) => {
    if (!/^\d{1,15}$/.test(word))
      throw invalidArgument(`Non numerical dimension in shape_and_slice: ${text}`);
    return Number(word);
  });
  const where = `shape = ${formatShape(shape)}, slice = ${written}`;
  if (stored.start.length !== shape.length) throw internal(`Mismatching ranks: ${where}`);
  const length = stored.length.map((count, d) => (count < 0 ? shape[d]! : count));
  const beyond = shape.findIndex((dim, d) => stored.start[d]! + length[d]! > dim);
  if (beyond >= 0) throw internal(`Extent in dimension ${beyond} out of bounds: ${where}`);
  return { shape, slice: { start: stored.start, length }, stored };
}

/** `TensorSlice::Parse`. */
function parseSlice(text: string): TensorSlice {
  const start: number[] = [];
  const length: number[] = [];
  for (const extent of text === "" ? [] : text.split(":")) {
    if (extent !== "-" && !/^-?\d{1,15},-?\d{1,15}$/.test(extent)) {
      throw invalidArgument(`Expected a pair of numbers or '-' but got '${extent}': string = ${text}`);
    }
    const [from, count] = extent === "-" ? [0, -1] : (extent.split(",").map(Number) as [number, number]);
    if (extent !== "-" && (from < 0 || count <= 0)) {
      throw invalidArgument(
        `Expected non-negative start and positive length but got start = ${from}, length = ${count}: string = ${text}`,
      );
    }
    start.push(from);
    length.push(count);
  }
  return { start, length };
}
