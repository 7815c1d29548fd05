import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Dim, Value } from "../onnx/value.ts";
import type { LayerInput } from "../recurrent/nodes.ts";
import { dimsOf, flat, withShape } from "./int-vector.ts";
import { type NaNTraces, resultOf, type TrueSizes } from "./recurrent-result.ts";
import { unless } from "./run-time-check.ts";

/** The inputs of a layer by their roles. */
export type LayerValues = Readonly<Partial<Record<LayerInput, Value>>>;

/** What a recurrent layer runs on: at least one step of at least one row, since ONNX Runtime ends the process on less. */
export interface Sequence {
  readonly values: LayerValues & { readonly x: Value };
  /** Whether there was a step; undefined if there always is. */
  readonly hasSteps: Value | undefined;
  /** Undefined if nothing can have been added. */
  readonly sizes: TrueSizes | undefined;
  /** What is known of the NaN of `x`, which has none itself, from the layer that shows it. */
  readonly traces: NaNTraces | undefined;
  /** A result cut to the rows and steps that were there: axes from [time, batch] on, or from [batch] on with `first` 1. */
  readonly trimmed: (result: Value, first: 0 | 1) => Value;
}

/** The first steps of the sequence, as many as the loop has rounds. */
export function boundedTime(
  onnx: OnnxBuilder,
  values: LayerValues,
  bounds: readonly Value[],
  known: readonly number[],
): LayerValues {
  const x = values.x!;
  const time = x.shape?.[0];
  const isTime = (bound: Value): boolean => time !== undefined && bound.elements?.[0] === time;
  const open = bounds.filter((bound) => !isTime(bound)).map((bound) => flat(onnx, onnx.cast(bound, "int64")));
  const numbers = known.filter((bound) => bound !== time).map((bound) => onnx.ints([bound]));
  const others = [...open, ...numbers];
  const steps = dimsOf(onnx, x, 0, 1);
  if (open.length + numbers.length < bounds.length + known.length) others.push(steps);
  const [first, ...rest] = others;
  if (first === undefined || (others.length === 1 && first === steps))
    return withMaskOf(onnx, values, steps, time);
  let count = onnx.op("Max", [first, onnx.ints([0])]);
  count = unless(onnx, onnx.op("Greater", [count, steps]), count);
  for (const other of rest) count = unless(onnx, onnx.op("Not", [onnx.op("Equal", [first, other])]), count);
  const part = onnx.op("Slice", [x, onnx.ints([0]), count, onnx.ints([0])]);
  return withMaskOf(onnx, { ...values, x: part }, count, part.shape?.[0]);
}

/** A mask of as many steps; one of fewer fails the run. */
function withMaskOf(onnx: OnnxBuilder, values: LayerValues, count: Value, time: unknown): LayerValues {
  const { mask } = values;
  if (mask === undefined || (time !== undefined && mask.shape?.[0] === time)) return values;
  const checked = unless(onnx, onnx.op("Less", [dimsOf(onnx, mask, 0, 1), count]), count);
  return { ...values, mask: onnx.op("Slice", [mask, onnx.ints([0]), checked, onnx.ints([0])]) };
}

/**
 * Adds a step and a row of zeros where there is none.
 * @param failsEmpty lets the run fail if there is no step.
 */
