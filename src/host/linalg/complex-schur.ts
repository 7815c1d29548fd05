import { type Complex, divide, multiply, sqrt } from "../math/complex-number.ts";
import { ComplexMatrix } from "./complex-matrix.ts";

// Done as Eigen does it (ComplexSchur, HessenbergDecomposition), so that eigenvectors have the same phases.

const STEPS_PER_ROW = 30;

/** A = U T U*, with U unitary and T upper triangular. */
export interface Schur {
  readonly t: ComplexMatrix;
  readonly u: ComplexMatrix;
}

/**
 * @param a is used up.
 * @param epsilon of the type that the matrix came in: more accuracy isn't worth more steps.
 * @returns undefined if there is none, as for a matrix with NaN.
 */
export function schurOf(a: ComplexMatrix, epsilon: number): Schur | undefined {
  const u = makeHessenberg(a);
  return makeTriangular(a, u, epsilon) ? { t: a, u } : undefined;
}

/** Makes zero all that is more than one below the diagonal. Returns the unitary matrix that undoes it. */
function makeHessenberg(a: ComplexMatrix): ComplexMatrix {
  const { n } = a;
  const u = ComplexMatrix.identity(n);
  for (let k = 0; k < n - 1; k++) {
    const first = a.at(k + 1, k);
    let tail = 0;
    for (let i = k + 2; i < n; i++) {
      const [re, im] = a.at(i, k);
      tail += re * re + im * im;
    }
    if (tail === 0 && first[1] === 0) continue;
    const size = Math.sqrt(first[0] ** 2 + first[1] ** 2 + tail);
    const beta = first[0] >= 0 ? -size : size;
    const v: Complex[] = [[1, 0]];
    for (let i = k + 2; i < n; i++) v.push(divide(a.at(i, k), [first[0] - beta, first[1]]));
    const tau: Complex = [(beta - first[0]) / beta, first[1] / beta];
    reflectRows(a, k + 1, k, v, tau);
    a.set(k + 1, k, [beta, 0]);
    for (let i = k + 2; i < n; i++) a.set(i, k, [0, 0]);
    reflectColumns(a, k + 1, v, tau);
    reflectColumns(u, k + 1, v, tau);
  }
  return u;
}

/** Multiplies by I - tau v v* from the left. */
function reflectRows(
  a: ComplexMatrix,
  start: number,
  from: number,
  v: readonly Complex[],
  tau: Complex,
): void {
  for (let j = from; j < a.n; j++) {
    let sum: Complex = [0, 0];
    for (const [i, [x, y]] of v.entries()) sum = plus(sum, multiply([x, -y], a.at(start + i, j)));
    sum = multiply(tau, sum);
    for (const [i, x] of v.entries()) a.set(start + i, j, minus(a.at(start + i, j), multiply(x, sum)));
  }
}

/** Multiplies by the adjoint of I - tau v v* from the right. */
function reflectColumns(a: ComplexMatrix, start: number, v: readonly Complex[], tau: Complex): void {
  for (let i = 0; i < a.n; i++) {
    let sum: Complex = [0, 0];
    for (const [j, x] of v.entries()) sum = plus(sum, multiply(x, a.at(i, start + j)));
    sum = multiply([tau[0], -tau[1]], sum);
    for (const [j, [x, y]] of v.entries())
      a.set(i, start + j, minus(a.at(i, start + j), multiply(sum, [x, -y])));
  }
}

/** QR steps with shifts on the last part that isn't triangular yet. Returns whether that came to an end. */
function makeTriangular(t: ComplexMatrix, u: ComplexMatrix, epsilon: number): boolean {
  const { n } = t;
  let end = n - 1;
  for (let step = 0, total = 0; ; ) {
    while (end > 0 && isNegligible(t, end - 1, epsilon)) {
      step = 0;
      end--;
    }
    if (end <= 0) return true;
    step++;
    if (++total > STEPS_PER_ROW * n) return false;
    let start = end - 1;
    while (start > 0 && !isNegligible(t, start - 1, epsilon)) start--;
    const shift = shiftOf(t, end, step);
    rotate(t, u, start, givens(minus(t.at(start, start), shift), t.at(start + 1, start)), start, end);
    for (let i = start + 1; i < end; i++) {
      const rotation = givens(t.at(i, i - 1), t.at(i + 1, i - 1));
      t.set(i, i - 1, rotation.r);
      t.set(i + 1, i - 1, [0, 0]);
      rotate(t, u, i, rotation, i, end);
    }
  }
}

