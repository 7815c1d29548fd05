import type { Tensor } from "../../tensor/tensor.ts";
import { lanesOf, newSlots, slotsOf, stridesOf, tensorOf } from "./elements.ts";

/** For each position along an axis of a result, the position of its source; -1 for none. */
export type AxisMap = Int32Array;

export function axisMap(length: number, source: (position: number) => number): AxisMap {
  return Int32Array.from({ length }, (_, position) => source(position));
}

/**
 * The tensor whose element at positions i, j, ... is the one at `maps[0][i]`, `maps[1][j]`, ... of another.
 * @param fill a scalar for elements without a source: zero, or the empty string, by default.
 */
export function mapAxes(tensor: Tensor, maps: readonly AxisMap[], fill?: Tensor): Tensor {
  const { dtype } = tensor;
  const lanes = lanesOf(dtype);
  const shape = maps.map((map) => map.length);
  const strides = stridesOf(tensor.shape);
  // The sources of all positions along the axes so far.
  let sources = Int32Array.of(0);
  for (const [axis, map] of maps.entries()) {
    const next = new Int32Array(sources.length * map.length);
    for (let i = 0, at = 0; i < sources.length; i++) {
      const base = sources[i]!;
      for (let j = 0; j < map.length; j++, at++)
        next[at] = base < 0 || map[j]! < 0 ? -1 : base + map[j]! * strides[axis]!;
    }
    sources = next;
  }
  const to = newSlots(dtype, sources.length);
  const from = slotsOf(tensor);
  const filling = fill && slotsOf(fill);
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i]!;
    if (source < 0 && filling === undefined) continue;
    for (let lane = 0; lane < lanes; lane++)
      to[i * lanes + lane] = source < 0 ? filling![lane] : from[source * lanes + lane];
  }
  return tensorOf(dtype, shape, to);
}
