import type { HostValue } from "../host/host-op.ts";

/**
 * Whether a condition holds: for a scalar, that it isn't zero or empty; for other tensors, that they have elements
 * (TensorFlow's ToBool, functional_ops.cc).
 */
export function isTrue(value: HostValue): boolean {
  if (value.shape.length > 0) return value.data.length > 0;
  const [element] = value.data as ArrayLike<unknown> as readonly unknown[];
  // NaN is not zero.
  return element instanceof Uint8Array ? element.length > 0 : Number(element) !== 0;
}

/** The position of the branch to run; an index outside of the range means the last. */
export function chooseBranch(select: "truth" | "index", selector: HostValue, count: number): number {
  if (select === "truth") return isTrue(selector) ? 0 : 1;
  const index = Number(selector.data[0]);
  return index >= 0 && index < count ? index : count - 1;
}