/** Whether the number below element `i` of the diagonal is as good as zero, which it then becomes. */
function isNegligible(t: ComplexMatrix, i: number, epsilon: number): boolean {
  const beside = size1(t.at(i, i)) + size1(t.at(i + 1, i + 1));
  if (!(size1(t.at(i + 1, i)) <= epsilon * beside)) return false;
  t.set(i + 1, i, [0, 0]);
  return true;
}

/** The eigenvalue of the last two rows and columns that is nearer to the last number, now and then something else. */
function shiftOf(t: ComplexMatrix, end: number, step: number): Complex {
  if ((step === 10 || step === 20) && end > 1) {
    return [Math.abs(t.at(end, end - 1)[0]) + Math.abs(t.at(end - 1, end - 2)[0]), 0];
  }
  const block = [t.at(end - 1, end - 1), t.at(end - 1, end), t.at(end, end - 1), t.at(end, end)];
  const norm = block.reduce((sum, number) => sum + Math.hypot(...number), 0);
  const [p, q, r, s] = block.map(([re, im]): Complex => [re / norm, im / norm]) as [
    Complex,
    Complex,
    Complex,
    Complex,
  ];
  const b = multiply(q, r);
  const c = minus(p, s);
  const discriminant = sqrt(...plus(multiply(c, c), [4 * b[0], 4 * b[1]]));
  const determinant = minus(multiply(p, s), b);
  const trace = plus(p, s);
  let first = half(plus(trace, discriminant));
  let second = half(minus(trace, discriminant));
  if (size1(first) > size1(second)) second = divide(determinant, first);
  else if (size1(second) !== 0) first = divide(determinant, second);
  const [re, im] = size1(minus(first, s)) < size1(minus(second, s)) ? first : second;
  return [norm * re, norm * im];
}

/** A rotation that makes q zero, and p r. */
interface Rotation {
  readonly c: number;
  readonly s: Complex;
  readonly r: Complex;
}

function givens(p: Complex, q: Complex): Rotation {
  if (q[0] === 0 && q[1] === 0) {
    const c = p[0] < 0 ? -1 : 1;
    return { c, s: [0, 0], r: [c * p[0], c * p[1]] };
  }
  const [sizeP, sizeQ] = [Math.hypot(...p), Math.hypot(...q)];
  if (sizeP === 0) return { c: 0, s: [-q[0] / sizeQ, -q[1] / sizeQ], r: [sizeQ, 0] };
  const size = Math.hypot(sizeP, sizeQ) * (p[0] < 0 ? -1 : 1);
  const unit: Complex = [p[0] / sizeP, p[1] / sizeP];
  const s = multiply([-unit[0], unit[1]], [q[0] / size, q[1] / size]);
  return { c: sizeP / size, s, r: [unit[0] * size, unit[1] * size] };
}

/** Rotates rows i and i + 1 of T from column `from` on, and these columns of T and U. */
function rotate(
  t: ComplexMatrix,
  u: ComplexMatrix,
  i: number,
  { c, s }: Rotation,
  from: number,
  end: number,
): void {
  const conjugate: Complex = [s[0], -s[1]];
  for (let j = from; j < t.n; j++) {
    const [x, y] = [t.at(i, j), t.at(i + 1, j)];
    t.set(i, j, minus([c * x[0], c * x[1]], multiply(conjugate, y)));
    t.set(i + 1, j, plus(multiply(s, x), [c * y[0], c * y[1]]));
  }
  const rotateColumns = (a: ComplexMatrix, rows: number): void => {
    for (let row = 0; row < rows; row++) {
      const [x, y] = [a.at(row, i), a.at(row, i + 1)];
      a.set(row, i, minus([c * x[0], c * x[1]], multiply(s, y)));
      a.set(row, i + 1, plus(multiply(conjugate, x), [c * y[0], c * y[1]]));
    }
  };
  rotateColumns(t, Math.min(i + 2, end) + 1);
  rotateColumns(u, u.n);
}

export function plus(a: Complex, b: Complex): Complex {
  return [a[0] + b[0], a[1] + b[1]];
}

export function minus(a: Complex, b: Complex): Complex {
  return [a[0] - b[0], a[1] - b[1]];
}

function half(a: Complex): Complex {
  return [a[0] / 2, a[1] / 2];
}

function size1([re, im]: Complex): number {
  return Math.abs(re) + Math.abs(im);
}
