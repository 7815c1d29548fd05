import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import { dimsOf } from "./int-vector.ts";
import type { NaNTraces } from "./recurrent-result.ts";
import { positions } from "./recurrent-steps.ts";

/** What a recurrent op was given and what it gave. */
export interface LayerRun {
  /** [time, batch, features] */
  readonly x: Value;
  /** int32 [batch] */
  readonly lengths: Value | undefined;
  /** Initial states, [batch, units]. */
  readonly initial: readonly Value[];
  readonly isBackwards: boolean;
}

/**
 * Where what isn't a number reaches the results, as it does in TensorFlow: ONNX Runtime's kernels clamp it away. From a step
 * with a NaN on, all of the row is NaN.
 */
export function tracesOf(onnx: OnnxBuilder, run: LayerRun): NaNTraces {
  const { x, lengths, initial, isBackwards } = run;
  const zero = onnx.numbers("float32", [], [0]);
  /** Zero, or NaN where one of the elements along the last axis is. */
  const traceOf = (of: Value): Value =>
    onnx.op("Clip", [onnx.op("ReduceSum", [of, onnx.ints([-1])]), zero, zero]);
  const start = initial.map(traceOf);
  const withStart = (of: Value): Value => start.reduce((a, b) => onnx.op("Add", [a, b]), of);
  // Steps after a row's end show zeros, whatever comes in.
  const counts = lengths && countedSteps(onnx, x, lengths);
  const counted = (of: Value): Value => (counts === undefined ? of : onnx.op("Where", [counts, of, zero]));
  const traces = counted(traceOf(x));
  const left = onnx.op("ReduceSum", [traces, onnx.ints([0])], { keepdims: 0 });
  const shown = counted(withStart(upTo(onnx, traces, isBackwards)));
  return { shown, final: withStart(left), isBackwards };
}

/** The same of a layer without states of its own that runs on all that another layer shows. */
export function tracesOnTop(onnx: OnnxBuilder, below: NaNTraces, isBackwards: boolean): NaNTraces {
  if (below.isBackwards === isBackwards) return below;
  return { ...below, shown: upTo(onnx, below.shown, isBackwards), isBackwards };
}

function upTo(onnx: OnnxBuilder, traces: Value, isBackwards: boolean): Value {
  return onnx.op("CumSum", [traces, onnx.scalar("int64", 0)], isBackwards ? { reverse: 1 } : {});
}

/**
 * Adds zeros that are NaN, which costs less than choosing.
 * @param results [time, batch, units], then [batch, units] each.
 */
export function withNaN(onnx: OnnxBuilder, { shown, final }: NaNTraces, results: readonly Value[]): Value[] {
  return results.map((result, i) => onnx.op("Add", [result, i === 0 ? shown : final]));
}

/** Which steps come before the end of their row: [time, batch, 1]. */
function countedSteps(onnx: OnnxBuilder, x: Value, lengths: Value): Value {
  const within = onnx.op("Less", [positions(onnx, dimsOf(onnx, x, 0, 1)), onnx.cast(lengths, "int64")]);
  return onnx.op("Unsqueeze", [within, onnx.ints([2])]);
}
