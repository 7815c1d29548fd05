import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { PartialShape, Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { stridesOf } from "../arrays/elements.ts";
import { readView } from "../arrays/view.ts";

/** How a window slides over the axes between batch and channels, as an op's attributes say it; one entry per axis. */
export interface Sliding {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: "SAME" | "VALID" | readonly (readonly [before: number, after: number])[];
}

/** Whether channels come second instead of last. */
export function isChannelsFirst(attrs: Attributes): boolean {
  if (!attrs.knows("data_format")) return false;
  const format = attrs.string("data_format");
  return format.startsWith("NC") || format === "CHANNELS_FIRST";
}

/** The entries of a list for the axes of space. */
export function spatial<T>(list: readonly T[], channelsFirst: boolean): readonly T[] {
  return channelsFirst ? list.slice(2) : list.slice(1, -1);
}

/** @param rank of the space. @param rates the attribute that dilates the window. */
export function slidingOf(attrs: Attributes, rank: number, rates = "dilations"): Sliding {
  const channelsFirst = isChannelsFirst(attrs);
  const entries = (name: string): readonly number[] => {
    const list = attrs.knows(name) ? attrs.ints(name) : [];
    return list.length === 0 ? new Array<number>(rank).fill(1) : spatial(list, channelsFirst);
  };
  const padding = attrs.string("padding");
  if (padding !== "EXPLICIT") {
    return {
      strides: entries("strides"),
      dilations: entries(rates),
      padding: padding === "SAME" ? "SAME" : "VALID",
    };
  }
  const list = attrs.ints("explicit_paddings");
  const pairs = Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i]!, list[2 * i + 1]!] as const);
  return { strides: entries("strides"), dilations: entries(rates), padding: spatial(pairs, channelsFirst) };
}

/** The positions of the window along an axis, and how many elements of padding come before the first. */
export function placement(
  { strides, dilations, padding }: Sliding,
  axis: number,
  size: number,
  taps: number,
): { readonly count: number; readonly before: number } {
  const stride = strides[axis]!;
  const reach = (taps - 1) * dilations[axis]! + 1;
  if (padding === "SAME") {
    const count = Math.ceil(size / stride);
    return { count, before: Math.floor(Math.max((count - 1) * stride + reach - size, 0) / 2) };
  }
  const [before, after] = padding === "VALID" ? [0, 0] : padding[axis]!;
  return { count: Math.max(0, Math.floor((size + before + after - reach) / stride) + 1), before };
}

/** The sizes of what comes out of a window that slides over a space; -1 where they aren't known. */
export function outputSizes(
  sliding: Sliding,
  sizes: readonly number[],
  kernel: readonly number[],
): readonly number[] {
  return sizes.map((size, axis) => {
    if (size < 0 || kernel[axis]! < 0) return -1;
    return placement(sliding, axis, size, kernel[axis]!).count;
  });
}

/**
 * Which elements of a space a window covers at each of its positions: entry i says that position `outputs[i]` covers
 * element `inputs[i]` with its tap `taps[i]`, all counted row-major. Ordered by position, then by tap.
 */
export interface Links {
  readonly outputs: Int32Array;
  readonly inputs: Int32Array;
  readonly taps: Int32Array;
  readonly outputSizes: readonly number[];
}

/** @throws StatusError INVALID_ARGUMENT for a window that is larger than the space. */
export function linksOf(sliding: Sliding, sizes: readonly number[], kernel: readonly number[]): Links {
  const counts = outputSizes(sliding, sizes, kernel);
  if (counts.some((count, axis) => count === 0 && sizes[axis]! > 0)) {
    throw invalidArgument(
      `Computed output size would be negative or zero: a window of [${kernel}] over [${sizes}]`,
    );
  }
  let links = { outputs: [0], inputs: [0], taps: [0] };
  for (const [axis, size] of sizes.entries()) {
    const { count, before } = placement(sliding, axis, size, kernel[axis]!);
    const [outputs, inputs, taps]: [number[], number[], number[]] = [[], [], []];
    // So that the links of one position stay together: positions are the outer loop, taps the inner one.
    for (let i = 0; i < links.outputs.length; ) {
      let end = i;
      while (end < links.outputs.length && links.outputs[end] === links.outputs[i]) end++;
      for (let position = 0; position < count; position++) {
        for (let k = i; k < end; k++) {
          for (let tap = 0; tap < kernel[axis]!; tap++) {
            const at = position * sliding.strides[axis]! - before + tap * sliding.dilations[axis]!;
            if (at < 0 || at >= size) continue;
            outputs.push(links.outputs[k]! * count + position);
            inputs.push(links.inputs[k]! * size + at);
            taps.push(links.taps[k]! * kernel[axis]! + tap);
          }
        }
      }
      i = end;
    }
    links = { outputs, inputs, taps };
  }
  return {
    outputs: Int32Array.from(links.outputs),
    inputs: Int32Array.from(links.inputs),
    taps: Int32Array.from(links.taps),
    outputSizes: counts,
  };
}

/** A tensor with its channels last. */
export function toChannelsLast(tensor: Tensor, channelsFirst: boolean): Tensor {
  if (!channelsFirst) return tensor;
  const space = Array.from({ length: tensor.shape.length - 2 }, (_, i) => i + 2);
  return permuted(tensor, [0, ...space, 1]);
}

/** A tensor with its channels last as the op wants it. */
export function fromChannelsLast(tensor: Tensor, channelsFirst: boolean): Tensor {
  if (!channelsFirst) return tensor;
  const rank = tensor.shape.length;
  return permuted(tensor, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]);
}

function permuted(tensor: Tensor, order: readonly number[]): Tensor {
  const strides = stridesOf(tensor.shape);
  const shape = order.map((axis) => tensor.shape[axis]!);
  return readView(tensor, { shape, offset: 0, strides: order.map((axis) => strides[axis]!) });
}

/** Batch, space and channels in the order that the op has them. */
export function arranged(
  batch: number,
  space: readonly number[],
  channels: number,
  channelsFirst: boolean,
): Shape {
  return channelsFirst ? [batch, channels, ...space] : [batch, ...space, channels];
}

/** The parts of a shape, or undefined if its rank isn't known. */
export function partsOf(
  shape: PartialShape,
  channelsFirst: boolean,
): { readonly batch: number; readonly space: readonly number[]; readonly channels: number } | undefined {
  if (shape === undefined) return undefined;
  const channels = channelsFirst ? shape[1]! : shape.at(-1)!;
  return { batch: shape[0]!, space: spatial(shape, channelsFirst), channels };
}
