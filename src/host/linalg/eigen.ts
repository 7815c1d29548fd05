import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { NumericTensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type FloatType, floatTensor, newFloats } from "../math/floats.ts";
import { exchangeColumns, productOf, type Reflection, reflectColumn } from "./householder.ts";
import { loadMatrix, type Matrices, squareMatricesOf } from "./matrices.ts";
import { givens, rotateColumns } from "./rotation.ts";

// Done as Eigen does it, so that the vectors have the same signs.

const STEPS_PER_VALUE = 30;

/** A symmetric matrix's eigenvalues, ascending, and its eigenvectors as columns, or undefined if it has none. */
interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/** @param epsilon of the type that the matrix came in: more accuracy isn't worth more steps. */
function decompose(a: Float64Array, n: number, epsilon: number): Eigen | undefined {
  let scale = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) scale = Math.max(scale, Math.abs(a[i * n + j]!));
  if (!Number.isFinite(scale)) return undefined;
  if (scale === 0) scale = 1;
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[j * n + i] = a[i * n + j]! /= scale;
  const beside = new Float64Array(Math.max(0, n - 1));
  const vectors = productOf(tridiagonalize(a, n), n, n);
  const values = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  for (let i = 0; i < n - 1; i++) beside[i] = a[(i + 1) * n + i]!;
  if (!diagonalize(values, beside, vectors, n, epsilon)) return undefined;
  sort(values, vectors, n);
  for (let i = 0; i < n; i++) values[i]! *= scale;
  return { values, vectors };
}

/** Makes zero all but the diagonal and the numbers below it, by reflections from both sides, which it returns. */
function tridiagonalize(a: Float64Array, n: number): readonly Reflection[] {
  const reflections: Reflection[] = [];
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k < n - 1; k++) {
    const tau = reflectColumn(a, n, n, k + 1, k);
    reflections.push({ a, columns: n, start: k + 1, column: k, tau });
    v[k + 1] = 1;
    for (let i = k + 2; i < n; i++) v[i] = a[i * n + k]!;
    // A - v w' - w v', with w = tau A v less its part along v.
    let along = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[Math.max(i, j) * n + Math.min(i, j)]! * v[j]!;
      w[i] = tau * sum;
      along += w[i]! * v[i]!;
    }
    for (let i = k + 1; i < n; i++) w[i]! -= (tau / 2) * along * v[i]!;
    for (let i = k + 1; i < n; i++) {
      for (let j = k + 1; j <= i; j++) a[i * n + j]! -= v[i]! * w[j]! + w[i]! * v[j]!;
    }
  }
  return reflections;
}

/** Makes the numbers beside the diagonal zero, by implicit QR steps on the last part that isn't diagonal yet. */
function diagonalize(
  values: Float64Array,
  beside: Float64Array,
  vectors: Float64Array,
  n: number,
  epsilon: number,
): boolean {
  let end = n - 1;
  let start = 0;
  for (let step = 0; end > 0; ) {
    for (let i = start; i < end; i++) {
      const scaled = beside[i]! / epsilon;
      if (scaled * scaled <= Math.abs(values[i]!) + Math.abs(values[i + 1]!)) beside[i] = 0;
    }
    while (end > 0 && beside[end - 1] === 0) end--;
    if (end <= 0) break;
    if (++step > STEPS_PER_VALUE * n) return false;
    start = end - 1;
    while (start > 0 && beside[start - 1] !== 0) start--;
    qrStep(values, beside, vectors, n, start, end);
  }
  return true;
}

function qrStep(
  values: Float64Array,
  beside: Float64Array,
  vectors: Float64Array,
  n: number,
  start: number,
  end: number,
): void {
  let x = values[start]! - wilkinsonShift(values[end - 1]!, values[end]!, beside[end - 1]!);
  let z = beside[start]!;
  for (let k = start; k < end && z !== 0; k++) {
    const rotation = givens(x, z);
    const { c, s } = rotation;
    const [d, e, f] = [values[k]!, beside[k]!, values[k + 1]!];
    const mixed = s * d + c * e;
    const other = s * e + c * f;
    values[k] = c * (c * d - s * e) - s * (c * e - s * f);
    values[k + 1] = s * mixed + c * other;
    beside[k] = c * mixed - s * other;
    if (k > start) beside[k - 1] = c * beside[k - 1]! - s * z;
    x = beside[k]!;
    if (k < end - 1) {
      z = -s * beside[k + 1]!;
      beside[k + 1]! *= c;
    }
    rotateColumns(vectors, n, n, k, k + 1, rotation);
  }
}

