import { invalidArgument } from "../../status/status.ts";
import { type PartialShape, type Shape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import { type Floats, floatsOf } from "../math/floats.ts";

/** The matrices that a tensor's last two axes hold, one after the other, row-major. */
export interface Matrices {
  readonly shape: Shape;
  /** The axes before the last two. */
  readonly batch: Shape;
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  readonly values: Floats;
}

/** @param tensor of two axes or more. */
export function matricesOf(tensor: Tensor): Matrices {
  const { shape } = tensor;
  const batch = shape.slice(0, -2);
  return {
    shape,
    batch,
    count: span(batch, 0),
    rows: shape.at(-2)!,
    columns: shape.at(-1)!,
    values: floatsOf(tensor),
  };
}

/** @throws StatusError INVALID_ARGUMENT for fewer than two axes, or another number of rows than of columns. */
export function squareMatricesOf(tensor: Tensor, what = "Input tensor 0"): Matrices {
  requireMatrices(tensor, what);
  const matrices = matricesOf(tensor);
  if (matrices.rows !== matrices.columns) throw invalidArgument("Input matrix must be square.");
  return matrices;
}

/**
 * Matrices and the right-hand sides that belong to them.
 * @throws StatusError INVALID_ARGUMENT unless there is a matrix, of as many rows, for each right-hand side.
 */
export function linearSystems(
  a: Tensor,
  b: Tensor,
  { areSquare = false } = {},
): readonly [Matrices, Matrices] {
  requireMatrices(a);
  if (a.shape.length !== b.shape.length) throw invalidArgument("All input tensors must have the same rank.");
  const [matrices, sides] = [matricesOf(a), matricesOf(b)];
  if (!sameShape(matrices.batch, sides.batch))
    throw invalidArgument("All input tensors must have the same outer dimensions.");
  if (areSquare && matrices.rows !== matrices.columns)
    throw invalidArgument("First input (lhs) must be a square matrix.");
  if (matrices.rows !== sides.rows) throw invalidArgument("Input matrix and rhs are incompatible.");
  return [matrices, sides];
}

/** @throws StatusError INVALID_ARGUMENT for fewer than two axes. */
export function requireMatrices({ shape }: Tensor, what = "Input tensor 0"): void {
  if (shape.length < 2) throw invalidArgument(`${what} must have rank >= 2, got ${shape.length}`);
}

/** Copies a matrix, in float64. */
export function loadMatrix({ rows, columns, values }: Matrices, index: number, to: Float64Array): void {
  const size = rows * columns;
  const from = index * size;
  for (let i = 0; i < size; i++) to[i] = values[from + i]!;
}

/** Copies a matrix, in float64, rows as columns. */
export function loadTransposed({ rows, columns, values }: Matrices, index: number, to: Float64Array): void {
  let from = index * rows * columns;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) to[column * rows + row] = values[from++]!;
  }
}

/** The axes before the last two. */
export function batchKnown(shape: PartialShape): PartialShape {
  return shape?.slice(0, -2);
}
