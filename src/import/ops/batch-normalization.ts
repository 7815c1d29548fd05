import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { float, isNumber, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import {
  channelAxis,
  type DataFormat,
  dataFormat,
  fromChannelsFirst,
  toChannelsFirst,
} from "./data-format.ts";
import { isFilledWith } from "./filled.ts";

interface Normalization {
  readonly x: Value;
  readonly scale: Value;
  readonly offset: Value;
  readonly mean: Value;
  readonly variance: Value;
  readonly epsilon: number;
  readonly format: DataFormat;
}

/** FusedBatchNorm and its successors; the third adds an output that only its gradient on GPUs uses. */
const fusedBatchNorm: Translator = (node, onnx) => {
  const [x, scale, offset, mean, variance] = node.inputs as [Value, Value, Value, Value, Value];
  const epsilon = node.attrs.float("epsilon");
  const call = { x, scale, offset, mean, variance, epsilon, format: readFormat(node) };
  const outputs = node.attrs.bool("is_training") ? normalizeBatch(onnx, node, call) : normalize(onnx, call);
  return node.op === "FusedBatchNormV3" ? [...outputs, onnx.numbers("float32", [0], [])] : outputs;
};

function readFormat(node: OpNode): DataFormat {
  const text = node.attrs.string("data_format");
  return dataFormat(text, text.includes("D") ? 3 : 2);
}

/** With the statistics that were learned. */
export function normalize(onnx: OnnxBuilder, call: Normalization): Value[] {
  const { x, scale, offset, mean, variance, epsilon, format } = call;
  const input = onnx.cast(toChannelsFirst(onnx, x, format), scale.dtype);
  const y = onnx.op("BatchNormalization", [input, scale, offset, mean, variance], {
    epsilon: float(epsilon),
  });
  return [fromChannelsFirst(onnx, onnx.cast(y, x.dtype), format), mean, variance, mean, variance];
}

/** With the statistics of the batch at hand. */
function normalizeBatch(onnx: OnnxBuilder, node: OpNode, call: Normalization): Value[] {
  const { x, scale, offset, format } = call;
  const input = onnx.cast(x, scale.dtype);
  const axis = channelAxis(format);
  const axes = Array.from({ length: format.spatialRank + 2 }, (_, i) => i).filter((i) => i !== axis);
  const mean = onnx.op("ReduceMean", [input, onnx.ints(axes)]);
  const centred = onnx.op("Sub", [input, mean]);
  const variance = onnx.op("ReduceMean", [onnx.op("Mul", [centred, centred]), onnx.ints(axes)]);
  const flat = (value: Value): Value => onnx.op("Reshape", [value, onnx.ints([-1])]);
  const [batchMean, batchVariance] = [flat(mean), flat(variance)];
  const unbiased = onnx.op("Mul", [batchVariance, besselFactor(onnx, input, batchMean)]);
  const y = rowwise(onnx, input, call) ?? scaled(onnx, centred, variance, call);
  const stretched = isFilledWith(onnx, scale, 1) ? y : onnx.op("Mul", [y, alongAxis(onnx, scale, format)]);
  const shifted = isFilledWith(onnx, offset, 0)
    ? stretched
    : onnx.op("Add", [stretched, alongAxis(onnx, offset, format)]);
  return [
    onnx.cast(shifted, x.dtype),
    movingAverage(onnx, node, call.mean, batchMean),
    movingAverage(onnx, node, call.variance, unbiased),
    batchMean,
    batchVariance,
  ];
}

/**
 * Keras 2 has layers normalize rows by presenting each row as a channel of one image: that is what LayerNormalization
 * does in one pass.
 */
function rowwise(onnx: OnnxBuilder, x: Value, { epsilon, format }: Normalization): Value | undefined {
  const rest = x.shape?.slice(2);
  if (format.channelsLast || x.shape?.[0] !== 1 || !rest?.every(isNumber) || x.dtype !== "float32")
    return undefined;
  const shape = rest as readonly number[];
  const ones = onnx.numbers("float32", shape, new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1));
  return onnx.op("LayerNormalization", [x, ones], { axis: 2, epsilon: float(epsilon) });
}

function scaled(onnx: OnnxBuilder, centred: Value, variance: Value, { epsilon }: Normalization): Value {
  const deviation = onnx.op("Sqrt", [onnx.op("Add", [variance, onnx.scalar(floatType(variance), epsilon)])]);
  return onnx.op("Div", [centred, deviation]);
}

function floatType(value: Value): "float32" | "float64" | "float16" | "bfloat16" {
  const { dtype } = value;
  if (dtype === "float32" || dtype === "float64" || dtype === "float16" || dtype === "bfloat16") return dtype;
  throw unimplemented(`expected floats, got ${dtype}`);
}

/** A vector with an entry per channel, made to broadcast against the whole tensor. */
function alongAxis(onnx: OnnxBuilder, vector: Value, { channelsLast, spatialRank }: DataFormat): Value {
  if (channelsLast) return vector;
  return onnx.op("Unsqueeze", [vector, onnx.ints(Array.from({ length: spatialRank }, (_, i) => i + 1))]);
}

/** n / (n - 1) for n elements per channel; 1 where there is one element. */
function besselFactor(onnx: OnnxBuilder, x: Value, perChannel: Value): Value {
  const count = onnx.op("Div", [onnx.op("Size", [x]), onnx.op("Size", [perChannel])]);
  const one = onnx.scalar("int64", 1);
  const others = onnx.op("Max", [onnx.op("Sub", [count, one]), one]);
  return onnx.op("Div", [onnx.cast(count, x.dtype), onnx.cast(others, x.dtype)]);
}

function movingAverage(onnx: OnnxBuilder, node: OpNode, running: Value, batch: Value): Value {
  const factor = node.attrs.float("exponential_avg_factor");
  if (factor === 1) return batch;
  const dtype = floatType(batch);
  const old = onnx.op("Mul", [running, onnx.scalar(dtype, 1 - factor)]);
  return onnx.op("Add", [old, onnx.op("Mul", [batch, onnx.scalar(dtype, factor)])]);
}

/** The first version of it: over the last of four dims, without a scale unless it is asked for. */
const globalNormalization: Translator = (node, onnx) => {
  const [x, mean, variance, beta, gamma] = node.inputs as [Value, Value, Value, Value, Value];
  const dtype = floatType(x);
  const stable = onnx.op("Add", [variance, onnx.scalar(dtype, node.attrs.float("variance_epsilon"))]);
  const inverse = onnx.op("Div", [onnx.scalar(dtype, 1), onnx.op("Sqrt", [stable])]);
  const scale = node.attrs.bool("scale_after_normalization") ? onnx.op("Mul", [inverse, gamma]) : inverse;
  return onnx.op("Add", [onnx.op("Mul", [onnx.op("Sub", [x, mean]), scale]), beta]);
};

export const batchNormalizationOps: OpFamily = {
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  BatchNormWithGlobalNormalization: globalNormalization,
};
