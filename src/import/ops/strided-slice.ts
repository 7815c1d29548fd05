import { invalidArgument } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { isNumber, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { combine, elementOf, FAR, flat, knownInts, type Part, scalarOf, vector } from "./int-vector.ts";
import { reshape } from "./reshape-target.ts";
import { unexpanded } from "./shape-ops.ts";

/** Written in models for "to the end" where the arguments are int32. */
const INT32_MAX = 2 ** 31 - 1;

/** What StridedSlice does to one axis of its input. Axes after an ellipsis count from the end if the rank is unknown. */
interface AxisRange {
  readonly axis: number;
  readonly begin: Part;
  readonly end: Part;
  readonly stride: number;
}

interface SliceSpec {
  readonly ranges: readonly AxisRange[];
  /** The axes of which one index is taken, which drops them. */
  readonly picks: readonly { readonly axis: number; readonly index: Part }[];
  /** Where the output has axes of size one that the input lacks. */
  readonly newAxes: readonly number[];
}

const stridedSlice: Translator = (node, onnx) => applySpec(onnx, node.inputs[0]!, readSpec(node, onnx));

/** Puts `value` where a StridedSlice with the same arguments would have read. */
const tensorStridedSliceUpdate: Translator = (node, onnx) => {
  const [x, value] = [node.inputs[0]!, node.inputs[4]!];
  const [zero, one] = [onnx.scalar("int64", 0), onnx.scalar("int64", 1)];
  const positions = reshape(onnx, onnx.op("Range", [zero, onnx.op("Size", [x]), one]), onnx.op("Shape", [x]));
  const written = applySpec(onnx, positions, readSpec(node, onnx));
  const updates = onnx.op("Expand", [value, onnx.op("Shape", [written])]);
  const scattered = onnx.op("ScatterElements", [flat(onnx, x), flat(onnx, written), flat(onnx, updates)], {
    axis: 0,
  });
  return reshape(onnx, scattered, onnx.op("Shape", [x]));
};

/** Begins, ends and strides entry by entry, as the masks change their meaning. */
function readSpec(node: OpNode, onnx: OnnxBuilder): SliceSpec {
  const [x, begin, end, strideInput] = node.inputs as [Value, Value, Value, Value];
  const strides = knownInts(strideInput, "strides");
  const has = (mask: string, i: number): boolean => (node.attrs.int(`${mask}_mask`) & (1 << i)) !== 0;
  const entries = strides.map((_, i) => kindOf(has, i));
  const ellipsis = entries.indexOf("ellipsis");
  if (entries.lastIndexOf("ellipsis") !== ellipsis) {
    throw invalidArgument(`Node ${node.name} has more than one ellipsis in ellipsis_mask`);
  }
  const consumed = entries.filter((kind) => kind === "range" || kind === "pick").length;
  const rank = x.shape?.length;
  if (rank !== undefined && consumed > rank) {
    throw invalidArgument(`Node ${node.name} slices ${consumed} dimensions of a tensor that has ${rank}`);
  }
  const ranges: AxisRange[] = [];
  const picks: { axis: number; index: Part }[] = [];
  const newAxes: number[] = [];
  // The position among the input's axes and among the output's.
  let [from, to] = [0, 0];
  for (const [i, kind] of entries.entries()) {
    if (kind === "ellipsis") {
      const after = entries.slice(i + 1);
      from = -after.filter((other) => other !== "new").length + (rank ?? 0);
      to = -after.filter((other) => other !== "pick").length;
    } else if (kind === "new") newAxes.push(to++);
    else if (kind === "pick") {
      if (strides[i]! <= 0)
        throw invalidArgument(`Node ${node.name} takes one index with the stride ${strides[i]}`);
      picks.push({ axis: from++, index: elementOf(onnx, begin, i) });
    } else {
      const range = { stride: strides[i]!, axis: from++ };
      const first = has("begin", i) ? (range.stride > 0 ? 0 : FAR) : elementOf(onnx, begin, i);
      const last = has("end", i) ? (range.stride > 0 ? FAR : -FAR) : elementOf(onnx, end, i);
      if (range.stride === 0) throw invalidArgument(`Node ${node.name} has a stride of zero`);
      ranges.push({ ...range, begin: first, end: last });
      to++;
    }
  }
  return { ranges, picks, newAxes };
}

type EntryKind = "ellipsis" | "new" | "pick" | "range";

function kindOf(has: (mask: string, i: number) => boolean, i: number): EntryKind {
  if (has("ellipsis", i)) return "ellipsis";
  if (has("new_axis", i)) return "new";
  return has("shrink_axis", i) ? "pick" : "range";
}

function applySpec(onnx: OnnxBuilder, x: Value, spec: SliceSpec): Value {
  const forward: AxisRange[] = [];
  const backward: AxisRange[] = [];
  for (const range of spec.ranges) {
    if (takesAll(range, x)) continue;
    if (range.stride > 0) forward.push(range);
    else {
      backward.push({ ...range, begin: FAR, end: -FAR });
      if (range.begin !== FAR || range.end !== -FAR) forward.push(mirrored(onnx, range));
    }
  }
  let result = slice(onnx, slice(onnx, x, forward), backward);
  for (const { axis, index } of inRemovalOrder(spec.picks)) {
    result = picked(onnx, result, axis, index);
  }
  return spec.newAxes.length === 0 ? result : onnx.op("Unsqueeze", [result, onnx.ints(spec.newAxes)]);
}

function picked(onnx: OnnxBuilder, x: Value, axis: number, index: Part): Value {
  // Of one element, the first is the last.
  const only = index === 0 || index === -1 ? unexpanded(onnx, x, [axis]) : undefined;
  if (only !== undefined) return only;
  const at = typeof index === "number" ? onnx.scalar("int64", index) : scalarOf(onnx, index);
  return onnx.op("Gather", [x, at], { axis });
}

function takesAll({ axis, begin, end, stride }: AxisRange, x: Value): boolean {
  if (begin !== 0 || stride !== 1 || typeof end !== "number") return false;
  const dim = x.shape?.at(axis);
  return end >= INT32_MAX || (dim !== undefined && isNumber(dim) && end >= dim);
}

/**
 * What a backward range covers, read forward. ONNX's own clamping of backward ranges differs from TensorFlow's where the
 * begin lies before the first element, so these are cut out first and reversed then.
 */
function mirrored(onnx: OnnxBuilder, { axis, begin, end }: AxisRange): AxisRange {
  return { axis, begin: after(onnx, end, 0), end: begin === FAR ? FAR : after(onnx, begin, FAR), stride: 1 };
}

/** The bound one further on. Past the last element (-1) lies the end, not the start that a zero would mean. */
function after(onnx: OnnxBuilder, bound: Part, start: number): Part {
  if (typeof bound === "number") return bound === -1 ? FAR : bound === -FAR ? start : bound + 1;
  const next = vector(onnx, [combine(onnx, "Add", bound, 1)]);
  return onnx.op("Where", [onnx.op("Equal", [next, onnx.ints([0])]), onnx.ints([FAR]), next]);
}

function slice(onnx: OnnxBuilder, x: Value, ranges: readonly AxisRange[]): Value {
  if (ranges.length === 0) return x;
  const inputs = [
    x,
    vector(
      onnx,
      ranges.map(({ begin }) => begin),
    ),
    vector(
      onnx,
      ranges.map(({ end }) => end),
    ),
    onnx.ints(ranges.map(({ axis }) => axis)),
  ];
  if (ranges.some(({ stride }) => stride !== 1)) inputs.push(onnx.ints(ranges.map(({ stride }) => stride)));
  return onnx.op("Slice", inputs);
}

/** So that dropping one axis doesn't move those that are still to be dropped. */
function inRemovalOrder<P extends { readonly axis: number }>(picks: readonly P[]): P[] {
  return picks.toSorted((a, b) => (a.axis >= 0 && b.axis >= 0 ? b.axis - a.axis : a.axis - b.axis));
}

/** Slices with Python's indexing: strides, masks, new and dropped axes. */
export const stridedSliceOps: OpFamily = {
  StridedSlice: stridedSlice,
  TensorStridedSliceUpdate: tensorStridedSliceUpdate,
};
