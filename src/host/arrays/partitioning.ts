import { invalidArgument } from "../../status/status.ts";
import { formatShape, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integers, lanesOf, newSlots, pick, slotsOf, span, tensorOf } from "./elements.ts";
import { knownIntegers } from "./known-shapes.ts";

/** The rows of each partition, in their order. */
const dynamicPartition: HostOp = {
  shapes: (attrs, [data, partitions]): PartialShape[] => {
    const [shape, outer] = [data!.shape, partitions!.shape?.length];
    const part = shape && outer !== undefined ? [-1, ...shape.slice(outer)] : undefined;
    return new Array<PartialShape>(attrs.int("num_partitions")).fill(part);
  },
  compile: (attrs) => {
    const count = attrs.int("num_partitions");
    return ([data, partitions]) => {
      const outer = partitions!.shape.length;
      if (String(data!.shape.slice(0, outer)) !== String(partitions!.shape)) {
        throw invalidArgument(
          "data.shape must start with partitions.shape, got data.shape = " +
            `${formatShape(data!.shape)}, partitions.shape = ${formatShape(partitions!.shape)}`,
        );
      }
      const rest = data!.shape.slice(outer);
      const width = span(rest, 0);
      const rows = Array.from({ length: count }, (): number[] => []);
      for (const [row, part] of integers(partitions!).entries()) {
        if (part < 0 || part >= count) {
          throw invalidArgument(`partitions[${row}] = ${part} is not in [0, ${count})`);
        }
        rows[part]!.push(row);
      }
      return rows.map((own) => {
        const sources = Int32Array.from(
          { length: own.length * width },
          (_, i) => own[Math.floor(i / width)]! * width + (i % width),
        );
        return pick(data!, [own.length, ...rest], sources);
      });
    };
  },
};

/** Interleaves the rows of several tensors: later ones win, rows that none writes are zero. */
const dynamicStitch: HostOp = {
  shapes: (_, inputs): PartialShape[] => {
    const count = inputs.length / 2;
    const [index, data] = [inputs[0]!.shape, inputs[count]!.shape];
    const positions = inputs.slice(0, count).map(knownIntegers);
    const rows = positions.includes(undefined) ? -1 : Math.max(-1, ...positions.flatMap((own) => own!)) + 1;
    return [index && data && [rows, ...data.slice(index.length)]];
  },
  compile: () => (inputs) => {
    const count = inputs.length / 2;
    const [indices, data] = [inputs.slice(0, count), inputs.slice(count)];
    const rest = data[0]!.shape.slice(indices[0]!.shape.length);
    for (const [i, index] of indices.entries()) checkStitch(index, data[i]!, i, rest);
    const positions = indices.map(integers);
    const rows = Math.max(-1, ...positions.map((own) => own.reduce((a, b) => Math.max(a, b), -1))) + 1;
    const { dtype } = data[0]!;
    const width = span(rest, 0) * lanesOf(dtype);
    const to = newSlots(dtype, rows * span(rest, 0));
    for (const [i, own] of positions.entries()) {
      const from = slotsOf(data[i]!);
      for (const [row, target] of own.entries()) {
        if (target < 0) throw invalidArgument(`indices[${i}] is out of range`);
        for (let k = 0; k < width; k++) to[target * width + k] = from[row * width + k];
      }
    }
    return [tensorOf(dtype, [rows, ...rest], to)];
  },
};

function checkStitch(index: Tensor, data: Tensor, i: number, rest: readonly number[]): void {
  const outer = index.shape.length;
  if (String(data.shape.slice(0, outer)) !== String(index.shape)) {
    throw invalidArgument(
      `data[${i}].shape = ${formatShape(data.shape)} does not start with indices[${i}].shape = ${formatShape(index.shape)}`,
    );
  }
  if (String(data.shape.slice(outer)) !== String(rest)) {
    throw invalidArgument(
      `Need data[0].shape[${outer}:] = data[${i}].shape[${outer}:], got data[${i}].shape = ${formatShape(data.shape)}`,
    );
  }
}

/** Ops that deal rows out and gather them again. */
export const partitioning: HostFamily = {
  DynamicPartition: dynamicPartition,
  DynamicStitch: dynamicStitch,
  ParallelDynamicStitch: dynamicStitch,
};