export function filledOut(onnx: OnnxBuilder, given: LayerValues, failsEmpty: boolean): Sequence {
  const x = given.x!;
  const [h, c] = [given.h, given.c].map((state) => state && forEachRow(onnx, state, x));
  const lengths = given.lengths && lengthsOfRows(onnx, given.lengths, x);
  const values = { ...given, ...(h && { h }), ...(c && { c }), ...(lengths && { lengths }) };
  const [time, batch] = x.shape ?? [];
  if (isSome(time) && isSome(batch)) {
    const below = states(values) ? undefined : resultOf(onnx, x);
    const taken = { ...values, x: below?.whole ?? x };
    return {
      values: taken,
      hasSteps: undefined,
      sizes: undefined,
      traces: below?.traces,
      trimmed: (result) => result,
    };
  }
  const stacked = onTop(onnx, values, x, failsEmpty);
  if (stacked !== undefined) return stacked;
  const sizes: TrueSizes = {
    both: sizesOf(onnx, x, [0, 1]),
    time: sizesOf(onnx, x, [0]),
    batch: sizesOf(onnx, x, [1]),
  };
  // Nothing before; behind, a step and a row where there is none: nothing to the power of their number is one then, and else
  // nothing. There are features.
  const empty = onnx.op("Pow", [onnx.ints([0]), sizesOf(onnx, x, [2, 2, 2, 0, 1, 2])]);
  // Position 2 of a table of two is refused.
  const refused = (): Value =>
    onnx.op("Gather", [onnx.ints([0, 1]), onnx.op("Mul", [empty, onnx.ints([1, 1, 1, 2, 1, 1])])]);
  const pads = failsEmpty && !isSome(time) ? refused() : empty;
  const padded = (value: Value, by: Value): Value =>
    withShape(
      onnx.op("Pad", [value, by]),
      value.shape?.map((dim) => (dim === 0 ? 1 : dim)),
    );
  const at = (positions: readonly number[], of: Value): Value =>
    onnx.op("Gather", [of, onnx.ints(positions)]);
  const moreRows = (state: Value): Value => padded(state, at([0, 0, 4, 0], pads));
  const { mask, before } = values;
  return {
    values: {
      ...values,
      x: padded(x, pads),
      ...(mask && { mask: padded(onnx.cast(mask, "int32"), pads) }),
      ...(lengths && { lengths: padded(lengths, at([0, 4], pads)) }),
      ...(h && { h: moreRows(h) }),
      ...(c && { c: moreRows(c) }),
      ...(before && { before: moreRows(before) }),
    },
    hasSteps: failsEmpty || isSome(time) ? undefined : isAny(onnx, sizes),
    sizes,
    traces: undefined,
    trimmed: trimming(onnx, sizes, x),
  };
}

function isSome(dim: Dim | undefined): boolean {
  return typeof dim === "number" && dim > 0;
}

/** Whether there is more than the sequence, of as many rows or steps. */
function states({ mask, lengths, h, c, before }: LayerValues): boolean {
  return [mask, lengths, h, c, before].some((value) => value !== undefined);
}

/** What another layer shows was filled out already. */
function onTop(onnx: OnnxBuilder, values: LayerValues, x: Value, failsEmpty: boolean): Sequence | undefined {
  const below = states(values) ? undefined : resultOf(onnx, x);
  const hasSteps = below?.hasSteps || isSome(x.shape?.[0]);
  if (below?.sizes === undefined || (failsEmpty && !hasSteps)) return undefined;
  const { whole, sizes, traces } = below;
  return {
    values: { ...values, x: whole },
    hasSteps: hasSteps ? undefined : isAny(onnx, sizes),
    sizes,
    traces,
    trimmed: trimming(onnx, sizes, x),
  };
}

/** Whether there is a step. */
function isAny(onnx: OnnxBuilder, { time }: TrueSizes): Value {
  return onnx.op("Greater", [time, onnx.ints([0])]);
}

/** Sizes of some axes: of what was transposed before that, which spares a step. */
function sizesOf(onnx: OnnxBuilder, x: Value, axes: readonly number[]): Value {
  const producer = onnx.producer(x);
  const perm = producer?.op === "Transpose" ? (producer.attrs.perm as readonly number[]) : undefined;
  const [of, positions] =
    perm === undefined ? [x, axes] : [producer!.inputs[0]!, axes.map((axis) => perm[axis]!)];
  return onnx.op("Gather", [dimsOf(onnx, of), onnx.ints(positions)]);
}

function trimming(onnx: OnnxBuilder, sizes: TrueSizes, x: Value): Sequence["trimmed"] {
  const [time, batch] = x.shape ?? [];
  return (result, first) => {
    const ends = first === 0 ? sizes.both : sizes.batch;
    const axes = first === 0 ? [0, 1] : [0];
    const cut = onnx.op("Slice", [result, onnx.ints(axes.map(() => 0)), ends, onnx.ints(axes)]);
    const dims = first === 0 ? [time, batch] : [batch];
    const known = dims.every((dim) => dim !== undefined) && result.shape !== undefined;
    return known ? withShape(cut, [...(dims as (number | string)[]), result.shape!.at(-1)!]) : cut;
  };
}

/** A state of one row is that of all. */
function forEachRow(onnx: OnnxBuilder, state: Value, x: Value): Value {
  if (state.shape?.[0] !== 1 || x.shape?.[1] === 1) return state;
  const size = onnx.op("Concat", [dimsOf(onnx, x, 1, 2), dimsOf(onnx, state, 1, 2)], { axis: 0 });
  return onnx.op("Expand", [state, size]);
}

/** A scalar is the length of all rows. */
function lengthsOfRows(onnx: OnnxBuilder, lengths: Value, x: Value): Value {
  return lengths.shape?.length === 1 ? lengths : onnx.op("Expand", [lengths, dimsOf(onnx, x, 1, 2)]);
}
