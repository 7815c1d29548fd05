import { invalidArgument } from "../../status/status.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { axisMap, mapAxes } from "./axis-maps.ts";
import { integers, pick, span, stridesOf } from "./elements.ts";

const roll: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile:
    () =>
    ([input, shifts, axes]) => {
      const { shape } = input!;
      if (shape.length < 1) throw invalidArgument("input must be 1-D or higher");
      const [amounts, wanted] = [integers(shifts!), integers(axes!)];
      if (amounts.length !== wanted.length) throw invalidArgument("shift and axis must have the same size");
      const totals = shape.map(() => 0);
      for (const [i, axis] of wanted.entries()) {
        const at = axis < 0 ? axis + shape.length : axis;
        if (at < 0 || at >= shape.length) throw invalidArgument(`axis ${axis} is out of range`);
        totals[at]! += amounts[i]!;
      }
      const maps = shape.map((size, axis) =>
        axisMap(size, (i) => (((i - totals[axis]!) % size) + size) % size),
      );
      return [mapAxes(input!, maps)];
    },
};

/** The first version: the axes are given as booleans. */
const reverse: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile:
    () =>
    ([input, dims]) => {
      const { shape } = input!;
      if (dims!.shape.length !== 1 || dims!.shape[0] !== shape.length) {
        throw invalidArgument(
          `reverse 'dims' must have a length of ${shape.length}, but its shape is ${formatShape(dims!.shape)}`,
        );
      }
      const turned = integers(dims!);
      return [
        mapAxes(
          input!,
          shape.map((size, axis) => axisMap(size, (i) => (turned[axis] === 0 ? i : size - 1 - i))),
        ),
      ];
    },
};

/** Turns the first elements along one axis around, as many as another axis' entry says. */
const reverseSequence: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const [seqAttribute, batchAttribute] = [attrs.int("seq_dim"), attrs.int("batch_dim")];
    return ([input, lengths]) => {
      const { shape } = input!;
      const rank = shape.length;
      const [seq, batch] = [seqAttribute, batchAttribute].map((axis) => (axis < 0 ? axis + rank : axis)) as [
        number,
        number,
      ];
      if (seq === batch) throw invalidArgument(`batch_dim == seq_dim == ${seq}`);
      if (seq >= rank) throw invalidArgument(`seq_dim must be < input rank ( ${seq} vs. ${rank})`);
      if (batch >= rank) throw invalidArgument(`batch_dim must be < input rank ( ${batch} vs. ${rank})`);
      const counts = integers(lengths!);
      if (counts.length !== shape[batch]) {
        throw invalidArgument(
          `Length of seq_lens != input.dims(${batch}), (${counts.length} vs. ${shape[batch]})`,
        );
      }
      for (const [i, count] of counts.entries()) {
        if (count < 0) throw invalidArgument(`seq_lens(${i}) < 0`);
        if (count > shape[seq]!) throw invalidArgument(`seq_lens(${i}) > input.dims(${seq})`);
      }
      const strides = stridesOf(shape);
      const sources = new Int32Array(span(shape, 0));
      for (let i = 0; i < sources.length; i++) {
        const at = Math.floor(i / strides[seq]!) % shape[seq]!;
        const count = counts[Math.floor(i / strides[batch]!) % shape[batch]!]!;
        sources[i] = at < count ? i + (count - 1 - 2 * at) * strides[seq]! : i;
      }
      return [pick(input!, shape, sources)];
    };
  },
};

/** Ops that turn tensors around or round. */
export const turning: HostFamily = { Roll: roll, Reverse: reverse, ReverseSequence: reverseSequence };
