import type { PartialShape } from "../tensor/shape.ts";
import { isNumber, type Value } from "./onnx/value.ts";

/** What a program says of a shape that was inferred. */
export function declaredShape({ shape }: Value): PartialShape {
  return shape?.map((dim) => (isNumber(dim) ? dim : -1));
}

/** What two shapes have in common. */
export function commonShape(a: PartialShape, b: PartialShape): PartialShape {
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.map((dim, i) => (dim === b[i] ? dim : -1));
}

export function areSameShapes(a: readonly PartialShape[], b: readonly PartialShape[]): boolean {
  return a.every((shape, i) => String(shape ?? "?") === String(b[i] ?? "?"));
}
