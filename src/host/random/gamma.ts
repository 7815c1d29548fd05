import type { Draw } from "./rejection.ts";

/**
 * Marsaglia and Tsang's method: the cube of a normal number, stretched, and rejected now and then; an exponential number
 * for an alpha of 1. In the order of TensorFlow's kernels (random_op.cc, stateless_random_gamma_op.cc).
 */
export function gammaDraw(alpha: number): Draw {
  if (alpha === 1) return (source) => -Math.log1p(-source.uniform());
  // Nothing would ever be accepted.
  if (!(alpha > 0 && alpha < Number.POSITIVE_INFINITY)) return () => (alpha === 0 ? 0 : Number.NaN);
  const isSmall = alpha < 1;
  const d = alpha + (isSmall ? 2 / 3 : -1 / 3);
  const c = 1 / 3 / Math.sqrt(d);
  return (source) => {
    for (;;) {
      const x = source.normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      const u = source.uniform();
      const isAccepted =
        u < 1 - 0.0331 * (x * x) * (x * x) || Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v));
      if (!isAccepted) continue;
      return d * v * (isSmall ? source.uniform() ** (1 / alpha) : 1);
    }
  };
}
