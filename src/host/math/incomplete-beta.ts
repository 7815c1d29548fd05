import { logGamma } from "./gamma-functions.ts";

// TensorFlow computes the function in the type of its arguments. In float32 that costs digits, many of them where the
// logarithms of gamma functions are large and nearly cancel out: with parameters in the hundreds the fourth digit is
// wrong, with those in the ten thousands the second, and a result may be above 1. So that answers are TensorFlow's, float32
// is computed here by the same expansions, those of the Cephes library, with every step rounded.

const f = Math.fround;
const log32 = (x: number): number => f(Math.log(x));
const log1p32 = (x: number): number => f(Math.log1p(x));

/** From here on the C library, whose function it is, adds up Stirling's series in float32. */
const STIRLING_FROM = 8;

function logGamma32(x: number): number {
  if (x < STIRLING_FROM) return f(logGamma(x));
  const leading = f(f(x - 0.5) * f(log32(x) - 1));
  return f(leading + f(logGamma(x) - (x - 0.5) * (Math.log(x) - 1)));
}

/** Half the distance from 1 to the next float32. */
const EPSILON = 2 ** -24;
const LARGE = 2 ** 24;
/** The smallest float32 with all digits. */
const SMALLEST = 2 ** -126;
const MOST_TERMS = 100;
/** From here on the power series is tried. */
const SERIES_FROM = 10;
const MOST_SERIES_RATIO = f(0.3);

/** The regularised incomplete beta function, I_x(a, b), of float32 numbers, with the digits that TensorFlow's has. */
export function betainc32(a: number, b: number, x: number): number {
  if (Number.isNaN(a) || Number.isNaN(b) || Number.isNaN(x)) return Number.NaN;
  if (a <= 0 || b <= 0 || x < 0 || x > 1) return Number.NaN;
  if (x === 0 || x === 1) return x;
  const result = a > 1 ? largeFirst(a, b, x) : smallFirst(a, b, x);
  // TensorFlow's kernels have no subnormal numbers.
  return result < SMALLEST ? 0 : result;
}

/** For a up to 1. */
function smallFirst(a: number, b: number, x: number): number {
  // One step up in the first parameter, where the fractions converge.
  const above = f(a + 1);
  let log = f(f(a * log32(x)) + f(b * log1p32(-x)));
  log = f(f(f(log + logGamma32(f(a + b))) - logGamma32(above)) - logGamma32(b));
  return f(largeFirst(above, b, x) + f(Math.exp(log)));
}

/** For a > 1; from the side of the mean on which x lies. */
function largeFirst(a: number, b: number, x: number): number {
  const rest = f(1 - x);
  if (x > f(a / f(a + b))) return f(1 - belowMean(b, a, rest, x));
  return belowMean(a, b, x, rest);
}

/** @param rest 1 - x, as it was before a rounding. */
function belowMean(a: number, b: number, x: number, rest: number): number {
  if (b > SERIES_FROM && Math.abs(f(f(b * x) / a)) < MOST_SERIES_RATIO) return powerSeries(a, b, x);
  const isFirst = f(f(x * f(f(a + b) - 2)) / f(a - 1)) < 1;
  const fraction = isFirst ? firstFraction(a, b, x) : secondFraction(a, b, x);
  let log = f((isFirst ? b : f(b - 1)) * log32(rest));
  const gammas = f(f(f(f(a * log32(x)) + logGamma32(f(a + b))) - logGamma32(a)) - logGamma32(b));
  log = f(log + gammas);
  return f(Math.exp(f(log + log32(f(fraction / a)))));
}

/** The terms of a continued fraction two at a time: the next numerators of those at even and odd positions. */
type Numerators = (n: number) => readonly [number, number];

function firstFraction(a: number, b: number, x: number): number {
  return continued((n) => [
    f(-f(f(x * f(a + n)) * f(f(a + b) + n)) / f(f(a + 2 * n) * f(f(a + 1) + 2 * n))),
    f(f(f(x * (1 + n)) * f(f(b - 1) - n)) / f(f(f(a + 1) + 2 * n) * f(f(a + 2) + 2 * n))),
  ]);
}

function secondFraction(a: number, b: number, x: number): number {
  const odds = f(x / f(1 - x));
  return continued((n) => [
    f(-f(f(odds * f(a + n)) * f(f(b - 1) - n)) / f(f(a + 2 * n) * f(f(a + 1) + 2 * n))),
    f(f(f(odds * (1 + n)) * f(f(a + b) + n)) / f(f(f(a + 1) + 2 * n) * f(f(a + 2) + 2 * n))),
  ]);
}

/** By the recurrence of the convergents' numerators and denominators. */
function continued(numerators: Numerators): number {
  let [p, q, beforeP, beforeQ, value] = [1, 1, 0, 1, 1];
  for (let n = 0; n < MOST_TERMS; n++) {
    for (const numerator of numerators(n)) {
      const [nextP, nextQ] = [f(p + f(beforeP * numerator)), f(q + f(beforeQ * numerator))];
      [beforeP, beforeQ, p, q] = [p, q, nextP, nextQ];
    }
    if (q !== 0) {
      const next = f(p / q);
      if (Math.abs(f(value - next)) < f(Math.abs(next) * EPSILON)) return next;
      value = next;
    }
    const size = Math.abs(q) + Math.abs(p);
    const scale = size > LARGE ? 1 / LARGE : Math.min(Math.abs(p), Math.abs(q)) < 1 / LARGE ? LARGE : 1;
    [p, q, beforeP, beforeQ] = [f(p * scale), f(q * scale), f(beforeP * scale), f(beforeQ * scale)];
  }
  return value;
}

/** In powers of x / (1 - x). */
function powerSeries(a: number, b: number, x: number): number {
  let log = f(f(f(a * log32(x)) + f(f(b - 1) * log1p32(-x))) - log32(a));
  log = f(log - f(logGamma32(a) + logGamma32(b)));
  log = f(log + logGamma32(f(a + b)));
  const odds = f(x / f(1 - x));
  let [sum, term] = [0, 1];
  for (let [m, n] = [f(b - 1), f(a + 1)]; m !== 0; [m, n] = [f(m - 1), f(n + 1)]) {
    term = f(term * f(f(odds * m) / n));
    sum = f(sum + term);
    if (Math.abs(term) <= EPSILON) break;
  }
  return f(f(Math.exp(log)) * f(1 + sum));
}
