import type { Draw } from "./rejection.ts";

/**
 * How many of `count` tries succeed, by adding up waiting times.
 * @param chance of each, at most 1/2.
 */
export function binomialByWaiting(count: number, chance: number): Draw {
  const scale = Math.log1p(-chance);
  return (source) => {
    let waited = 0;
    for (let successes = 0; ; successes++) {
      waited += Math.ceil(Math.log(source.uniform()) / scale);
      if (waited > count) return successes;
    }
  };
}

/** The same by Hörmann's transformed rejection (BTRS), as TensorFlow's random_binomial_op.cc has it. */
export function binomialByRejection(count: number, chance: number): Draw {
  const deviation = Math.sqrt(count * chance * (1 - chance));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * chance;
  const c = count * chance + 0.5;
  const quickLimit = 0.92 - 4.2 / b;
  const odds = chance / (1 - chance);
  const alpha = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor((count + 1) * chance);
  return (source) => {
    for (;;) {
      const first = source.uniform();
      const v = source.uniform();
      const u = first - 0.5;
      const shifted = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / shifted + b) * u + c);
      if (shifted >= 0.07 && v <= quickLimit) return k;
      if (k < 0 || k > count) continue;
      const limit =
        (mode + 0.5) * Math.log((mode + 1) / (odds * (count - mode + 1))) +
        (count + 1) * Math.log((count - mode + 1) / (count - k + 1)) +
        (k + 0.5) * Math.log((odds * (count - k + 1)) / (k + 1)) +
        stirlingTail(mode) +
        stirlingTail(count - mode) -
        stirlingTail(k) -
        stirlingTail(count - k);
      if (Math.log((v * alpha) / (a / (shifted * shifted) + b)) <= limit) return k;
    }
  };
}

/** What Stirling's formula lacks of log k!, for k from 0 to 9. */
const STIRLING_TAILS = [
  0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
  0.0138761288230707, 0.0118967099458917, 0.010411265261972, 0.00925546218271273, 0.00833056343336287,
];

function stirlingTail(k: number): number {
  const known = STIRLING_TAILS[Math.trunc(k)];
  if (k <= 9 && known !== undefined) return known;
  const square = (k + 1) * (k + 1);
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1);
}
