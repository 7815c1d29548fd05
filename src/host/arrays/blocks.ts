import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { axisMap, mapAxes } from "./axis-maps.ts";
import { integers, span, stridesOf, withShape } from "./elements.ts";
import { ofRank } from "./known-shapes.ts";
import { readView } from "./view.ts";

/** The sizes of blocks, per axis behind the batch, and amounts to pad or crop before and after each. */
interface Blocks {
  readonly sizes: readonly number[];
  readonly amounts: readonly number[];
}

/** Ops that take the sizes as an input, or, in their first version, as an attribute for height and width. */
function blocksOf(attrs: Attributes, inputs: readonly Tensor[]): Blocks {
  const isFirst = inputs.length === 2;
  const size = isFirst ? attrs.int("block_size") : 0;
  const sizes = isFirst ? [size, size] : integers(inputs[1]!);
  const amounts = integers(inputs.at(-1)!);
  if (amounts.length !== 2 * sizes.length) {
    throw invalidArgument(`paddings or crops must have 2 values for each of ${sizes.length} block sizes`);
  }
  if (sizes.some((block) => block < 1)) throw invalidArgument("All values in block_shape must be positive");
  if (amounts.some((amount) => amount < 0)) throw invalidArgument("paddings and crops must be non-negative");
  if (inputs[0]!.shape.length < sizes.length + 1) {
    throw invalidArgument(
      `input rank should be >= ${sizes.length + 1} instead of ${inputs[0]!.shape.length}`,
    );
  }
  return { sizes, amounts };
}

function spaceToBatch(input: Tensor, { sizes, amounts }: Blocks): Tensor {
  const maps = input.shape.map((size, axis) => {
    if (axis === 0 || axis > sizes.length) return axisMap(size, (i) => i);
    const [before, after] = [amounts[2 * axis - 2]!, amounts[2 * axis - 1]!];
    return axisMap(before + size + after, (i) => (i < before || i >= before + size ? -1 : i - before));
  });
  const padded = mapAxes(input, maps);
  const [batch, ...spatial] = padded.shape.slice(0, sizes.length + 1) as [number, ...number[]];
  const rest = padded.shape.slice(sizes.length + 1);
  for (const [i, size] of spatial.entries()) {
    if (size % sizes[i]! !== 0) {
      throw invalidArgument(`padded_shape[${i}]=${size} is not divisible by block_shape[${i}]=${sizes[i]}`);
    }
  }
  const strides = stridesOf(padded.shape);
  const counts = spatial.map((size, i) => size / sizes[i]!);
  const view = {
    shape: [...sizes, batch, ...counts, ...rest],
    offset: 0,
    strides: [
      ...strides.slice(1, sizes.length + 1),
      strides[0]!,
      ...sizes.map((size, i) => size * strides[i + 1]!),
      ...strides.slice(sizes.length + 1),
    ],
  };
  return withShape(readView(padded, view), [batch * span(sizes, 0), ...counts, ...rest]);
}

function batchToSpace(input: Tensor, { sizes, amounts }: Blocks): Tensor {
  const [batch, ...spatial] = input.shape.slice(0, sizes.length + 1) as [number, ...number[]];
  const rest = input.shape.slice(sizes.length + 1);
  const blocks = span(sizes, 0);
  if (batch % blocks !== 0) {
    throw invalidArgument(
      `Input batch dimension (${batch}) is not divisible by product of block sizes (${blocks})`,
    );
  }
  const split = stridesOf([...sizes, batch / blocks, ...spatial, ...rest]);
  const count = sizes.length;
  const view = {
    shape: [batch / blocks, ...spatial.flatMap((size, i) => [size, sizes[i]!]), ...rest],
    offset: 0,
    strides: [
      split[count]!,
      ...spatial.flatMap((_, i) => [split[count + 1 + i]!, split[i]!]),
      ...split.slice(2 * count + 1),
    ],
  };
  const whole = [batch / blocks, ...spatial.map((size, i) => size * sizes[i]!), ...rest];
  const joined = withShape(readView(input, view), whole);
  const maps = whole.map((size, axis) => {
    if (axis === 0 || axis > count) return axisMap(size, (i) => i);
    const [start, end] = [amounts[2 * axis - 2]!, amounts[2 * axis - 1]!];
    if (start + end > size)
      throw invalidArgument(`cropped_shape[${axis - 1}]=${size - start - end} must be non-negative`);
    return axisMap(size - start - end, (i) => i + start);
  });
  return mapAxes(joined, maps);
}

const moving = (move: (input: Tensor, blocks: Blocks) => Tensor): HostOp => ({
  shapes: (_, [input]): PartialShape[] => [ofRank(input!.shape?.length ?? -1)],
  compile: (attrs) => (inputs) => [move(inputs[0]!, blocksOf(attrs, inputs))],
});

/** Ops that move blocks of space to the batch and back. */
export const blocks: HostFamily = {
  SpaceToBatch: moving(spaceToBatch),
  SpaceToBatchND: moving(spaceToBatch),
  BatchToSpace: moving(batchToSpace),
  BatchToSpaceND: moving(batchToSpace),
};
