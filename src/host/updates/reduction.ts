import { internal } from "../../status/status.ts";
import type { Slots } from "../arrays/elements.ts";

/** Puts an element (of one slot, or two for complex numbers) together with another and keeps the result in its place. */
export type Reduction = (to: Slots, at: number, from: Slots, source: number) => void;

type Combine = <T extends number | bigint>(a: T, b: T) => T;

const COMBINE: Readonly<Record<string, Combine>> = {
  add: (a, b) => ((a as number) + (b as number)) as typeof a,
  sub: (a, b) => ((a as number) - (b as number)) as typeof a,
  mul: (a, b) => ((a as number) * (b as number)) as typeof a,
  // Typed arrays of integers cut off the fraction when it is stored.
  div: (a, b) => ((a as number) / (b as number)) as typeof a,
  // NaN wins in neither order, as std::min and std::max compare.
  min: (a, b) => (b < a ? b : a),
  max: (a, b) => (a < b ? b : a),
};

/** @param name update, add, sub, mul, div, min or max. */
export function reductionOf(name: string, lanes: number): Reduction {
  if (name === "update") {
    return (to, at, from, source) => {
      for (let lane = 0; lane < lanes; lane++) to[at + lane] = from[source + lane];
    };
  }
  if (lanes === 2 && name === "mul") return multiplyComplex;
  if (lanes === 2 && name === "div") return divideComplex;
  const combine = COMBINE[name];
  if (combine === undefined) throw internal(`There is no reduction ${name}`);
  return (to, at, from, source) => {
    for (let lane = 0; lane < lanes; lane++) {
      to[at + lane] = combine(to[at + lane] as number, from[source + lane] as number);
    }
  };
}

const multiplyComplex: Reduction = (to, at, from, source) => {
  const [a, b] = [to[at] as number, to[at + 1] as number];
  const [c, d] = [from[source] as number, from[source + 1] as number];
  to[at] = a * c - b * d;
  to[at + 1] = a * d + b * c;
};

const divideComplex: Reduction = (to, at, from, source) => {
  const [a, b] = [to[at] as number, to[at + 1] as number];
  const [c, d] = [from[source] as number, from[source + 1] as number];
  const norm = c * c + d * d;
  to[at] = (a * c + b * d) / norm;
  to[at + 1] = (b * c - a * d) / norm;
};
