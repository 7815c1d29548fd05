import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { type Dim, isNumber, type OnnxAttributes, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { depthwiseFilter, outputsFirst } from "./convolution.ts";
import {
  channelAxis,
  type DataFormat,
  dataFormat,
  fromChannelsFirst,
  toChannelsFirst,
} from "./data-format.ts";
import {
  dynamicMargins,
  extent,
  positions,
  readWindow,
  type StaticWindow,
  staticMargins,
  windowAttributes,
} from "./sliding-window.ts";

// The gradient of a convolution towards its input, which networks use as a convolution that enlarges. The "window" is
// that of the convolution whose gradient it is, so it slides over the result, whose size is an argument.

interface Transposed {
  readonly grad: Value;
  /** Channels of `grad`, channels of the result per group, spatial. */
  readonly filter: Value;
  readonly group: number;
  readonly window: StaticWindow;
  readonly format: DataFormat;
  /** The result's spatial sizes, int64. */
  readonly sizes: Value;
}

function transposedConvolution(spatialRank: number): Translator {
  return (node, onnx) => {
    const [sizes, filter, grad] = node.inputs as [Value, Value, Value];
    const isFirst = node.op === "Conv3DBackpropInput";
    const format = dataFormat(isFirst ? "NDHWC" : node.attrs.string("data_format"), spatialRank);
    const window = windowOf(node, filter, format);
    const channels = filter.shape?.at(-2);
    // The first version takes a tensor of the size that is wanted.
    const wanted = isFirst ? onnx.op("Shape", [sizes]) : onnx.cast(sizes, "int64");
    const total = wanted.shape?.[0] === spatialRank ? channels : wanted.elements?.[channelAxis(format)];
    const known = isCount(channels) && isCount(total);
    const group = known ? total / channels : 1;
    return enlarge(onnx, {
      grad,
      filter: outputsFirst(onnx, filter, format),
      group,
      window,
      format,
      sizes: spatialSizes(onnx, wanted, format),
    });
  };
}

const depthwiseTransposed: Translator = (node, onnx) => {
  const [sizes, filter, grad] = node.inputs as [Value, Value, Value];
  const format = dataFormat(node.attrs.string("data_format"), 2);
  const window = windowOf(node, filter, format);
  const group = filter.shape!.at(-2) as number;
  const wanted = spatialSizes(onnx, onnx.cast(sizes, "int64"), format);
  return enlarge(onnx, { grad, filter: depthwiseFilter(onnx, filter), group, window, format, sizes: wanted });
};

function isCount(dim: Dim | undefined): dim is number {
  return dim !== undefined && isNumber(dim);
}

function windowOf(node: OpNode, filter: Value, format: DataFormat): StaticWindow {
  const kernel = filter.shape?.slice(0, format.spatialRank);
  if (!kernel?.every(isNumber)) throw unimplemented(`expected a filter of known size, got [${filter.shape}]`);
  return readWindow(node.attrs, format, kernel) as StaticWindow;
}

function spatialSizes(onnx: OnnxBuilder, sizes: Value, { channelsLast, spatialRank }: DataFormat): Value {
  if (sizes.shape?.[0] === spatialRank) return sizes;
  const first = channelsLast ? 1 : 2;
  return onnx.op("Slice", [sizes, onnx.ints([first]), onnx.ints([first + spatialRank]), onnx.ints([0])]);
}

function enlarge(onnx: OnnxBuilder, call: Transposed): Value {
  const { grad, filter, group, window, format, sizes } = call;
  const input = toChannelsFirst(onnx, grad, format);
  const attrs: OnnxAttributes = { ...windowAttributes(window), group };
  const fit = staticFit(window, sizes.elements);
  const result =
    fit === undefined
      ? cropped(onnx, onnx.op("ConvTranspose", [input, filter], { ...attrs, ...reachingAll(window) }), call)
      : onnx.op("ConvTranspose", [input, filter], { ...attrs, ...fit });
  return fromChannelsFirst(onnx, result, format);
}

/** The attributes that give exactly the wanted sizes, if what they depend on is known. */
function staticFit(window: StaticWindow, sizes: readonly Dim[] | undefined): OnnxAttributes | undefined {
  const margins = staticMargins(window, sizes);
  if (margins === undefined) return undefined;
  const { before, after } = margins;
  if (window.strides.every((stride) => stride === 1)) return { pads: [...before, ...after] };
  if (!sizes?.every(isNumber)) return undefined;
  // What the convolution's last window leaves over of its input got no gradient: zeros are added there.
  const surplus = (sizes as readonly number[]).map((size, i) => {
    const whole =
      (positions(window, i, size) - 1) * window.strides[i]! + extent(window.kernel[i]!, window.dilations[i]!);
    return whole - before[i]! - size;
  });
  return {
    pads: [...before, ...surplus.map((count) => Math.max(count, 0))],
    output_padding: surplus.map((count) => Math.max(-count, 0)),
  };
}

/** The attributes that give the largest result that this input can stand for. */
function reachingAll({ strides }: StaticWindow): OnnxAttributes {
  return { output_padding: strides.map((stride) => stride - 1) };
}

function cropped(onnx: OnnxBuilder, whole: Value, { window, sizes }: Transposed): Value {
  const rank = window.kernel.length;
  const margins = staticMargins(window, sizes.elements);
  const starts = margins
    ? onnx.ints(margins.before)
    : onnx.op("Slice", [
        dynamicMargins(onnx, sizes, window),
        onnx.ints([0]),
        onnx.ints([rank]),
        onnx.ints([0]),
      ]);
  const axes = onnx.ints(window.kernel.map((_, i) => i + 2));
  return onnx.op("Slice", [whole, starts, onnx.op("Add", [starts, sizes]), axes]);
}

export const transposedConvolutionOps: OpFamily = {
  Conv2DBackpropInput: transposedConvolution(2),
  Conv3DBackpropInput: transposedConvolution(3),
  Conv3DBackpropInputV2: transposedConvolution(3),
  DepthwiseConv2dNativeBackpropInput: depthwiseTransposed,
};
