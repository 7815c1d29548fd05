import { invalidArgument } from "../../status/status.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type FloatType, floatTensor, newFloats } from "../math/floats.ts";
import { epsilonOf } from "./eigen.ts";
import { solveLower, solveUpper } from "./lu.ts";
import { linearSystems, loadMatrix } from "./matrices.ts";
import { singularValues } from "./singular-values.ts";
import { factorizeSymmetric } from "./triangles.ts";

/** Least squares, or the smallest solution where there are several. */
const solveLeastSquares: HostOp = {
  shapes: (_, [a, b]) => {
    if (a!.shape === undefined || b!.shape === undefined) return [undefined];
    return [[...a!.shape.slice(0, -2), a!.shape.at(-1)!, b!.shape.at(-1)!]];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    const isFast = attrs.bool("fast");
    return ([a, b, regularizer]) => {
      const [matrices, sides] = linearSystems(a!, b!);
      if (regularizer!.shape.length > 0) {
        throw invalidArgument(`l2_regularizer must be scalar, got shape ${formatShape(regularizer!.shape)}`);
      }
      const weight = regularizer!.data[0] as number;
      if (weight < 0) throw invalidArgument("l2_regularizer must be >= 0.");
      const { batch, count, rows, columns } = matrices;
      const out = newFloats(dtype, count * columns * sides.columns);
      const [matrix, side] = [new Float64Array(rows * columns), new Float64Array(rows * sides.columns)];
      for (let m = 0; m < count && out.length > 0 && rows > 0; m++) {
        loadMatrix(matrices, m, matrix);
        loadMatrix(sides, m, side);
        const solution = isFast
          ? byNormalEquations(matrix, rows, columns, side, sides.columns, weight)
          : byPseudoInverse(matrix, rows, columns, side, sides.columns, epsilonOf(dtype));
        out.set(solution, m * columns * sides.columns);
      }
      return [floatTensor(dtype, [...batch, columns, sides.columns], out)];
    };
  },
};

/** The product of two row-major matrices, the first one read by its columns or its rows. */
function product(
  a: Float64Array,
  rows: number,
  inner: number,
  isTransposed: boolean,
  b: Float64Array,
  columns: number,
): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = isTransposed ? a[k * rows + i]! : a[i * inner + k]!;
      for (let j = 0; j < columns; j++) result[i * columns + j]! += factor * b[k * columns + j]!;
    }
  }
  return result;
}

/** (A'A + w)^-1 A'b for a tall matrix, A'(AA' + w)^-1 b for a wide one. */
function byNormalEquations(
  a: Float64Array,
  rows: number,
  columns: number,
  b: Float64Array,
  width: number,
  weight: number,
): Float64Array {
  const isTall = rows >= columns;
  const n = isTall ? columns : rows;
  const gram = isTall ? product(a, columns, rows, true, a, columns) : outer(a, rows, columns);
  for (let i = 0; i < gram.length; i += n + 1) gram[i]! += weight;
  if (!factorizeSymmetric(gram, n)) {
    throw invalidArgument(
      "Input matrix was rank deficient or ill-conditioned. Try setting fast=False or provide a larger " +
        "l2_regularizer > 0.",
    );
  }
  const solution = isTall ? product(a, columns, rows, true, b, width) : b;
  solveLower(gram, n, solution, width, false);
  const upper = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) upper[j * n + i] = gram[i * n + j]!;
  solveUpper(upper, n, solution, width);
  return isTall ? solution : product(a, columns, rows, true, solution, width);
}

/** AA'. */
function outer(a: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < columns; k++) result[i * rows + j]! += a[i * columns + k]! * a[j * columns + k]!;
    }
  }
  return result;
}

function byPseudoInverse(
  a: Float64Array,
  rows: number,
  columns: number,
  b: Float64Array,
  width: number,
  epsilon: number,
): Float64Array {
  const { values, u, v } = singularValues(a, rows, columns, false, epsilon);
  const size = values.length;
  const parts = product(u, size, rows, true, b, width);
  // What is as small as rounding leaves it counts as zero.
  const threshold = epsilon * size * values[0]!;
  for (let i = 0; i < size; i++) {
    const factor = values[i]! > threshold ? 1 / values[i]! : 0;
    for (let j = 0; j < width; j++) parts[i * width + j]! *= factor;
  }
  return product(v, columns, size, false, parts, width);
}

/** Systems that need not have a solution. */
export const leastSquares: HostFamily = {
  MatrixSolveLs: solveLeastSquares,
  BatchMatrixSolveLs: solveLeastSquares,
};
