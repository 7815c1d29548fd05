import { invalidArgument } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type Complex, divide, multiply } from "../math/complex-number.ts";
import { newComplex } from "../math/complex-tensor.ts";
import { ComplexMatrix } from "./complex-matrix.ts";
import { minus, type Schur, schurOf } from "./complex-schur.ts";
import { requireMatrices } from "./matrices.ts";

/** 2^-23 and 2^-52, of a real type or the complex type made of it. */
export function precisionOf(dtype: DType): number {
  return dtype === "float32" || dtype === "complex64" ? 2 ** -23 : Number.EPSILON;
}

/** The square matrices of a tensor of real or complex numbers, in float64. */
export function squareComplexOf(tensor: Tensor): readonly ComplexMatrix[] {
  requireMatrices(tensor);
  const { dtype, shape, data } = tensor as NumericTensor;
  const n = shape.at(-1)!;
  if (shape.at(-2) !== n) throw invalidArgument("Input matrix must be square.");
  const lanes = dtype.startsWith("complex") ? 2 : 1;
  return Array.from({ length: span(shape.slice(0, -2), 0) }, (_, m) => {
    const matrix = new ComplexMatrix(n);
    for (let i = 0, from = m * n * n * lanes; i < n * n; i++, from += lanes) {
      matrix.re[i] = Number(data[from]);
      if (lanes === 2) matrix.im[i] = Number(data[from + 1]);
    }
    return matrix;
  });
}

/** The eigenvectors, each of length 1, as columns. */
function eigenvectors({ t, u }: Schur, epsilon: number): ComplexMatrix {
  const { n } = t;
  const x = new ComplexMatrix(n);
  const norm = Math.hypot(...t.re, ...t.im);
  for (let k = n - 1; k >= 0; k--) {
    x.set(k, k, [1, 0]);
    for (let i = k - 1; i >= 0; i--) {
      let sum: Complex = [0, 0];
      for (let j = i + 1; j <= k; j++) sum = minus(sum, multiply(t.at(i, j), x.at(j, k)));
      const gap = minus(t.at(i, i), t.at(k, k));
      // Equal eigenvalues: TensorFlow takes them a little apart.
      x.set(i, k, divide(sum, gap[0] === 0 && gap[1] === 0 ? [epsilon * norm, 0] : gap));
    }
  }
  const vectors = u.times(x);
  for (let k = 0; k < n; k++) {
    let square = 0;
    for (let i = 0; i < n; i++) square += Math.hypot(...vectors.at(i, k)) ** 2;
    const size = Math.sqrt(square);
    for (let i = 0; i < n; i++) vectors.set(i, k, divide(vectors.at(i, k), [size, 0]));
  }
  return vectors;
}

/** The columns by the sizes of their eigenvalues. */
function orderOf({ t }: Schur): readonly number[] {
  const sizes = Array.from({ length: t.n }, (_, i) => Math.hypot(...t.at(i, i)));
  const order = sizes.map((_, i) => i);
  for (let i = 0; i < order.length; i++) {
    let least = i;
    for (let j = i + 1; j < order.length; j++) if (sizes[order[j]!]! < sizes[order[least]!]!) least = j;
    const column = order[i]!;
    order[i] = order[least]!;
    order[least] = column;
  }
  return order;
}

const eig: HostOp = {
  shapes: (attrs, [input]) => {
    const { shape } = input!;
    return [shape?.slice(0, -1), attrs.bool("compute_v") ? shape : undefined];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("Tout") as "complex64" | "complex128";
    const epsilon = precisionOf(dtype);
    const hasVectors = attrs.bool("compute_v");
    return ([input]) => {
      const matrices = squareComplexOf(input!);
      const { shape } = input!;
      const n = shape.at(-1)!;
      const values = newComplex(dtype, matrices.length * n);
      const vectors = newComplex(dtype, hasVectors ? matrices.length * n * n : 1);
      for (const [m, matrix] of matrices.entries()) {
        const schur = schurOf(matrix, epsilon);
        if (schur === undefined) {
          throw invalidArgument("Eigen decomposition was not successful. The input might not be valid.");
        }
        const order = orderOf(schur);
        for (const [i, from] of order.entries()) values.set(schur.t.at(from, from), 2 * (m * n + i));
        if (!hasVectors) continue;
        const columns = eigenvectors(schur, epsilon);
        for (let row = 0; row < n; row++) {
          for (const [i, from] of order.entries())
            vectors.set(columns.at(row, from), 2 * ((m * n + row) * n + i));
        }
      }
      return [
        { dtype, shape: shape.slice(0, -1), data: values },
        { dtype, shape: hasVectors ? shape : [], data: vectors },
      ];
    };
  },
};

/**
 * Eigenvalues of any square matrices, from the smallest to the largest: TensorFlow's order for complex matrices, and of
 * real ones, for which it promises none.
 */
export const generalEigen: HostFamily = { Eig: eig };
