import { invalidArgument } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { einsumOps } from "./einsum.ts";
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

/** The elements of `x` from `begin` up to `end` along one axis. */
function range(onnx: OnnxBuilder, x: Value, axis: number, begin: Part, end: Part): Value {
  return onnx.op("Slice", [x, vector(onnx, [begin]), vector(onnx, [end]), onnx.ints([axis])]);
}

/** A start from which `size` elements would leave the tensor is moved to the nearest from which they don't. */
function startWithin(onnx: OnnxBuilder, x: Value, axis: number, size: Part, start: Part): Part {
  const room = combine(onnx, "Sub", dimOf(onnx, x, axis), size);
  if (typeof room === "number") {
    if (room < 0) throw invalidArgument(`expected a slice within a dimension, got one larger by ${-room}`);
    return combine(onnx, "Max", combine(onnx, "Min", start, room), 0);
  }
  const checked = unless(onnx, onnx.op("Less", [room, onnx.ints([0])]), room);
  return combine(onnx, "Max", combine(onnx, "Min", start, checked), 0);
}

/** Sizes are constants. */
const dynamicSlice: Translator = (node, onnx) => {
  const [x, starts, sizes] = node.inputs as [Value, Value, Value];
  const counts = knownInts(sizes, "size_indices");
  const shape = x.shape ?? counts.map(onnx.fresh);
  return counts.reduce(
    (value, size, axis) => {
      if (shape[axis] === size) return value;
      const begin = startWithin(onnx, value, axis, size, elementOf(onnx, starts, axis));
      const cut = range(onnx, value, axis, begin, combine(onnx, "Add", begin, size));
      return withShape(cut, cut.shape?.with(axis, size));
    },
    withShape(x, shape),
  );
};

const dynamicUpdateSlice: Translator = (node, onnx) => {
  const [x, update, starts] = node.inputs as [Value, Value, Value];
  const rank = rankOf(x, "input");
  const part = withShape(update, update.shape ?? Array.from({ length: rank }, onnx.fresh));
  return withShape(updated(onnx, x, part, starts, 0), x.shape);
};

/** `x` with `update` in the place of as much of it along `axis` and all axes behind. */
function updated(onnx: OnnxBuilder, x: Value, update: Value, starts: Value, axis: number): Value {
  const open = x.shape!.findIndex((dim, i) => i >= axis && dim !== update.shape![i]);
  if (open < 0) return update;
  const size = dimOf(onnx, update, open);
  const begin = startWithin(onnx, x, open, size, elementOf(onnx, starts, open));
  const end = combine(onnx, "Add", begin, size);
  const behind = x.shape!.some((dim, i) => i > open && dim !== update.shape![i]);
  const middle = behind ? updated(onnx, range(onnx, x, open, begin, end), update, starts, open + 1) : update;
  const pieces = [range(onnx, x, open, 0, begin), middle, range(onnx, x, open, end, FAR)];
  return onnx.op("Concat", pieces, { axis: open });
}

/** Amounts are constants. Between any two elements `interior` ones are put in first; negative amounts cut off. */
const pad: Translator = (node, onnx) => {
  const [x, value] = node.inputs as [Value, Value];
  const [low, high, interior] = (["padding_low", "padding_high", "padding_interior"] as const).map(
    (what, i) => knownInts(node.inputs[i + 2]!, what),
  ) as [readonly number[], readonly number[], readonly number[]];
  const spread = interior.reduce((grown, gap, axis) => spaced(onnx, grown, axis, gap, value), x);
  const amounts = [...low, ...high];
  return amounts.every((amount) => amount === 0)
    ? spread
    : onnx.op("Pad", [spread, onnx.ints(amounts), value]);
};

/** Puts `gap` elements behind each, on an axis of their own that is joined to `axis`, and cuts off the last ones. */
function spaced(onnx: OnnxBuilder, x: Value, axis: number, gap: number, value: Value): Value {
  if (gap === 0) return x;
  const rank = rankOf(x, "input");
  const column = onnx.op("Unsqueeze", [x, onnx.ints([axis + 1])]);
  const amounts = Array.from({ length: 2 * (rank + 1) }, (_, i) => (i === rank + 1 + axis + 1 ? gap : 0));
  const grown = onnx.op("Pad", [column, onnx.ints(amounts), value]);
  const sizes = Array.from({ length: rank }, (_, i) =>
    i === axis ? combine(onnx, "Mul", dimOf(onnx, x, axis), gap + 1) : dimOf(onnx, x, i),
  );
  const joined = onnx.op("Reshape", [grown, vector(onnx, sizes)], { allowzero: 1 });
  return range(onnx, joined, axis, 0, -gap);
}

const identity: Translator = (node) => node.inputs[0]!;

/** Ops of tensorflow.compiler.tf2xla, which TensorFlow runs on CPUs too: what generate() of transformers and JAX emit. */
export const xlaOps: OpFamily = {
  XlaDynamicSlice: dynamicSlice,
  XlaDynamicUpdateSlice: dynamicUpdateSlice,
  XlaEinsum: einsumOps.Einsum!,
  XlaOptimizationBarrier: (node) => node.inputs,
  XlaPad: pad,
  XlaSharding: identity,
};
