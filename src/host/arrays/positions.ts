import { invalidArgument } from "../../status/status.ts";
import { formatShape, type PartialShape } from "../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type Floats, floatsOf } from "../math/floats.ts";
import { debugString } from "../strings/numbers/summary.ts";
import { integer, integers, integerTensor, newSlots, span, tensorOf } from "./elements.ts";
import { vectorLength } from "./known-shapes.ts";

/** The coordinates of positions in a tensor of a given shape, a column for each. */
const unravelIndex: HostOp = {
  shapes: (_, [indices, dims]) => {
    const rank = vectorLength(dims!);
    const { shape } = indices!;
    return [shape && (shape.length === 0 ? [rank] : [rank, shape[0]!])];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("Tidx");
    return ([indices, dims]) => {
      if (indices!.shape.length > 1) {
        throw invalidArgument(
          `The indices can only be scalar or vector, got "${formatShape(indices!.shape)}"`,
        );
      }
      if (indices!.shape[0] === 0) {
        throw invalidArgument(`received empty tensor indices: ${debugString(indices!)}`);
      }
      if (dims!.shape.length !== 1) {
        throw invalidArgument(`The indices can only be 1-D, got "${formatShape(dims!.shape)}"`);
      }
      const sizes = integers(dims!);
      const zero = sizes.indexOf(0);
      if (zero >= 0) {
        throw invalidArgument(
          `Input dims cannot contain a dim of zero, but dims contains zero at index ${zero}`,
        );
      }
      const total = sizes.reduce((a, b) => a * b, 1);
      const positions = integers(indices!);
      const out = new Array<number>(sizes.length * positions.length);
      for (const [column, position] of positions.entries()) {
        if (position >= total) throw invalidArgument("index is out of bound as with dims");
        for (let row = sizes.length - 1, rest = position; row >= 0; row--) {
          out[row * positions.length + column] = rest % sizes[row]!;
          rest = Math.trunc(rest / sizes[row]!);
        }
      }
      const shape = indices!.shape.length === 0 ? [sizes.length] : [sizes.length, positions.length];
      return [integerTensor(dtype, shape, out)];
    };
  },
};

/** What would stand at position n of each row if it were sorted. */
const nthElement: HostOp = {
  shapes: (_, [input]): PartialShape[] => [input!.shape?.slice(0, -1)],
  compile: (attrs) => {
    const isReverse = attrs.bool("reverse");
    return ([input, position]) => {
      if (position!.shape.length > 0) {
        throw invalidArgument(`N must be scalar but has rank ${position!.shape.length}`);
      }
      const n = integer(position!);
      if (n < 0) throw invalidArgument(`n must be non-negative but is ${n}`);
      const { shape, dtype } = input!;
      if (shape.length < 1) throw invalidArgument("Input must be at least rank 1 but is rank 0");
      const width = shape.at(-1)!;
      if (n >= width) throw invalidArgument(`Input must have last dimension > n = ${n}`);
      const { data } = input as NumericTensor;
      const rows = span(shape, 0, shape.length - 1);
      const keys = sortable(input!);
      const out = newSlots(dtype, rows);
      for (let row = 0; row < rows; row++) {
        // A position of the row rather than a number, so that halves keep their bits.
        const order = Uint32Array.from({ length: width }, (_, i) => row * width + i);
        order.sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : 0));
        out[row] = data[order[isReverse ? width - 1 - n : n]!];
      }
      return [tensorOf(dtype, shape.slice(0, -1), out)];
    };
  },
};

/** The elements in a form that `<` compares. */
function sortable(tensor: Tensor): Floats | NumericTensor["data"] {
  return tensor.dtype === "float16" || tensor.dtype === "bfloat16"
    ? floatsOf(tensor)
    : (tensor as NumericTensor).data;
}

/** Ops on where elements stand. */
export const positions: HostFamily = { UnravelIndex: unravelIndex, NthElement: nthElement };
