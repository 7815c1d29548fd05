import type { NumericTensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type Complex, divide, log, multiply, sqrt } from "../math/complex-number.ts";
import { newComplex } from "../math/complex-tensor.ts";
import { type FloatType, floatTensor, newFloats } from "../math/floats.ts";
import { ComplexMatrix } from "./complex-matrix.ts";
import { minus, plus, schurOf } from "./complex-schur.ts";
import { squareComplexOf } from "./general-eigen.ts";

/** A function of an upper triangular matrix. Higham, Functions of Matrices. */
type TriangularFunction = (t: ComplexMatrix) => ComplexMatrix;

/** Solves A X = B for upper triangular matrices; B becomes X. */
function solveUpper(a: ComplexMatrix, b: ComplexMatrix): ComplexMatrix {
  const { n } = a;
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i; j < n; j++) {
      let sum = b.at(i, j);
      for (let k = i + 1; k <= j; k++) sum = minus(sum, multiply(a.at(i, k), b.at(k, j)));
      b.set(i, j, divide(sum, a.at(i, i)));
    }
  }
  return b;
}

/** Björck and Hammarling's recurrence, column by column. */
const squareRoot: TriangularFunction = (t) => {
  const { n } = t;
  const root = new ComplexMatrix(n);
  for (let j = 0; j < n; j++) {
    root.set(j, j, sqrt(...t.at(j, j)));
    for (let i = j - 1; i >= 0; i--) {
      let sum = t.at(i, j);
      for (let k = i + 1; k < j; k++) sum = minus(sum, multiply(root.at(i, k), root.at(k, j)));
      const isZero = sum[0] === 0 && sum[1] === 0;
      root.set(i, j, isZero ? [0, 0] : divide(sum, plus(root.at(i, i), root.at(j, j))));
    }
  }
  return root;
};

/** The numerator of exp's Padé approximant of degree 13; the denominator has the odd ones negated. */
const PADE_13: readonly number[] = (() => {
  const coefficients = [1];
  for (let k = 1; k <= 13; k++) coefficients.push((coefficients[k - 1]! * (14 - k)) / (k * (27 - k)));
  return coefficients;
})();

/** Up to this norm the approximant is as good as float64 (Higham 2005). */
const PADE_13_NORM = 5.371920351148152;

/** Scaling and squaring. */
const exponential: TriangularFunction = (t) => {
  const { n } = t;
  const norm = t.norm1();
  if (!Number.isFinite(norm)) return filled(n, Number.NaN);
  const halvings = Math.max(0, Math.ceil(Math.log2(norm / PADE_13_NORM)));
  const x = t.copy().scale(2 ** -halvings);
  const parts = [new ComplexMatrix(n), new ComplexMatrix(n)] as const;
  let power = ComplexMatrix.identity(n);
  for (const [k, coefficient] of PADE_13.entries()) {
    if (k > 0) power = power.times(x);
    parts[k % 2 === 0 ? 0 : 1].add(power, coefficient);
  }
  const [even, odd] = parts;
  let result = solveUpper(even.copy().add(odd, -1), even.add(odd));
  for (let i = 0; i < halvings; i++) result = result.times(result);
  return result;
};

/** Nodes and weights of Gauss and Legendre's rule on [0, 1], for pairs of places around the middle. */
const LEGENDRE: readonly (readonly [node: number, weight: number])[] = (() => {
  const rule: (readonly [number, number])[] = [];
  const count = 7;
  for (let i = 1; i <= count; i++) {
    let x = Math.cos((Math.PI * (i - 0.25)) / (count + 0.5));
    let slope = 0;
    for (let step = 0; step < 50; step++) {
      let [before, value] = [1, x];
      for (let k = 2; k <= count; k++)
        [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
      slope = (count * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    rule.push([(1 + x) / 2, 1 / ((1 - x * x) * slope * slope)]);
  }
  return rule;
})();

/** Up to this norm of X the rule's approximant of log(I + X), which is Padé's of degree 7, is as good as float64. */
const LOG_NORM = 0.25;

const MOST_ROOTS = 100;

/** Roots are taken until the matrix is near to I. */
const logarithm: TriangularFunction = (t) => {
  const { n } = t;
  const identity = ComplexMatrix.identity(n);
  let root = t;
  let roots = 0;
  for (; roots < MOST_ROOTS; roots++) {
    if (!(root.copy().add(identity, -1).norm1() > LOG_NORM)) break;
    root = squareRoot(root);
  }
  const x = root.copy().add(identity, -1);
  const result = new ComplexMatrix(n);
  for (const [node, weight] of LEGENDRE)
    result.add(solveUpper(identity.copy().add(x, node), x.copy()), weight);
  result.scale(2 ** roots);
  for (let i = 0; i < n; i++) result.set(i, i, log(...t.at(i, i)));
  return result;
};

function filled(n: number, value: number): ComplexMatrix {
  const matrix = new ComplexMatrix(n);
  matrix.re.fill(value);
  matrix.im.fill(value);
  return matrix;
}

/** How much of a real matrix's function may be imaginary by rounding. */
const IMAGINARY_BY_ROUNDING = 1e-6;

function isReal({ re, im }: ComplexMatrix): boolean {
  const largest = re.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return im.every((value) => Math.abs(value) <= IMAGINARY_BY_ROUNDING * largest);
}

/** Through the Schur form: f(U T U*) = U f(T) U*. NaN where there is none, or none that is real of a real matrix. */
function functionOf(compute: TriangularFunction): HostOp {
  return {
    shapes: (_, [input]) => [input!.shape],
    compile: (attrs) => {
      const dtype = attrs.dtype("T");
      const evaluate = (matrix: ComplexMatrix): ComplexMatrix => {
        const schur = schurOf(matrix, Number.EPSILON);
        if (schur === undefined) return filled(matrix.n, Number.NaN);
        return schur.u.times(compute(schur.t)).times(schur.u.adjoint());
      };
      return ([input]) => {
        const results = squareComplexOf(input!).map(evaluate);
        const { shape } = input!;
        const size = shape.at(-1)! ** 2;
        if (dtype === "complex64" || dtype === "complex128") {
          const data = newComplex(dtype, results.length * size);
          for (const [m, { re, im }] of results.entries()) {
            for (let i = 0; i < size; i++) data.set([re[i]!, im[i]!] satisfies Complex, 2 * (m * size + i));
          }
          return [{ dtype, shape, data } satisfies NumericTensor];
        }
        const out = newFloats(dtype as FloatType, results.length * size);
        for (const [m, result] of results.entries())
          out.set(isReal(result) ? result.re : new Float64Array(size).fill(Number.NaN), m * size);
        return [floatTensor(dtype as FloatType, shape, out)];
      };
    },
  };
}

/** Functions that are analytic, of square matrices. */
export const matrixFunctions: HostFamily = {
  MatrixExponential: functionOf(exponential),
  MatrixLogarithm: functionOf(logarithm),
  MatrixSquareRoot: functionOf(squareRoot),
};
