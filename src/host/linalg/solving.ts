import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type FloatType, floatTensor, newFloats } from "../math/floats.ts";
import { factorize, isInvertible, solveLower, solveUpper } from "./lu.ts";
import {
  batchKnown,
  linearSystems,
  loadMatrix,
  loadTransposed,
  type Matrices,
  squareMatricesOf,
} from "./matrices.ts";

function typeOf(attrs: Attributes): FloatType {
  return attrs.dtype("T") as FloatType;
}

/** Reads a matrix, as it is or transposed. */
function load(matrices: Matrices, index: number, isTransposed: boolean, to: Float64Array): void {
  if (isTransposed) loadTransposed(matrices, index, to);
  else loadMatrix(matrices, index, to);
}

const inverse: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const [dtype, isAdjoint] = [typeOf(attrs), attrs.bool("adjoint")];
    return ([input]) => {
      const matrices = squareMatricesOf(input!);
      const { shape, count, rows: n } = matrices;
      const out = newFloats(dtype, count * n * n);
      const lu = new Float64Array(n * n);
      const order = new Int32Array(n);
      const result = new Float64Array(n * n);
      for (let m = 0; m < count; m++) {
        load(matrices, m, isAdjoint, lu);
        factorize(lu, n, order);
        if (!isInvertible(lu, n)) throw invalidArgument("Input is not invertible.");
        result.fill(0);
        for (let i = 0; i < n; i++) result[i * n + order[i]!] = 1;
        solveLower(lu, n, result, n, true);
        solveUpper(lu, n, result, n);
        out.set(result, m * n * n);
      }
      return [floatTensor(dtype, shape, out)];
    };
  },
};

function solutionKnown(a: PartialShape, b: PartialShape): PartialShape {
  if (a === undefined || b === undefined) return a && new Array<number>(a.length).fill(-1);
  return [...a.slice(0, -2), a.at(-1)!, b.at(-1)!];
}

const solve: HostOp = {
  shapes: (_, [a, b]) => [solutionKnown(a!.shape, b!.shape)],
  compile: (attrs) => {
    const [dtype, isAdjoint] = [typeOf(attrs), attrs.bool("adjoint")];
    return ([a, b]) => {
      const [matrices, sides] = linearSystems(a!, b!, { areSquare: true });
      const { count, rows: n } = matrices;
      const { columns } = sides;
      const out = newFloats(dtype, count * n * columns);
      const lu = new Float64Array(n * n);
      const order = new Int32Array(n);
      const given = new Float64Array(n * columns);
      const result = new Float64Array(n * columns);
      // Nothing is asked of a matrix without right-hand sides.
      for (let m = 0; m < count && result.length > 0; m++) {
        load(matrices, m, isAdjoint, lu);
        factorize(lu, n, order);
        if (!isInvertible(lu, n)) throw invalidArgument("Input matrix is not invertible.");
        loadMatrix(sides, m, given);
        for (let i = 0; i < n; i++) {
          const row = order[i]! * columns;
          result.set(given.subarray(row, row + columns), i * columns);
        }
        solveLower(lu, n, result, columns, true);
        solveUpper(lu, n, result, columns);
        out.set(result, m * n * columns);
      }
      return [floatTensor(dtype, sides.shape, out)];
    };
  },
};

/** The sign of each determinant, and the sum of the logarithms of its factors' sizes. */
const logDeterminant: HostOp = {
  shapes: (_, [input]) => [batchKnown(input!.shape), batchKnown(input!.shape)],
  compile: (attrs) => {
    const dtype = typeOf(attrs);
    return ([input]) => {
      const matrices = squareMatricesOf(input!);
      const { batch, count, rows: n } = matrices;
      const [signs, logs] = [newFloats(dtype, count), newFloats(dtype, count)];
      const lu = new Float64Array(n * n);
      const order = new Int32Array(n);
      for (let m = 0; m < count; m++) {
        loadMatrix(matrices, m, lu);
        let sign: number = factorize(lu, n, order);
        let log = 0;
        for (let i = 0; i < lu.length; i += n + 1) {
          sign *= Math.sign(lu[i]!);
          log += Math.log(Math.abs(lu[i]!));
        }
        signs[m] = sign;
        logs[m] = log;
      }
      return [floatTensor(dtype, batch, signs), floatTensor(dtype, batch, logs)];
    };
  },
};

const determinant: HostOp = {
  shapes: (_, [input]) => [batchKnown(input!.shape)],
  compile: (attrs) => {
    const dtype = typeOf(attrs);
    return ([input]) => {
      const matrices = squareMatricesOf(input!);
      const { batch, count, rows: n } = matrices;
      const out = newFloats(dtype, count);
      const lu = new Float64Array(n * n);
      const order = new Int32Array(n);
      for (let m = 0; m < count; m++) {
        loadMatrix(matrices, m, lu);
        let product: number = factorize(lu, n, order);
        for (let i = 0; i < lu.length; i += n + 1) product *= lu[i]!;
        out[m] = product;
      }
      return [floatTensor(dtype, batch, out)];
    };
  },
};

/** Both triangles in one matrix, and where its rows came from. */
const factors: HostOp = {
  shapes: (_, [input]) => [input!.shape, input!.shape?.slice(0, -1)],
  compile: (attrs) => {
    const dtype = typeOf(attrs);
    const isLong = attrs.dtype("output_idx_type") === "int64";
    return ([input]) => {
      const matrices = squareMatricesOf(input!, "Input tensor");
      const { shape, count, rows: n } = matrices;
      const out = newFloats(dtype, count * n * n);
      const orders = new Int32Array(count * n);
      const lu = new Float64Array(n * n);
      for (let m = 0; m < count; m++) {
        loadMatrix(matrices, m, lu);
        factorize(lu, n, orders.subarray(m * n, (m + 1) * n));
        if (!isInvertible(lu, n)) throw invalidArgument("Input is not invertible.");
        out.set(lu, m * n * n);
      }
      const rows = isLong
        ? ({ dtype: "int64", shape: shape.slice(0, -1), data: BigInt64Array.from(orders, BigInt) } as const)
        : ({ dtype: "int32", shape: shape.slice(0, -1), data: orders } as const);
      return [floatTensor(dtype, shape, out), rows];
    };
  },
};

/** Systems of linear equations, inverses and determinants. */
export const solving: HostFamily = {
  MatrixInverse: inverse,
  BatchMatrixInverse: inverse,
  MatrixSolve: solve,
  BatchMatrixSolve: solve,
  MatrixDeterminant: determinant,
  BatchMatrixDeterminant: determinant,
  LogMatrixDeterminant: logDeterminant,
  Lu: factors,
};
