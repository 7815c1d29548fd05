import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { type Dim, isNumber, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { withAddedAxis, withoutAddedAxis } from "./added-axis.ts";
import { convolutionByProducts, depthwiseByProducts } from "./convolution-by-products.ts";
import {
  channelCount,
  type DataFormat,
  dataFormat,
  fromChannelsFirst,
  toChannelsFirst,
} from "./data-format.ts";
import { dimOf, type Part, product } from "./int-vector.ts";
import { reshapeTo } from "./reshape-target.ts";
import {
  padded,
  paddingAttributes,
  readWindow,
  type SlidingWindow,
  windowAttributes,
} from "./sliding-window.ts";

/** The types that ONNX Runtime's convolutions take, or that widen exactly into one of those. */
const CONV_TYPES = new Set(["float32", "float16", "bfloat16"]);

export function hasConvKernel(x: Value): boolean {
  return CONV_TYPES.has(x.dtype);
}

function convolution(spatialRank: number): Translator {
  return (node, onnx) => {
    const [x, filter] = node.inputs as [Value, Value];
    const format = dataFormat(node.attrs.string("data_format"), spatialRank);
    return convolve(
      onnx,
      x,
      filter,
      format,
      windowOfFilter(node, format, filter),
      groupCount(x, filter, format),
    );
  };
}

/** The op `Conv`, whose rank is that of its filter. */
const anyRank: Translator = (node, onnx) => {
  const [x, filter] = node.inputs as [Value, Value];
  const rank = filter.shape?.length;
  if (rank === undefined) throw unimplemented("expected a filter of known rank");
  const batchDims = node.attrs.int("batch_dims");
  if (batchDims !== 1) throw unimplemented(`expected batch_dims of 1, got ${batchDims}`);
  const format = dataFormat(node.attrs.string("data_format"), rank - 2);
  return convolve(onnx, x, filter, format, windowOfFilter(node, format, filter), node.attrs.int("groups"));
};

export function windowOfFilter(node: OpNode, format: DataFormat, filter: Value): SlidingWindow {
  const kernel = filter.shape?.slice(0, format.spatialRank) ?? unknownKernel(format);
  return readWindow(node.attrs, format, kernel);
}

function unknownKernel({ spatialRank }: DataFormat): Dim[] {
  return Array.from({ length: spatialRank }, (_, i) => `kernel${i}`);
}

export function convolve(
  onnx: OnnxBuilder,
  x: Value,
  filter: Value,
  format: DataFormat,
  window: SlidingWindow,
  group: number,
): Value {
  if (!hasConvKernel(x)) return convolutionByProducts(onnx, x, filter, format, window, group);
  return slide(onnx, x, outputsFirst(onnx, filter, format), format, window, group);
}

/**
 * How many groups of channels are convolved by themselves: the filter tells how many channels are in one.
 * @throws StatusError UNIMPLEMENTED if that can't be told, and the filter is one with a group per example: its results are as
 * many as the batch makes them.
 */
export function groupCount(x: Value, filter: Value, format: DataFormat): number {
  const channels = channelCount(x, format);
  const [inGroup, results] = [filter.shape?.at(-2), filter.shape?.at(-1)];
  if (channels !== undefined && inGroup !== undefined && isNumber(channels) && isNumber(inGroup))
    return channels / inGroup;
  if (inGroup !== undefined && isNumber(inGroup) && results !== undefined && !isNumber(results)) {
    throw unimplemented(`expected a known number of groups, got a filter [${filter.shape}]`);
  }
  // ONNX Runtime refuses the run unless there is one group.
  return 1;
}

/** A filter [spatial..., in, out] as [out, in, spatial...]. */
export function outputsFirst(onnx: OnnxBuilder, filter: Value, { spatialRank }: DataFormat): Value {
  const spatial = Array.from({ length: spatialRank }, (_, i) => i);
  return onnx.op("Transpose", [filter], { perm: [spatialRank + 1, spatialRank, ...spatial] });
}

function slide(
  onnx: OnnxBuilder,
  x: Value,
  filter: Value,
  format: DataFormat,
  window: SlidingWindow,
  group: number,
): Value {
  const narrowed = withoutAddedAxis(onnx, x, format, window);
  if (narrowed !== undefined) {
    const line = onnx.op("Squeeze", [filter, onnx.ints([2 + narrowed.removed])]);
    const result = slide(onnx, narrowed.x, line, narrowed.format, narrowed.window, group);
    return withAddedAxis(onnx, result, narrowed);
  }
  const input = toChannelsFirst(onnx, x, format);
  const attrs = { ...windowAttributes(window), group };
  const padding = paddingAttributes(window, input.shape?.slice(2));
  const result =
    padding === undefined
      ? onnx.op("Conv", [padded(onnx, input, window, 2), filter], attrs)
      : onnx.op("Conv", [input, filter], { ...attrs, ...padding });
  return fromChannelsFirst(onnx, result, format);
}

const depthwise: Translator = (node, onnx) => {
  const [x, filter] = node.inputs as [Value, Value];
  const format = dataFormat(node.attrs.string("data_format"), 2);
  const window = windowOfFilter(node, format, filter);
  if (!hasConvKernel(x)) return depthwiseByProducts(onnx, x, filter, format, window);
  return slide(onnx, x, depthwiseFilter(onnx, filter), format, window, depthwiseGroups(x, filter, format));
};

/** A filter [height, width, channels, multiplier] as [channels * multiplier, 1, height, width]. */
export function depthwiseFilter(onnx: OnnxBuilder, filter: Value): Value {
  const size = (axis: number): Part => dimOf(onnx, filter, axis);
  const flat = reshapeTo(onnx, filter, [size(0), size(1), 1, product(onnx, [size(2), size(3)])]);
  return onnx.op("Transpose", [flat], { perm: [3, 2, 0, 1] });
}

function depthwiseGroups(x: Value, filter: Value, format: DataFormat): number {
  const channels = [filter.shape?.at(-2), channelCount(x, format)].find(
    (dim) => dim !== undefined && isNumber(dim),
  );
  if (channels === undefined) throw unimplemented("expected a known number of channels");
  return channels as number;
}

export const convolutionOps: OpFamily = {
  Conv2D: convolution(2),
  Conv3D: convolution(3),
  Conv: anyRank,
  DepthwiseConv2dNative: depthwise,
};
