import { reductionAxes } from "../../host/arrays/gradient-args.ts";
import { invalidArgument, unimplemented } from "../../status/status.ts";
import { formatShape, type PartialShape } from "../../tensor/shape.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { broadcast } from "../onnx/shapes/rule.ts";
import { type Dim, isNumber, knownElements, type Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { combine, dimsOf, elementOf, FAR, flat, knownInts, vector, withShape } from "./int-vector.ts";
import { reshape } from "./reshape-target.ts";
import { unless } from "./run-time-check.ts";

const shapeN: Translator = (node, onnx) =>
  node.inputs.map((x) => onnx.cast(dimsOf(onnx, x), node.attrs.dtype("out_type")));

const size: Translator = (node, onnx) =>
  onnx.cast(onnx.op("Size", node.inputs), node.attrs.dtype("out_type"));

const rank: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  if (x.shape !== undefined) return onnx.scalar("int32", x.shape.length);
  return onnx.cast(onnx.op("Size", [dimsOf(onnx, x)]), "int32");
};

const transpose: Translator = (node, onnx) => {
  const [x, permutation] = node.inputs as [Value, Value];
  const given = knownInts(permutation, "perm");
  const perm = given.map((axis) => (axis < 0 ? axis + given.length : axis));
  const before = onnx.producer(x);
  if (before?.op !== "Transpose" || onnx.hasChannelsFirst(x)) return transposed(onnx, x, perm);
  const inner = before.attrs.perm as readonly number[];
  return transposed(
    onnx,
    before.inputs[0]!,
    perm.map((axis) => inner[axis]!),
  );
};

function transposed(onnx: OnnxBuilder, x: Value, perm: readonly number[]): Value {
  return perm.every((axis, i) => axis === i) ? x : onnx.op("Transpose", [x], { perm });
}

const expandDims: Translator = (node, onnx) => {
  const [x, dim] = node.inputs as [Value, Value];
  const expanded = onnx.op("Unsqueeze", [x, flat(onnx, onnx.cast(dim, "int64"))]);
  if (expanded.shape !== undefined || x.shape === undefined) return expanded;
  return withShape(expanded, [...x.shape, 1].map(onnx.fresh));
};

/** What `x` was before the very axes were added that are now to be removed. */
export function unexpanded(onnx: OnnxBuilder, x: Value, dims: readonly number[]): Value | undefined {
  const node = onnx.producer(x);
  const added = node?.op === "Unsqueeze" ? knownElements(node.inputs[1]!) : undefined;
  const rank = x.shape?.length;
  if (added?.length !== dims.length || rank === undefined) return undefined;
  const axes = new Set(added.map((axis) => (axis + rank) % rank));
  return dims.every((dim) => axes.has((dim + rank) % rank)) ? node!.inputs[0] : undefined;
}

const squeeze: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const dims = node.attrs.ints("squeeze_dims");
  if (dims.length > 0) return unexpanded(onnx, x, dims) ?? onnx.op("Squeeze", [x, onnx.ints(dims)]);
  if (!x.shape?.every(isNumber)) return onnx.op("Squeeze", [x]);
  const ones = x.shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  return ones.length === 0 ? x : onnx.op("Squeeze", [x, onnx.ints(ones)]);
};

const ensureShape: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const wanted = node.attrs.shape("shape");
  if (!mayHaveShape(x, wanted)) {
    const actual = formatShape(x.shape?.map((dim) => (isNumber(dim) ? dim : -1)));
    throw invalidArgument(
      `Node ${node.name} expects a tensor of shape ${formatShape(wanted)}, got ${actual}`,
    );
  }
  return ensured(onnx, x, wanted);
};

/** Whether what is known of a tensor's shape doesn't contradict. */
export function mayHaveShape({ shape }: Value, wanted: PartialShape): boolean {
  if (shape === undefined || wanted === undefined) return true;
  const fits = (dim: Dim, i: number): boolean => wanted[i]! < 0 || !isNumber(dim) || dim === wanted[i];
  return shape.length === wanted.length && shape.every(fits);
}

