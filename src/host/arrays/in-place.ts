import { invalidArgument } from "../../status/status.ts";
import { elementCount, formatShape, type PartialShape } from "../../tensor/shape.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integers, lanesOf, newSlots, slotsOf, span, tensorOf } from "./elements.ts";
import { knownIntegers, ofRank, vectorLength } from "./known-shapes.ts";

/** Rows are counted round and round: any number names one. */
const inplaceUpdate: HostOp = {
  shapes: (_, [x]) => [x!.shape],
  compile:
    () =>
    ([x, rows, v]) => {
      const { dtype, shape } = x!;
      const wanted = integers(rows!);
      if (v!.shape.length !== shape.length || v!.shape[0] !== wanted.length) {
        throw invalidArgument(
          `x and v shape doesn't match at index 0: ${formatShape(shape)} vs. ${formatShape(v!.shape)}`,
        );
      }
      const width = span(shape, 1) * lanesOf(dtype);
      const [to, from, update] = [newSlots(dtype, elementCount(shape)), slotsOf(x!), slotsOf(v!)];
      for (let i = 0; i < to.length; i++) to[i] = from[i];
      for (const [i, row] of wanted.entries()) {
        const count = shape[0]!;
        const at = (((row % count) + count) % count) * width;
        for (let k = 0; k < width; k++) to[at + k] = update[i * width + k];
      }
      return [tensorOf(dtype, shape, to)];
    },
};

/** What isn't asked to be zero may be anything. */
const empty: HostOp = {
  shapes: (_, [shape]): PartialShape[] => [knownIntegers(shape!) ?? ofRank(vectorLength(shape!))],
  compile: (attrs) => {
    const dtype = attrs.dtype("dtype");
    return ([sizes]) => {
      const shape = integers(sizes!);
      return [tensorOf(dtype, shape, newSlots(dtype, elementCount(shape)))];
    };
  },
};

const fakeParam: HostOp = {
  shapes: (attrs) => [attrs.shape("shape")?.map((dim) => Math.max(dim, 0)) ?? []],
  compile: (attrs) => {
    const dtype = attrs.dtype("dtype");
    const shape = attrs.shape("shape")?.map((dim) => Math.max(dim, 0)) ?? [];
    return () => [tensorOf(dtype, shape, newSlots(dtype, elementCount(shape)))];
  },
};

/** Tensors that TensorFlow leaves unset, and changes where they lie: here each change gives a new one. */
export const inPlace: HostFamily = { InplaceUpdate: inplaceUpdate, Empty: empty, FakeParam: fakeParam };
