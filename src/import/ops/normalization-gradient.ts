import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { channelAxis, type DataFormat, dataFormat } from "./data-format.ts";
import { Formula } from "./formula.ts";
import { rankOf } from "./int-vector.ts";

/** All axes but that of the channels. */
function otherAxes(rank: number, axis: number): number[] {
  return Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
}

const biasAddGrad: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const rank = rankOf(x, "out_backprop");
  const axis = node.attrs.string("data_format") === "NCHW" ? 1 : rank - 1;
  return onnx.op("ReduceSum", [x, onnx.ints(otherAxes(rank, axis))], { keepdims: 0 });
};

function formatOf(node: OpNode): DataFormat {
  const text = node.attrs.string("data_format");
  return dataFormat(text, text.includes("D") ? 3 : 2);
}

/** A vector with an entry per channel, as it lies in the whole tensor. */
function alongChannels(onnx: OnnxBuilder, vector: Value, { channelsLast, spatialRank }: DataFormat): Value {
  if (channelsLast) return vector;
  return onnx.op("Unsqueeze", [vector, onnx.ints(Array.from({ length: spatialRank }, (_, i) => i + 1))]);
}

/**
 * In training the statistics depend on the batch too, and those that are handed over are the batch's mean and variance;
 * in inference they are constants.
 */
const fusedBatchNormGrad: Translator = (node, onnx) => {
  const [dy, x, scale, mean, variance] = node.inputs as [Value, Value, Value, Value, Value];
  const format = formatOf(node);
  const axes = onnx.ints(otherAxes(format.spatialRank + 2, channelAxis(format)));
  const type = scale.dtype;
  const f = new Formula(onnx, type);
  const sum = (value: Value): Value => onnx.op("ReduceSum", [value, axes], { keepdims: 0 });
  const wide = (value: Value): Value => alongChannels(onnx, value, format);
  const gradient = onnx.cast(dy, type);
  const centred = f.sub(onnx.cast(x, type), wide(mean));
  const inverse = f.div(1, f.sqrt(f.add(variance, node.attrs.float("epsilon"))));
  const normal = f.mul(centred, wide(inverse));
  const scaleGradient = sum(f.mul(gradient, normal));
  const offsetGradient = sum(gradient);
  const factor = f.mul(scale, inverse);
  let core = gradient;
  if (node.attrs.bool("is_training")) {
    const count = onnx.cast(onnx.op("Div", [onnx.op("Size", [x]), onnx.op("Size", [mean])]), type);
    const drift = f.add(wide(offsetGradient), f.mul(normal, wide(scaleGradient)));
    core = f.sub(gradient, f.div(drift, count));
  }
  const none = onnx.numbers("float32", [0], []);
  const result = onnx.cast(f.mul(core, wide(factor)), x.dtype);
  return [result, scaleGradient, offsetGradient, onnx.cast(none, type), onnx.cast(none, type)];
};

/** Each element's own share, and what it did to the sums of its neighbours. */
const localResponseGrad: Translator = (node, onnx) => {
  const [dy, x, y] = node.inputs as [Value, Value, Value];
  const f = new Formula(onnx, x.dtype);
  const radius = node.attrs.int("depth_radius");
  const [alpha, beta] = [node.attrs.float("alpha"), node.attrs.float("beta")];
  const norm = f.add(f.mul(neighbourSum(onnx, f.mul(x, x), radius), alpha), node.attrs.float("bias"));
  const own = f.mul(dy, f.apply("Pow", norm, -beta));
  const shared = neighbourSum(onnx, f.div(f.mul(dy, y), norm), radius);
  return f.sub(own, f.mul(f.mul(x, shared), 2 * alpha * beta));
};

/** The sum over the channels, of which there may be any number, that are no further away than `radius`. */
function neighbourSum(onnx: OnnxBuilder, x: Value, radius: number): Value {
  const pads = [0, 0, 0, radius + 1, 0, 0, 0, radius];
  const sums = onnx.op("CumSum", [onnx.op("Pad", [x, onnx.ints(pads)]), onnx.scalar("int64", 3)]);
  const part = (from: number, to: number): Value =>
    onnx.op("Slice", [sums, onnx.ints([from]), onnx.ints([to]), onnx.ints([3])]);
  return onnx.op("Sub", [part(2 * radius + 1, Number.MAX_SAFE_INTEGER), part(0, -(2 * radius + 1))]);
}

/** The gradients of biases and normalizations. */
export const normalizationGradientOps: OpFamily = {
  BiasAddGrad: biasAddGrad,
  FusedBatchNormGrad: fusedBatchNormGrad,
  FusedBatchNormGradV2: fusedBatchNormGrad,
  FusedBatchNormGradV3: fusedBatchNormGrad,
  LRNGrad: localResponseGrad,
};
