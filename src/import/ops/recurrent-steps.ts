import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { MaskedOutput } from "../recurrent/nodes.ts";
import { dimsOf, scalarOf } from "./int-vector.ts";
import type { Sequence } from "./recurrent-sequence.ts";

/** The steps that a layer runs, and what becomes of the others. Values are [time, batch, units] or [batch, units]. */
export interface Steps {
  readonly x: Value;
  /** How many steps of each row the layer runs, int32 [batch]; undefined for all. */
  readonly lengths: Value | undefined;
  /** What all steps show, from what the layer's own steps do. */
  readonly shown: (y: Value, masked: MaskedOutput) => Value;
  /** What the last step shows, if it isn't the state. */
  readonly lastShown: (state: Value, masked: MaskedOutput) => Value;
  /** A state after the last step. */
  readonly final: (state: Value, initial: Value | undefined) => Value;
}

export function stepsOf(onnx: OnnxBuilder, sequence: Sequence): Steps {
  const { mask, lengths } = sequence.values;
  if (lengths !== undefined) return firstSteps(onnx, sequence, lengths);
  return mask === undefined ? allSteps(onnx, sequence) : chosenSteps(onnx, sequence, mask);
}

function allSteps(onnx: OnnxBuilder, { values, hasSteps }: Sequence): Steps {
  const final = (state: Value, initial: Value | undefined): Value =>
    hasSteps === undefined ? state : onnx.op("Where", [hasSteps, state, initial ?? zero(onnx)]);
  return {
    x: values.x,
    lengths: undefined,
    shown: (y) => y,
    lastShown: (state) => final(state, undefined),
    final,
  };
}

/** Each row's first steps, which is what ONNX's sequence_lens mean. */
function firstSteps(onnx: OnnxBuilder, sequence: Sequence, given: Value): Steps {
  const { x } = sequence.values;
  const time = dimsOf(onnx, x, 0, 1);
  const wide = onnx.cast(given, "int64");
  const lengths = onnx.op("Max", [onnx.op("Min", [wide, time]), onnx.ints([0])]);
  const step = positions(onnx, time);
  const counts = onnx.op("Min", [onnx.op("Add", [step, onnx.ints([1])]), lengths]);
  return maskedSteps(onnx, sequence, {
    x,
    lengths,
    counts,
    live: onnx.op("Less", [step, lengths]),
    isPacked: true,
  });
}

/**
 * The steps that a mask chooses are moved to the front of each row, since the states pass the others unchanged; what they
 * show is moved back.
 */
function chosenSteps(onnx: OnnxBuilder, sequence: Sequence, mask: Value): Steps {
  const { x } = sequence.values;
  const chosen = onnx.op("Squeeze", [onnx.cast(mask, "int64"), onnx.ints([2])]);
  const counts = onnx.op("CumSum", [chosen, onnx.scalar("int64", 0)]);
  const lengths = onnx.op("ReduceSum", [chosen, onnx.ints([0])], { keepdims: 0 });
  const live = onnx.cast(chosen, "bool");
  const time = dimsOf(onnx, x, 0, 1);
  const [before, last] = [counts, time].map((value) => onnx.op("Sub", [value, onnx.ints([1])])) as [
    Value,
    Value,
  ];
  // The last place is no step's that counts, unless all count.
  const places = onnx.op("Where", [live, before, last]);
  const steps = onnx.op("Expand", [positions(onnx, time), dimsOf(onnx, chosen)]);
  const order = onnx.op("ScatterElements", [onnx.op("Mul", [steps, onnx.ints([0])]), places, steps], {
    axis: 0,
  });
  return maskedSteps(onnx, sequence, { x: rowwise(onnx, x, order), lengths, counts, live, isPacked: false });
}

interface Masked {
  readonly x: Value;
  /** int64 [batch] */
  readonly lengths: Value;
  /** How many steps up to this one count, int64 [time, batch]. */
  readonly counts: Value;
  /** Which steps count, [time, batch]. */
  readonly live: Value;
  /** Whether the steps that count come first as they are. */
  readonly isPacked: boolean;
}

function maskedSteps(onnx: OnnxBuilder, { values }: Sequence, masked: Masked): Steps {
  const { lengths, counts, live } = masked;
  const column = (of: Value): Value => onnx.op("Unsqueeze", [of, onnx.ints([-1])]);
  const choose = (yes: Value, where: Value, no: Value | undefined): Value =>
    onnx.op("Where", [column(where), yes, no ?? zero(onnx)]);
  const some = (of: Value): Value => onnx.op("Greater", [of, onnx.ints([0])]);
  return {
    x: masked.x,
    lengths: onnx.cast(lengths, "int32"),
    shown: (y, kind) => {
      // ONNX shows zeros after a row's end.
      if (kind === "zeros" && masked.isPacked) return y;
      const at = onnx.op("Max", [onnx.op("Sub", [counts, onnx.ints([1])]), onnx.ints([0])]);
      const moved = rowwise(onnx, y, at);
      if (kind === "zeros") return choose(moved, live, undefined);
      return choose(moved, some(counts), kind === "state" ? values.h : values.before);
    },
    lastShown: (state, kind) => {
      if (kind !== "zeros") return choose(state, some(lengths), values.before);
      const last = onnx.op("Gather", [onnx.cast(live, "int32"), onnx.scalar("int64", -1)], { axis: 0 });
      return choose(state, onnx.cast(last, "bool"), undefined);
    },
    // ONNX Runtime gives zeros for a row without steps.
    final: (state, initial) => (initial === undefined ? state : choose(state, some(lengths), initial)),
  };
}

/** 0, 1, .. as a column. */
export function positions(onnx: OnnxBuilder, count: Value): Value {
  const [from, by] = [onnx.scalar("int64", 0), onnx.scalar("int64", 1)];
  return onnx.op("Unsqueeze", [onnx.op("Range", [from, scalarOf(onnx, count), by]), onnx.ints([1])]);
}

/** For each step and row, the step of that row that `at` names: [time, batch, ..] by [time, batch]. */
function rowwise(onnx: OnnxBuilder, value: Value, at: Value): Value {
  const rows = dimsOf(onnx, value, 1, 2);
  const [from, by] = [onnx.scalar("int64", 0), onnx.scalar("int64", 1)];
  const row = onnx.op("Range", [from, scalarOf(onnx, rows), by]);
  const flatAt = onnx.op("Add", [onnx.op("Mul", [at, rows]), row]);
  const size = onnx.op("Concat", [onnx.ints([-1]), dimsOf(onnx, value, 2, 3)], { axis: 0 });
  return onnx.op("Gather", [onnx.op("Reshape", [value, size]), flatAt], { axis: 0 });
}

function zero(onnx: OnnxBuilder): Value {
  return onnx.scalar("float32", 0);
}
