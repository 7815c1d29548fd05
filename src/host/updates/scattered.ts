import { invalidArgument } from "../../status/status.ts";
import { elementCount, formatShape, type Shape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integers, lanesOf, placeText, span, stridesOf } from "../arrays/elements.ts";
import type { HostOp } from "../host-op.ts";
import { reductionOf } from "./reduction.ts";
import { numbersOf, workOn } from "./slots.ts";

/** Where updates go: slices of `length` elements, each beginning at an element. */
interface Slices {
  readonly starts: readonly number[];
  readonly length: number;
}

/**
 * The slices that indices into the first dimension name.
 * @throws StatusError INVALID_ARGUMENT, in the words of ScatterUpdate (scatter_op.cc, resource_variable_ops.cc).
 */
function rowsOf(shape: Shape, indices: Tensor, updates: Tensor): Slices {
  const isScalar = updates.shape.length === 0;
  if (!isScalar && !sameShape(updates.shape.slice(0, indices.shape.length), indices.shape)) {
    throw invalidArgument(
      `The shape of indices (${formatShape(indices.shape)}) must be a prefix of the shape of updates ` +
        `(${formatShape(updates.shape)})`,
    );
  }
  const expected = [...indices.shape, ...shape.slice(1)];
  if (!isScalar && !sameShape(updates.shape, expected)) {
    throw invalidArgument(
      "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got " +
        `updates.shape ${formatShape(updates.shape)}, indices.shape ${formatShape(indices.shape)}, ` +
        `params.shape ${formatShape(shape)}`,
    );
  }
  const rows = shape[0] ?? 0;
  const length = span(shape, 1);
  const starts = integers(indices).map((row, i) => {
    if (row < 0 || row >= rows) {
      throw invalidArgument(`indices${placeText(i, indices.shape)} = ${row} is not in [0, ${rows})`);
    }
    return row * length;
  });
  return { starts, length };
}

/**
 * The slices that tuples of indices name.
 * @throws StatusError INVALID_ARGUMENT, in the words of ScatterNdUpdate (scatter_nd_op.cc).
 */
function placesOf(shape: Shape, indices: Tensor, updates: Tensor): Slices {
  const depth = indices.shape.at(-1) ?? 1;
  const outer = indices.shape.slice(0, -1);
  const expected = [...outer, ...shape.slice(depth)];
  if (depth > shape.length || !sameShape(updates.shape, expected)) {
    throw invalidArgument(
      `Dimensions [0,${outer.length}) of indices[shape=${formatShape(indices.shape)}] and the slices of ` +
        `params[shape=${formatShape(shape)}] must match updates[shape=${formatShape(updates.shape)}]`,
    );
  }
  const strides = stridesOf(shape);
  const wanted = integers(indices);
  const starts = Array.from({ length: elementCount(outer) }, (_, i) => {
    let start = 0;
    for (let axis = 0; axis < depth; axis++) {
      const index = wanted[i * depth + axis]!;
      if (index < 0 || index >= shape[axis]!) {
        const tuple = wanted.slice(i * depth, (i + 1) * depth).join(", ");
        throw invalidArgument(
          `indices${placeText(i, outer)} = [${tuple}] does not index into shape ${formatShape(shape)}`,
        );
      }
      start += index * strides[axis]!;
    }
    return start;
  });
  return { starts, length: span(shape, depth) };
}

/** A value after an update of some of its slices, one after the other; a scalar goes into each element of them. */
export const scattered: HostOp = {
  shapes: (_, [value]) => [value!.shape],
  compile: (attrs) => {
    const [reduction, isNd] = [attrs.string("reduction"), attrs.bool("is_nd")];
    return ([value, indices, updates]) => {
      const { starts, length } = (isNd ? placesOf : rowsOf)(value!.shape, indices!, updates!);
      const lanes = lanesOf(value!.dtype);
      const reduce = reductionOf(reduction, lanes);
      const from = numbersOf(updates!);
      if (reduction === "div") refuseZero(updates!);
      const work = workOn(value!);
      const isScalar = updates!.shape.length === 0 && (starts.length !== 1 || length !== 1);
      for (const [i, start] of starts.entries()) {
        for (let k = 0; k < length; k++) {
          reduce(work.slots, (start + k) * lanes, from, isScalar ? 0 : (i * length + k) * lanes);
        }
      }
      return [work.finish()];
    };
  },
};

const INTEGERS = /^u?int/;

function refuseZero({ dtype, data }: Tensor): void {
  if (INTEGERS.test(dtype) && (data as Int32Array).some((value) => Number(value) === 0)) {
    throw invalidArgument("updates must not contain 0");
  }
}
