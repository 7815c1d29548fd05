import type { PartialShape } from "../../tensor/shape.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type FloatType, floatTensor, newFloats } from "../math/floats.ts";
import { epsilonOf } from "./eigen.ts";
import { factorizeQr, productOf } from "./householder.ts";
import { loadMatrix, matricesOf, requireMatrices } from "./matrices.ts";
import { singularValues } from "./singular-values.ts";

function smaller(rows: number, columns: number): number {
  if (rows === 0 || columns === 0) return 0;
  return rows < 0 || columns < 0 ? -1 : Math.min(rows, columns);
}

/** Of a matrix with orthonormal columns and an upper triangle. */
const qr: HostOp = {
  shapes: (attrs, [input]) => {
    const { shape } = input!;
    if (shape === undefined) return [undefined, undefined];
    const [rows, columns] = shape.slice(-2) as [number, number];
    const inner = attrs.bool("full_matrices") ? rows : smaller(rows, columns);
    const batch = shape.slice(0, -2);
    return [
      [...batch, rows, inner],
      [...batch, inner, columns],
    ];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    const isFull = attrs.bool("full_matrices");
    return ([input]) => {
      requireMatrices(input!);
      const matrices = matricesOf(input!);
      const { batch, count, rows, columns } = matrices;
      const inner = isFull ? rows : Math.min(rows, columns);
      const q = newFloats(dtype, count * rows * inner);
      const r = newFloats(dtype, count * inner * columns);
      const work = new Float64Array(rows * columns);
      for (let m = 0; m < count; m++) {
        loadMatrix(matrices, m, work);
        const reflections = factorizeQr(work, rows, columns);
        q.set(productOf(reflections, rows, inner), m * rows * inner);
        for (let i = 0; i < Math.min(inner, columns); i++) {
          const row = work.subarray(i * columns + i, (i + 1) * columns);
          r.set(row, (m * inner + i) * columns + i);
        }
      }
      return [
        floatTensor(dtype, [...batch, rows, inner], q),
        floatTensor(dtype, [...batch, inner, columns], r),
      ];
    };
  },
};

const svd: HostOp = {
  shapes: (attrs, [input]) => {
    const { shape } = input!;
    if (shape === undefined) return [undefined, undefined, undefined];
    const [rows, columns] = shape.slice(-2) as [number, number];
    const batch = shape.slice(0, -2);
    const size = smaller(rows, columns);
    const values = [...batch, size];
    // The vectors that weren't asked for are some scalar.
    if (!attrs.bool("compute_uv")) return [values, undefined, undefined];
    const isFull = attrs.bool("full_matrices");
    const u: PartialShape = [...batch, rows, isFull ? rows : size];
    return [values, u, [...batch, columns, isFull ? columns : size]];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    const [hasVectors, isFull] = [attrs.bool("compute_uv"), attrs.bool("full_matrices")];
    return ([input]) => {
      requireMatrices(input!);
      const matrices = matricesOf(input!);
      const { batch, count, rows, columns } = matrices;
      const size = Math.min(rows, columns);
      const [uColumns, vColumns] = isFull ? [rows, columns] : [size, size];
      const s = newFloats(dtype, count * size);
      const u = newFloats(dtype, hasVectors ? count * rows * uColumns : 1);
      const v = newFloats(dtype, hasVectors ? count * columns * vColumns : 1);
      const work = new Float64Array(rows * columns);
      for (let m = 0; m < count; m++) {
        loadMatrix(matrices, m, work);
        const parts = singularValues(work, rows, columns, isFull, epsilonOf(dtype));
        s.set(parts.values, m * size);
        if (!hasVectors) continue;
        u.set(parts.u, m * rows * uColumns);
        v.set(parts.v, m * columns * vColumns);
      }
      return [
        floatTensor(dtype, [...batch, size], s),
        floatTensor(dtype, hasVectors ? [...batch, rows, uColumns] : [], u),
        floatTensor(dtype, hasVectors ? [...batch, columns, vColumns] : [], v),
      ];
    };
  },
};

/** Matrices as products of simpler ones. */
export const decompositions: HostFamily = { Qr: qr, Svd: svd, BatchSvd: svd };
