import { invalidArgument } from "../../status/status.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integers, integerTensor } from "./elements.ts";

/**
 * The axes over which the gradient of what two shapes broadcast to is summed for each of them. Sizes may be symbols, which
 * stand for more than one: where it is one after all, a sum over its axis changes nothing.
 * @returns undefined where two sizes can't be compared.
 */
export function reductionAxes(
  a: readonly (number | string)[],
  b: readonly (number | string)[],
): readonly [readonly number[], readonly number[]] | undefined {
  const axes: [number[], number[]] = [[], []];
  if (a.length === b.length && a.every((dim, i) => dim === b[i])) return axes;
  const rank = Math.max(a.length, b.length);
  for (let axis = 0; axis < rank; axis++) {
    const [x, y] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (x === 1) axes[0].push(axis);
    if (y === 1) axes[1].push(axis);
    if (x !== 1 && y !== 1 && x !== y) return undefined;
  }
  return axes;
}

const broadcastGradientArgs: HostOp = {
  shapes: () => [[-1], [-1]],
  compile: (attrs) => {
    const dtype = attrs.dtype("T");
    return (inputs) => {
      const [a, b] = inputs.map(integers) as [readonly number[], readonly number[]];
      const axes = reductionAxes(a, b);
      if (axes === undefined) {
        throw invalidArgument(`Incompatible shapes: ${formatShape(a)} vs. ${formatShape(b)}`);
      }
      return axes.map((list) => integerTensor(dtype, [list.length], list));
    };
  },
};

export const gradientArgs: HostFamily = { BroadcastGradientArgs: broadcastGradientArgs };
