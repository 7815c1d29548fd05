import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import { broadcastKnown, broadcastShape } from "../arrays/known-shapes.ts";
import { broadcastTo } from "../arrays/view.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type FloatType, floatTensor, newFloats } from "../math/floats.ts";
import { loadMatrix, matricesOf, requireMatrices } from "./matrices.ts";

/**
 * Solves systems with a triangle of which only some diagonals are given: as rows, the main one and those below it, or,
 * above it, those above and the main one last. Element i of each is of row i of the triangle.
 */
const bandedTriangularSolve: HostOp = {
  shapes: (_, [bands, rhs]): PartialShape[] => {
    if (bands!.shape === undefined || rhs!.shape === undefined) return [undefined];
    const batch = broadcastKnown(bands!.shape.slice(0, -2), rhs!.shape.slice(0, -2))!;
    return [[...batch, bands!.shape.at(-1)!, rhs!.shape.at(-1)!]];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    const [isLower, isAdjoint] = [attrs.bool("lower"), attrs.bool("adjoint")];
    return ([bands, rhs]) => {
      for (const [i, tensor] of [bands!, rhs!].entries()) {
        if (tensor.shape.length < 2)
          throw invalidArgument(`In[${i}] ndims must be >= 2: ${tensor.shape.length}`);
      }
      const batch = broadcastShape(bands!.shape.slice(0, -2), rhs!.shape.slice(0, -2));
      if (batch === undefined) {
        throw invalidArgument(
          `In[0] and In[1] must have compatible batch dimensions: [${bands!.shape}] vs. [${rhs!.shape}]`,
        );
      }
      const [band, sides] = [bands!, rhs!].map((tensor) =>
        matricesOf(broadcastTo(tensor, [...batch, ...tensor.shape.slice(-2)])),
      ) as [ReturnType<typeof matricesOf>, ReturnType<typeof matricesOf>];
      const [count, n, columns] = [band.rows, band.columns, sides.columns];
      if (sides.rows !== n) throw invalidArgument(`In[0] mismatch In[1] shape: ${n} vs. ${sides.rows}`);
      if (count > n) throw invalidArgument("Number of bands must be less or equal than number of rows");
      const out = newFloats(dtype, sides.count * n * columns);
      const [diagonals, x] = [new Float64Array(count * n), new Float64Array(n * columns)];
      for (let m = 0; m < sides.count; m++) {
        loadMatrix(band, m, diagonals);
        loadMatrix(sides, m, x);
        // Element (i, j) of the triangle; the transposed one is read the other way.
        const element = (i: number, j: number): number => {
          const [row, column] = isAdjoint ? [j, i] : [i, j];
          const offset = row - column;
          const at = isLower ? offset : count - 1 + offset;
          return at < 0 || at >= count ? 0 : diagonals[at * n + row]!;
        };
        substitute(x, n, columns, count, isLower !== isAdjoint, element);
        out.set(x, m * n * columns);
      }
      return [floatTensor(dtype, [...batch, n, columns], out)];
    };
  },
};

function substitute(
  x: Float64Array,
  n: number,
  columns: number,
  bands: number,
  isForward: boolean,
  element: (i: number, j: number) => number,
): void {
  for (let step = 0; step < n; step++) {
    const i = isForward ? step : n - 1 - step;
    for (let k = 1; k < bands && k <= step; k++) {
      const j = isForward ? i - k : i + k;
      const factor = element(i, j);
      for (let c = 0; c < columns; c++) x[i * columns + c]! -= factor * x[j * columns + c]!;
    }
    const pivot = element(i, i);
    for (let c = 0; c < columns; c++) x[i * columns + c]! /= pivot;
  }
}

/** A matrix of three diagonals, each [..., 1, n], times another. */
const tridiagonalMatMul: HostOp = {
  shapes: (_, inputs) => [inputs[3]!.shape],
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    return (inputs) => {
      for (const input of inputs) requireMatrices(input);
      const [above, main, below, sides] = inputs.map(matricesOf) as [
        ReturnType<typeof matricesOf>,
        ReturnType<typeof matricesOf>,
        ReturnType<typeof matricesOf>,
        ReturnType<typeof matricesOf>,
      ];
      const { rows: n, columns, count } = sides;
      for (const diagonal of [above, main, below]) {
        if (diagonal.rows !== 1 || diagonal.columns !== n) {
          throw invalidArgument(`diagonals must be of the shape [..., 1, ${n}], got [${diagonal.shape}]`);
        }
      }
      const out = newFloats(dtype, count * n * columns);
      const x = sides.values;
      for (let m = 0; m < count; m++) {
        for (let i = 0; i < n; i++) {
          const at = m * n + i;
          for (let c = 0; c < columns; c++) {
            const own = at * columns + c;
            let sum = main.values[at]! * x[own]!;
            if (i > 0) sum += below.values[at]! * x[own - columns]!;
            if (i < n - 1) sum += above.values[at]! * x[own + columns]!;
            out[own] = sum;
          }
        }
      }
      return [floatTensor(dtype, sides.shape, out)];
    };
  },
};

/** Matrices that are given by few diagonals. */
export const banded: HostFamily = {
  BandedTriangularSolve: bandedTriangularSolve,
  TridiagonalMatMul: tridiagonalMatMul,
};
