import { invalidArgument } from "../../status/status.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { broadcastKnown, broadcastShape } from "../arrays/known-shapes.ts";
import { broadcastTo } from "../arrays/view.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type FloatType, floatTensor, newFloats } from "../math/floats.ts";
import { solveLower, solveUpper } from "./lu.ts";
import {
  loadMatrix,
  loadTransposed,
  type Matrices,
  matricesOf,
  requireMatrices,
  squareMatricesOf,
} from "./matrices.ts";

/**
 * Factors a symmetric matrix, of which only the lower triangle is read, into a lower triangle and its transpose, in its
 * place; the upper triangle becomes zero.
 * @returns whether the matrix is positive definite.
 */
export function factorizeSymmetric(a: Float64Array, n: number): boolean {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * n + k]! * a[j * n + k]!;
      if (i > j) a[i * n + j] = sum / a[j * n + j]!;
      else if (sum > 0) a[j * n + j] = Math.sqrt(sum);
      else return false;
    }
    a.fill(0, j * n + j + 1, (j + 1) * n);
  }
  return true;
}

const cholesky: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    return ([input]) => {
      const matrices = squareMatricesOf(input!);
      const { shape, count, rows: n } = matrices;
      const out = newFloats(dtype, count * n * n);
      const work = new Float64Array(n * n);
      for (let m = 0; m < count; m++) {
        loadMatrix(matrices, m, work);
        if (!factorizeSymmetric(work, n)) fillLower(work, n, Number.NaN);
        out.set(work, m * n * n);
      }
      return [floatTensor(dtype, shape, out)];
    };
  },
};

function fillLower(a: Float64Array, n: number, value: number): void {
  a.fill(0);
  for (let i = 0; i < n; i++) a.fill(value, i * n, i * n + i + 1);
}

const triangularSolve: HostOp = {
  shapes: (_, [a, b]) => {
    if (a!.shape === undefined || b!.shape === undefined) return [undefined];
    const batch = broadcastKnown(a!.shape.slice(0, -2), b!.shape.slice(0, -2))!;
    return [[...batch, a!.shape.at(-1)!, b!.shape.at(-1)!]];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    const [isLower, isAdjoint] = [attrs.bool("lower"), attrs.bool("adjoint")];
    return ([a, b]) => {
      const [left, right] = sameBatch(a!, b!, `${Number(isLower)} ${Number(isAdjoint)}`);
      const [matrices, sides] = [matricesOf(left), matricesOf(right)];
      const { count, rows: n } = matrices;
      const { columns } = sides;
      const out = newFloats(dtype, count * n * columns);
      const triangle = new Float64Array(n * n);
      const result = new Float64Array(n * columns);
      for (let m = 0; m < count && result.length > 0; m++) {
        if (isAdjoint) loadTransposed(matrices, m, triangle);
        else loadMatrix(matrices, m, triangle);
        loadMatrix(sides, m, result);
        if (isLower !== isAdjoint) solveLower(triangle, n, result, columns, false);
        else solveUpper(triangle, n, result, columns);
        out.set(result, m * n * columns);
      }
      return [floatTensor(dtype, sides.shape, out)];
    };
  },
};

/**
 * Both tensors repeated so that they hold as many matrices.
 * @param flags lower and adjoint, as TensorFlow prints them.
 */
function sameBatch(a: Tensor, b: Tensor, flags: string): readonly [Tensor, Tensor] {
  for (const [i, { shape }] of [a, b].entries()) {
    if (shape.length < 2) throw invalidArgument(`In[${i}] ndims must be >= 2: ${shape.length}`);
  }
  const [x, y] = [matricesOf(a), matricesOf(b)];
  const batch = broadcastShape(x.batch, y.batch);
  if (batch === undefined) {
    throw invalidArgument(
      `In[0] and In[1] must have compatible batch dimensions: ${formatShape(a.shape)} vs. ${formatShape(b.shape)}`,
    );
  }
  if (x.rows !== x.columns) {
    throw invalidArgument(
      `In[0] matrices in the last dimensions must be square (${x.columns} =/= ${x.rows})`,
    );
  }
  if (x.rows !== y.rows) {
    throw invalidArgument(
      `In[0] mismatch In[1] shape: ${x.rows} vs. ${y.rows}: ${formatShape(a.shape)} ${formatShape(b.shape)} ${flags}`,
    );
  }
  return [broadcastTo(a, [...batch, x.rows, x.columns]), broadcastTo(b, [...batch, y.rows, y.columns])];
}

/**
 * What a gradient on a factor L is on the matrix: half of L^-T (P + P^T) L^-1, where P is the lower triangle of L^T times
 * the gradient's, its diagonal halved (Murray, Differentiation of the Cholesky decomposition).
 */
const choleskyGradient: HostOp = {
  shapes: (_, [factor]) => [factor!.shape],
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    return ([factor, gradient]) => {
      const [factors, gradients] = factorAndGradient(factor!, gradient!);
      const { shape, count, rows: n } = factors;
      const out = newFloats(dtype, count * n * n);
      const [l, g] = [new Float64Array(n * n), new Float64Array(n * n)];
      for (let m = 0; m < count; m++) {
        loadMatrix(factors, m, l);
        loadMatrix(gradients, m, g);
        const p = symmetricPart(l, g, n);
        const turned = new Float64Array(n * n);
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) turned[j * n + i] = l[i * n + j]!;
        solveUpper(turned, n, p, n);
        // The other side is the same, of the transpose.
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) g[j * n + i] = p[i * n + j]!;
        solveUpper(turned, n, g, n);
        out.set(g, m * n * n);
      }
      return [floatTensor(dtype, shape, out)];
    };
  },
};

/** @throws StatusError INVALID_ARGUMENT unless both hold as many square matrices of one size. */
function factorAndGradient(factor: Tensor, gradient: Tensor): readonly [Matrices, Matrices] {
  requireMatrices(factor);
  if (factor.shape.length !== gradient.shape.length)
    throw invalidArgument("All input tensors must have the same rank.");
  const [factors, gradients] = [matricesOf(factor), matricesOf(gradient)];
  if (!sameShape(factors.batch, gradients.batch))
    throw invalidArgument("All input tensors must have the same outer dimensions.");
  if (factors.rows !== factors.columns) throw invalidArgument("Inputs must be a square matrices.");
  if (!sameShape(factors.shape, gradients.shape))
    throw invalidArgument("Inputs (L and grad) must have the same shape.");
  return [factors, gradients];
}

/** Half of P + P^T. */
function symmetricPart(l: Float64Array, g: Float64Array, n: number): Float64Array {
  const p = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum += l[k * n + i]! * g[k * n + j]!;
      p[i * n + j] = p[j * n + i] = sum / 2;
    }
  }
  return p;
}

/** Triangular factors of symmetric matrices, and triangular systems. */
export const triangles: HostFamily = {
  Cholesky: cholesky,
  BatchCholesky: cholesky,
  CholeskyGrad: choleskyGradient,
  BatchCholeskyGrad: choleskyGradient,
  MatrixTriangularSolve: triangularSolve,
  BatchMatrixTriangularSolve: triangularSolve,
};
