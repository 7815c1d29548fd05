import { logGamma } from "../math/gamma-functions.ts";
import type { Draw } from "./rejection.ts";

/** From this rate on numbers are drawn by rejection, below by counting. */
const REJECTION_RATE = 10;

/**
 * Knuth's way for small rates, Hörmann's transformed rejection (PTRS) for larger ones, in the order of TensorFlow's kernel
 * (random_poisson_op.cc).
 * @param largest what the type of the result holds.
 */
export function poissonDraw(rate: number, largest: number): Draw {
  // Nothing would ever be accepted.
  if (Number.isNaN(rate)) return () => Number.NaN;
  if (rate === Number.POSITIVE_INFINITY) return () => rate;
  return rate < REJECTION_RATE ? counting(rate, largest) : rejecting(rate, largest);
}

/** How many events of a Poisson process there are before time 1. */
function counting(rate: number, largest: number): Draw {
  const limit = Math.exp(-rate);
  return (source) => {
    let product = 1;
    for (let count = 0; ; count++) {
      product *= source.uniform();
      if (product <= limit && count <= largest) return count;
    }
  };
}

function rejecting(rate: number, largest: number): Draw {
  const logRate = Math.log(rate);
  const b = 0.931 + 2.53 * Math.sqrt(rate);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const quickLimit = 0.9277 - 3.6224 / (b - 2);
  return (source) => {
    for (;;) {
      const u = source.uniform() - 0.5;
      const v = source.uniform();
      const shifted = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / shifted + b) * u + rate + 0.43);
      if (k > largest) continue;
      if (shifted >= 0.07 && v <= quickLimit) return k;
      if (k < 0 || (shifted < 0.013 && v > shifted)) continue;
      const s = Math.log((v * inverseAlpha) / (a / (shifted * shifted) + b));
      if (s <= -rate + k * logRate - logGamma(k + 1)) return k;
    }
  };
}
