import type { Ref } from "../graph.ts";
import { constantInt, isSameValue, nodeOf, type Scope } from "./constants.ts";
import type { Expression } from "./expression.ts";
import type { Bound, TimeLoop } from "./loop.ts";

/** Which steps count: those where [time, batch, 1] is true, or each row's first ones, as many as [batch] says. */
export type Masking = { readonly kind: "mask" | "lengths"; readonly ref: Ref };

/** @param live the condition under which a row of the states changes. */
export function maskingOf(loop: TimeLoop, live: Expression): Masking | undefined {
  if (live.kind === "within") return { kind: "lengths", ref: live.lengths };
  const mask = live.kind === "element" ? loop.inputs.get(live.argument) : undefined;
  return mask && { kind: "mask", ref: mask.tensor };
}

/**
 * A bound without the part that only saves rounds in which no row counts: dynamic_rnn stops at
 * `min(time, max(1, longest row))`.
 */
export function withoutEarlyEnd(scope: Scope, bound: Bound, masking: Masking | undefined): Bound {
  const least = typeof bound === "number" ? undefined : nodeOf(scope, bound);
  if (masking?.kind !== "lengths" || least?.op !== "Minimum") return bound;
  const [a, b] = least.inputs as [Ref, Ref];
  if (isLongest(scope, a, masking)) return b;
  return isLongest(scope, b, masking) ? a : bound;
}

/** `max(1, reduce_max(lengths))`, or without the 1. */
function isLongest(scope: Scope, ref: Ref, masking: Masking): boolean {
  const node = nodeOf(scope, ref);
  if (node?.op === "Max") return isSameValue(scope, node.inputs[0]!, masking.ref);
  if (node?.op !== "Maximum") return false;
  const [a, b] = node.inputs as [Ref, Ref];
  if (constantInt(scope, a) !== undefined) return isLongest(scope, b, masking);
  return constantInt(scope, b) !== undefined && isLongest(scope, a, masking);
}

/** Whether a scalar is the same as a bound. */
export function isBound(scope: Scope, ref: Ref, bound: Bound): boolean {
  return typeof bound === "number" ? constantInt(scope, ref) === bound : isSameValue(scope, ref, bound);
}