/** The tensor; what isn't known of its shape is compared when the graph runs, and lets it fail. */
export function ensured(onnx: OnnxBuilder, x: Value, wanted: PartialShape): Value {
  if (wanted === undefined || x.shape?.every((dim, i) => isNumber(dim) || wanted[i]! < 0)) return x;
  const dims =
    x.shape === undefined
      ? onnx.op("Reshape", [dimsOf(onnx, x), onnx.ints([wanted.length])])
      : dimsOf(onnx, x);
  const sizes = vector(
    onnx,
    wanted.map((dim, i) => (dim < 0 ? elementOf(onnx, dims, i) : dim)),
  );
  const differs = onnx.op("Not", [onnx.op("Equal", [dims, sizes])]);
  const checked = onnx.op("Reshape", [x, unless(onnx, differs, sizes)], { allowzero: 1 });
  const known = wanted.map((dim, i) => (dim < 0 ? (x.shape?.[i] ?? onnx.fresh()) : dim));
  return withShape(checked, known);
}

const broadcastTo: Translator = (node, onnx) => {
  const [x, target] = node.inputs as [Value, Value];
  const sizes = onnx.cast(target, "int64");
  const expanded = onnx.op("Expand", [x, broadcastTarget(onnx, x, sizes)]);
  return withShape(expanded, sizes.elements);
};

/** Checked, since Expand also broadcasts the target to the tensor, which TensorFlow refuses. */
function broadcastTarget(onnx: OnnxBuilder, x: Value, sizes: Value): Value {
  const wanted = sizes.elements;
  const rank = x.shape?.length;
  const fits = (dim: Dim, i: number): boolean => dim === 1 || dim === wanted?.at(i - rank!);
  if (rank === undefined || rank === 0 || (wanted !== undefined && x.shape!.every(fits))) return sizes;
  const [front, back] = [
    [0, -rank],
    [-rank, FAR],
  ].map(([start, end]) => onnx.op("Slice", [sizes, onnx.ints([start!]), onnx.ints([end!])])) as [
    Value,
    Value,
  ];
  const dims = dimsOf(onnx, x);
  const same = onnx.op("Or", [onnx.op("Equal", [dims, back]), onnx.op("Equal", [dims, onnx.ints([1])])]);
  return vector(onnx, [front, unless(onnx, onnx.op("Not", [same]), back)]);
}

const broadcastArgs: Translator = (node, onnx) => {
  const dtype = node.attrs.dtype("T");
  const shapes = node.inputs.map((shape) => onnx.cast(shape, "int64")) as [Value, Value];
  const ranks = shapes.map((shape) => vector(onnx, [dimsOf(onnx, shape)])) as [Value, Value];
  const rankOfResult = onnx.op("Max", ranks);
  const [a, b] = shapes.map((shape, i) => {
    const missing = combine(onnx, "Sub", rankOfResult, ranks[i]!);
    if (missing === 0) return shape;
    const ones = onnx.op("Expand", [onnx.ints([1]), vector(onnx, [missing])]);
    return vector(onnx, [ones, shape]);
  }) as [Value, Value];
  const result = onnx.op("Where", [onnx.op("Equal", [a, onnx.ints([1])]), b, a]);
  const elements = broadcast(a.elements, b.elements, onnx.fresh);
  if (elements?.every(isNumber)) return onnx.cast(onnx.ints(elements as readonly number[]), dtype);
  return onnx.cast({ ...result, elements }, dtype);
};

/** Only where the shapes can be compared now; else TypeScript compares them. */
const broadcastGradientArgs: Translator = (node, onnx) => {
  const [a, b] = node.inputs as [Value, Value];
  const axes = a.elements && b.elements && reductionAxes(a.elements, b.elements);
  if (axes === undefined) throw unimplemented("expected shapes that can be compared at import");
  return axes.map((list) => onnx.cast(onnx.ints(list), a.dtype));
};

const tile: Translator = (node, onnx) => {
  const [x, multiples] = node.inputs as [Value, Value];
  const known = knownElements(multiples);
  if (known?.every((times) => times === 1)) return x;
  return onnx.op("Tile", [x, onnx.cast(multiples, "int64")]);
};

/** Ops on the shape of a tensor, and those that change nothing but the shape or repeat what is there. */
export const shapeOps: OpFamily = {
  Shape: shapeN,
  ShapeN: shapeN,
  Size: size,
  Rank: rank,
  Reshape: (node, onnx) => reshape(onnx, node.inputs[0]!, node.inputs[1]!),
  Transpose: transpose,
  ConjugateTranspose: transpose,
  ExpandDims: expandDims,
  Squeeze: squeeze,
  EnsureShape: ensureShape,
  BroadcastTo: broadcastTo,
  BroadcastArgs: broadcastArgs,
  BroadcastGradientArgs: broadcastGradientArgs,
  Tile: tile,
};
