import { invalidArgument, unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { type Dim, isNumber, knownElements, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import {
  combine,
  dimOf,
  elementOf,
  FAR,
  knownInts,
  type Part,
  rankOf,
  vector,
  withShape,
} from "./int-vector.ts";
import { unless } from "./run-time-check.ts";

const slice: Translator = (node, onnx) => {
  const [x, begin, size] = node.inputs as [Value, Value, Value];
  const rank = x.shape?.length ?? begin.shape?.[0] ?? size.shape?.[0];
  if (typeof rank !== "number") throw unimplemented("input must have a known rank, got an unknown one");
  const all = Array.from({ length: rank }, (_, axis): AxisRange => {
    const [dim, from] = [x.shape?.[axis], elementOf(onnx, begin, axis)];
    // A symbol that is the whole size: nothing is left out.
    const whole = from === 0 && dim !== undefined && size.elements?.[axis] === dim;
    const count = whole ? -1 : elementOf(onnx, size, axis);
    return { axis, begin: from, size: count, end: endOf(onnx, x, axis, from, count), dim };
  });
  const ranges = all.filter((range) => range.begin !== 0 || range.end !== FAR);
  const cut = [
    ...ranges.filter((range) => fits(node, range)),
    ...ranges.filter((range) => !fits(node, range)),
  ];
  if (cut.length === 0) return x;
  const sure = cut.filter((range) => fits(node, range)).map(({ end }) => end);
  const ends = sure.length === cut.length ? sure : [...sure, checkedEnds(onnx, x, cut.slice(sure.length))];
  const begins = cut.map((range) => range.begin);
  const axes = onnx.ints(cut.map(({ axis }) => axis));
  const result = onnx.op("Slice", [x, vector(onnx, begins), vector(onnx, ends), axes]);
  const known = result.shape?.map((dim, axis) => numberOr(dim, all[axis]!.size));
  return withShape(result, known);
};

function numberOr(dim: Dim, size: Part): Dim {
  return typeof size === "number" && size >= 0 ? size : dim;
}

interface AxisRange {
  readonly axis: number;
  readonly begin: Part;
  /** -1 for all that is left. */
  readonly size: Part;
  readonly end: Part;
  readonly dim: Dim | undefined;
}

function endOf(onnx: OnnxBuilder, x: Value, axis: number, begin: Part, size: Part): Part {
  if (size === -1) return FAR;
  const end = combine(onnx, "Add", begin, size);
  if (typeof size === "number") return end;
  const all = onnx.op("Less", [size, onnx.ints([0])]);
  return onnx.op("Where", [all, vector(onnx, [dimOf(onnx, x, axis)]), vector(onnx, [end])]);
}

/** Whether the range is known to lie inside of the tensor. */
function fits(node: OpNode, { begin, end, dim }: AxisRange): boolean {
  if (typeof begin !== "number" || typeof end !== "number") return false;
  if (begin < 0 || end < begin || (dim !== undefined && isNumber(dim) && end !== FAR && end > dim)) {
    throw invalidArgument(`Node ${node.name} slices from ${begin} to ${end} out of a dimension of ${dim}`);
  }
  return end === FAR || (dim !== undefined && isNumber(dim));
}

/** ONNX clamps what lies outside of the tensor and counts from the end what is negative; TensorFlow refuses both. */
function checkedEnds(onnx: OnnxBuilder, x: Value, ranges: readonly AxisRange[]): Value {
  const dims = vector(
    onnx,
    ranges.map(({ axis }) => dimOf(onnx, x, axis)),
  );
  const begins = vector(
    onnx,
    ranges.map(({ begin }) => begin),
  );
  const ends = vector(
    onnx,
    ranges.map(({ axis, end }) => (end === FAR ? dimOf(onnx, x, axis) : end)),
  );
  const outside = onnx.op("Or", [onnx.op("Less", [dims, ends]), onnx.op("Less", [ends, begins])]);
  return unless(onnx, onnx.op("Or", [outside, onnx.op("Less", [begins, onnx.ints([0])])]), ends);
}

/** `dims` says of each axis whether it is reversed. */
const reverse: Translator = (node, onnx) => {
  const [x, dims] = node.inputs as [Value, Value];
  const known = knownElements(dims);
  if (known !== undefined)
    return reversed(onnx, x, onnx.ints(known.flatMap((flag, axis) => (flag ? [axis] : []))));
  const choose = (yes: number, no: number): Value =>
    onnx.op("Where", [dims, onnx.ints([yes]), onnx.ints([no])]);
  const axes = onnx.ints(Array.from({ length: rankOf(x, "tensor") }, (_, axis) => axis));
  return withShape(onnx.op("Slice", [x, choose(-1, 0), choose(-FAR, FAR), axes, choose(-1, 1)]), x.shape);
};

const reverseV2: Translator = (node, onnx) =>
  reversed(onnx, node.inputs[0]!, onnx.cast(node.inputs[1]!, "int64"));

/** `x` with the order of the elements along `axes` turned round. */
export function reversed(onnx: OnnxBuilder, x: Value, axes: Value): Value {
  const original = unreversed(onnx, x, axes);
  if (original !== undefined) return original;
  const count = axes.shape?.[0];
  if (count === 0) return x;
  if (count === undefined || !isNumber(count))
    throw unimplemented("axis must have a known length, got an unknown one");
  const all = (value: number): Value => onnx.ints(new Array<number>(count).fill(value));
  return withShape(onnx.op("Slice", [x, all(-1), all(-FAR), axes, all(-1)]), x.shape);
}

/** What {@link reversed} was given along one axis, if `x` came out of it. */
export function reversedOperand(onnx: OnnxBuilder, x: Value): { of: Value; axis: number } | undefined {
  const slice = onnx.producer(x);
  if (slice?.op !== "Slice") return undefined;
  const [start, end, axis, step] = slice.inputs.slice(1).map((value) => value && knownElements(value));
  const isReversal = [start, end, axis, step].every((value) => value?.length === 1) && start![0] === -1;
  if (!isReversal || end![0] !== -FAR || step![0] !== -1) return undefined;
  return { of: slice.inputs[0]!, axis: axis![0]! };
}

/** What reversing gives back: layers in both directions reverse the results that another layer has just reversed. */
function unreversed(onnx: OnnxBuilder, x: Value, axes: Value): Value | undefined {
  const rank = x.shape?.length;
  const known = knownElements(axes);
  if (rank === undefined || known?.length !== 1) return undefined;
  const positive = (axis: number): number => (axis < 0 ? axis + rank : axis);
  const [axis] = known as [number];
  const producer = onnx.producer(x);
  const perm = producer?.op === "Transpose" ? (producer.attrs.perm as readonly number[]) : undefined;
  const inner = reversedOperand(onnx, perm === undefined ? x : producer!.inputs[0]!);
  if (inner === undefined) return undefined;
  if (perm === undefined) return positive(inner.axis) === positive(axis) ? inner.of : undefined;
  if (positive(inner.axis) !== perm[positive(axis)]) return undefined;
  return withShape(onnx.op("Transpose", [inner.of], { perm }), x.shape);
}

/** ONNX wants the batch and the sequence to be the first two axes. */
const reverseSequence: Translator = (node, onnx) => {
  const [x, lengths] = node.inputs as [Value, Value];
  const rank = rankOf(x, "input");
  const positive = (axis: number): number => (axis < 0 ? axis + rank : axis);
  const [sequence, batch] = [positive(node.attrs.int("seq_dim")), positive(node.attrs.int("batch_dim"))];
  const others = x.shape!.flatMap((_, axis) => (axis === sequence || axis === batch ? [] : [axis]));
  const perm = [batch, sequence, ...others];
  const counts = onnx.cast(lengths, "int64");
  const run = (value: Value): Value =>
    onnx.op("ReverseSequence", [value, counts], { batch_axis: 0, time_axis: 1 });
  if (perm.every((axis, i) => axis === i)) return run(x);
  const back = perm.map((_, axis) => perm.indexOf(axis));
  return onnx.op("Transpose", [run(onnx.op("Transpose", [x], { perm }))], { perm: back });
};

const roll: Translator = (node, onnx) => {
  const [x, shiftInput, axisInput] = node.inputs as [Value, Value, Value];
  const rank = rankOf(x, "input");
  const shifts = new Map<number, Part>();
  for (const [i, given] of knownInts(axisInput, "axis").entries()) {
    const axis = given < 0 ? given + rank : given;
    shifts.set(axis, combine(onnx, "Add", shifts.get(axis) ?? 0, elementOf(onnx, shiftInput, i)));
  }
  return [...shifts].reduce((value, [axis, shift]) => rolled(onnx, value, axis, shift), x);
};

/** The elements from `-shift` on (modulo the size) come first. */
function rolled(onnx: OnnxBuilder, x: Value, axis: number, shift: Part): Value {
  const dim = dimOf(onnx, x, axis);
  if (dim === 0 || shift === 0) return x;
  const first =
    typeof dim === "number" && typeof shift === "number"
      ? ((-shift % dim) + dim) % dim
      : onnx.op("Mod", [
          onnx.op("Neg", [vector(onnx, [shift])]),
          // A modulus of zero would end the process.
          onnx.op("Max", [vector(onnx, [dim]), onnx.ints([1])]),
        ]);
  if (first === 0) return x;
  const at = vector(onnx, [first]);
  const tail = onnx.op("Slice", [x, at, onnx.ints([FAR]), onnx.ints([axis])]);
  const head = onnx.op("Slice", [x, onnx.ints([0]), at, onnx.ints([axis])]);
  return withShape(onnx.op("Concat", [tail, head], { axis }), x.shape);
}

/** Ops that cut ranges out of a tensor or change the order of elements along axes. */
export const slicingOps: OpFamily = {
  Slice: slice,
  Reverse: reverse,
  ReverseV2: reverseV2,
  ReverseSequence: reverseSequence,
  Roll: roll,
};
