import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";

/** Zeros that are NaN where something that isn't a number reaches a result. */
export interface NaNTraces {
  /** Of all steps, [time, batch, 1]: from a NaN on in the direction of the run, all are. */
  readonly shown: Value;
  /** Of the states after the last step, [batch, 1]. */
  readonly final: Value;
  readonly isBackwards: boolean;
}

/** How many steps and rows there really are where one of each may have been added: int64 vectors. */
export interface TrueSizes {
  readonly both: Value;
  readonly time: Value;
  readonly batch: Value;
}

/** What a recurrent layer shows, as the layer on top of it can take it without the guards that stand between them. */
export interface LayerResult {
  /** What the op gave, without NaN, and with the row and the step that were added where there was none. */
  readonly whole: Value;
  /** Undefined if nothing can have been added. */
  readonly sizes: TrueSizes | undefined;
  /** Whether there is a step for certain. */
  readonly hasSteps: boolean;
  readonly traces: NaNTraces;
}

const results = new WeakMap<OnnxBuilder, Map<string, LayerResult>>();

/** Notes what a layer that shows `shown` was made of. */
export function noteResult(onnx: OnnxBuilder, shown: Value, result: LayerResult): void {
  const known = results.get(onnx) ?? new Map<string, LayerResult>();
  results.set(onnx, known.set(shown.name, result));
}

/** Undefined for what isn't all that a layer shows. */
export function resultOf(onnx: OnnxBuilder, shown: Value): LayerResult | undefined {
  return results.get(onnx)?.get(shown.name);
}
