import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { batchNormalizationOps } from "./batch-normalization.ts";
import { convolutionOps, convolve, groupCount, windowOfFilter } from "./convolution.ts";
import { dataFormat } from "./data-format.ts";
import { withEpilogues } from "./fused-epilogue.ts";
import { product } from "./matmul.ts";
import { mirrorPad } from "./padding.ts";
import { resizeBilinear } from "./resize.ts";

const fusedMatMul: Translator = (node, onnx) => withEpilogues(onnx, node, product(onnx, node), undefined);

function fusedConvolution(
  op: "Conv2D" | "Conv3D" | "DepthwiseConv2dNative",
  spatialRank: number,
): Translator {
  return (node, onnx) => {
    const result = convolutionOps[op]!(node, onnx) as Value;
    return withEpilogues(onnx, node, result, dataFormat(node.attrs.string("data_format"), spatialRank));
  };
}

/** A batch normalization with what may be added to its result, and an activation. */
const fusedBatchNorm: Translator = (node, onnx) => {
  const call = { ...node, op: "FusedBatchNormV3", inputs: node.inputs.slice(0, 5) };
  const [y, ...statistics] = batchNormalizationOps.FusedBatchNormV3!(call, onnx) as Value[];
  const sum = node.inputs.slice(5).reduce((a, b) => onnx.op("Add", [a, b]), y!);
  const isRelu = node.attrs.string("activation_mode") === "Relu";
  return [isRelu ? onnx.op("Relu", [sum]) : sum, ...statistics];
};

/** What the graph transform tool fuses before a convolution. TensorFlow takes the first image for all of a batch. */
function convolvePadded(onnx: OnnxBuilder, node: OpNode, x: Value, paddings: Value, filter: Value): Value {
  const padded = mirrorPad({ ...node, inputs: [x, paddings] }, onnx) as Value;
  const format = dataFormat("NHWC", 2);
  const window = windowOfFilter(node, format, filter);
  return convolve(onnx, padded, filter, format, window, groupCount(padded, filter, format));
}

const padAndConvolve: Translator = (node, onnx) => {
  const [x, paddings, filter] = node.inputs as [Value, Value, Value];
  return convolvePadded(onnx, node, x, paddings, filter);
};

const resizePadAndConvolve: Translator = (node, onnx) => {
  const [x, size, paddings, filter] = node.inputs as [Value, Value, Value, Value];
  const alignment = node.attrs.bool("resize_align_corners") ? "corners" : "top_left";
  const resized = onnx.cast(resizeBilinear(onnx, x, size, alignment), x.dtype);
  return convolvePadded(onnx, node, resized, paddings, filter);
};

/** Ops that TensorFlow's optimizers and the graph transform tool write in place of several. */
export const fusedOps: OpFamily = {
  _FusedMatMul: fusedMatMul,
  _FusedConv2D: fusedConvolution("Conv2D", 2),
  _FusedConv3D: fusedConvolution("Conv3D", 3),
  _FusedDepthwiseConv2dNative: fusedConvolution("DepthwiseConv2dNative", 2),
  _FusedBatchNormEx: fusedBatchNorm,
  FusedPadConv2D: padAndConvolve,
  FusedResizeAndPadConv2D: resizePadAndConvolve,
};
