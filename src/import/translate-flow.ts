import type { FunctionCall } from "./function-call.ts";
import type { OnnxBuilder } from "./onnx/builder.ts";
import type { Value } from "./onnx/value.ts";
import type { PreparedFlow } from "./prepared-graph.ts";
import { translateBranches } from "./translate-branches.ts";
import { translateLoop } from "./translate-loop.ts";

/**
 * Adds what a control flow node computes.
 * @param selector what decides between branches.
 * @param inputs the other inputs; undefined where they are bound in the functions.
 * @throws StatusError UNIMPLEMENTED if ONNX can't express it.
 */
export function translateFlow(
  prepared: PreparedFlow,
  selector: Value | undefined,
  inputs: readonly (Value | undefined)[],
  onnx: OnnxBuilder,
  call: FunctionCall,
): readonly (Value | undefined)[] {
  const { flow, functions } = prepared;
  if (flow.kind === "while") return translateLoop(prepared, inputs, onnx, call);
  const branches = functions.map((_, which) => () => call(which, inputs));
  return translateBranches(flow.select, selector!, branches, onnx);
}
