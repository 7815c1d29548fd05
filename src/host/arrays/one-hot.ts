import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integer, integers, lanesOf, newSlots, slotsOf, span, tensorOf } from "./elements.ts";
import { knownIntegers } from "./known-shapes.ts";

const oneHot: HostOp = {
  shapes: (attrs, [indices, depth]): PartialShape[] => {
    const { shape } = indices!;
    if (shape === undefined) return [undefined];
    const axis = attrs.int("axis");
    return [shape.toSpliced(axis < 0 ? shape.length : axis, 0, knownIntegers(depth!)?.[0] ?? -1)];
  },
  compile: (attrs) => {
    const wanted = attrs.int("axis");
    return ([indices, depth, on, off]) => {
      const { shape } = indices!;
      if (depth!.shape.length > 0) {
        throw invalidArgument(`depth must be a scalar, but got: [${depth!.shape.join(",")}]`);
      }
      const count = integer(depth!);
      if (count < 0) throw invalidArgument(`depth must be non-negative, got: ${count}`);
      if (wanted < -1 || wanted > shape.length) {
        throw invalidArgument(
          `Expected axis to be -1 or between [0, ${shape.length + 1}).  But received: ${wanted}`,
        );
      }
      const axis = wanted < 0 ? shape.length : wanted;
      const inner = span(shape, axis);
      const { dtype } = on!;
      const lanes = lanesOf(dtype);
      const [hot, cold] = [slotsOf(on!), slotsOf(off!)];
      const numbers = integers(indices!);
      const to = newSlots(dtype, numbers.length * count);
      for (let i = 0; i < to.length; i++) to[i] = cold[i % lanes];
      for (const [i, number] of numbers.entries()) {
        if (number < 0 || number >= count) continue;
        const at = (Math.floor(i / inner) * count + number) * inner + (i % inner);
        for (let lane = 0; lane < lanes; lane++) to[at * lanes + lane] = hot[lane];
      }
      return [tensorOf(dtype, shape.toSpliced(axis, 0, count), to)];
    };
  },
};

export const oneHotEncoding: HostFamily = { OneHot: oneHot };