/** The eigenvalue of [[a, e], [e, b]] that is nearer to b. */
function wilkinsonShift(a: number, b: number, e: number): number {
  const half = (a - b) / 2;
  if (half === 0) return b - Math.abs(e);
  const size = Math.hypot(half, e);
  return b - e * (e / (half + (half > 0 ? size : -size)));
}

function sort(values: Float64Array, vectors: Float64Array, n: number): void {
  for (let i = 0; i < n - 1; i++) {
    let least = i;
    for (let j = i + 1; j < n; j++) if (values[j]! < values[least]!) least = j;
    if (least === i) continue;
    const value = values[i]!;
    values[i] = values[least]!;
    values[least] = value;
    exchangeColumns(vectors, n, n, i, least);
  }
}

/** 2^-23 and 2^-52. */
export function epsilonOf(dtype: FloatType): number {
  return dtype === "float32" ? 2 ** -23 : Number.EPSILON;
}

function scalarZero(dtype: FloatType): NumericTensor {
  return floatTensor(dtype, [], newFloats(dtype, 1));
}

/** @param work room for one matrix. */
function eigenOf(matrices: Matrices, m: number, work: Float64Array, dtype: FloatType): Eigen {
  loadMatrix(matrices, m, work);
  const eigen = decompose(work, matrices.rows, epsilonOf(dtype));
  if (eigen !== undefined) return eigen;
  throw invalidArgument("Self-adjoint eigen decomposition was not successful. The input might not be valid.");
}

const selfAdjoint: HostOp = {
  shapes: (attrs, [input]) => {
    const shape: PartialShape = input!.shape;
    // The vectors that weren't asked for are some scalar.
    return [shape?.slice(0, -1), attrs.bool("compute_v") ? shape : undefined];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    const hasVectors = attrs.bool("compute_v");
    return ([input]) => {
      const matrices = squareMatricesOf(input!);
      const { shape, count, rows: n } = matrices;
      const values = newFloats(dtype, count * n);
      const vectors = newFloats(dtype, hasVectors ? count * n * n : 0);
      const work = new Float64Array(n * n);
      for (let m = 0; m < count; m++) {
        const eigen = eigenOf(matrices, m, work, dtype);
        values.set(eigen.values, m * n);
        if (hasVectors) vectors.set(eigen.vectors, m * n * n);
      }
      return [
        floatTensor(dtype, shape.slice(0, -1), values),
        hasVectors ? floatTensor(dtype, shape, vectors) : scalarZero(dtype),
      ];
    };
  },
};

/** The first version: one matrix more rows than columns, the values as its first row. */
const valuesOverVectors: HostOp = {
  shapes: (_, [input]) => [
    input!.shape && [...input!.shape.slice(0, -2), rowMore(input!.shape.at(-2)!), input!.shape.at(-1)!],
  ],
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    return ([input]) => {
      const matrices = squareMatricesOf(input!);
      const { batch, count, rows: n } = matrices;
      const out = newFloats(dtype, count * (n + 1) * n);
      const work = new Float64Array(n * n);
      for (let m = 0; m < count; m++) {
        const eigen = eigenOf(matrices, m, work, dtype);
        out.set(eigen.values, m * (n + 1) * n);
        out.set(eigen.vectors, m * (n + 1) * n + n);
      }
      return [floatTensor(dtype, [...batch, n + 1, n], out)];
    };
  },
};

function rowMore(rows: number): number {
  return rows < 0 ? -1 : rows + 1;
}

/** Eigenvalues of symmetric matrices, of which only the lower triangle is read. */
export const eigenvalues: HostFamily = {
  SelfAdjointEigV2: selfAdjoint,
  BatchSelfAdjointEigV2: selfAdjoint,
  SelfAdjointEig: valuesOverVectors,
  BatchSelfAdjointEig: valuesOverVectors,
};
