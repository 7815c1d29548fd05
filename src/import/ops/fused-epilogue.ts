import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { float, type Value } from "../onnx/value.ts";
import type { OpNode } from "../translator.ts";
import { activationOps } from "./activation.ts";
import { normalize } from "./batch-normalization.ts";
import type { DataFormat } from "./data-format.ts";
import { addBias } from "./matmul.ts";
import { transcendentalOps } from "./transcendental.ts";

/** What a fused op's epilogues take: the arguments that are left, and how its result is laid out. */
interface Fusion {
  readonly node: OpNode;
  /** Undefined for a matrix product, whose channels are the columns. */
  readonly format: DataFormat | undefined;
  readonly args: Value[];
}

type Epilogue = (onnx: OnnxBuilder, x: Value, fusion: Fusion) => Value;

const activation =
  (op: string): Epilogue =>
  (onnx, x, { node }) =>
    (activationOps[op] ?? transcendentalOps[op])!({ ...node, inputs: [x] }, onnx) as Value;

const batchNorm: Epilogue = (onnx, x, { node, format, args }) => {
  if (format === undefined) throw unimplemented("expected a convolution under a FusedBatchNorm");
  const [scale, offset, mean, variance] = args.splice(0, 4) as [Value, Value, Value, Value];
  const epsilon = node.attrs.float("epsilon");
  return normalize(onnx, { x, scale, offset, mean, variance, epsilon, format })[0]!;
};

/** What TensorFlow's graph optimizer fuses into a matrix product or a convolution. */
const EPILOGUES: Readonly<Record<string, Epilogue>> = {
  BiasAdd: (onnx, x, { format, args }) =>
    addBias(onnx, x, args.shift()!, format !== undefined && !format.channelsLast),
  FusedBatchNorm: batchNorm,
  Add: (onnx, x, { args }) => onnx.op("Add", [x, args.shift()!]),
  Relu: activation("Relu"),
  Relu6: activation("Relu6"),
  Elu: activation("Elu"),
  Tanh: activation("Tanh"),
  Sigmoid: activation("Sigmoid"),
  LeakyRelu: (onnx, x, { node }) =>
    onnx.op("LeakyRelu", [x], { alpha: float(node.attrs.float("leakyrelu_alpha")) }),
  GeluExact: (onnx, x) => onnx.op("Gelu", [x]),
  GeluApproximate: (onnx, x) => onnx.op("Gelu", [x], { approximate: "tanh" }),
};

/**
 * Does what the attribute `fused_ops` lists, with the inputs after the first two as their arguments in turn.
 * @throws StatusError UNIMPLEMENTED for an op that isn't known.
 */
export function withEpilogues(
  onnx: OnnxBuilder,
  node: OpNode,
  result: Value,
  format: DataFormat | undefined,
): Value {
  const fusion: Fusion = { node, format, args: node.inputs.slice(2) };
  return node.attrs.strings("fused_ops").reduce((x, name) => {
    const epilogue = Object.hasOwn(EPILOGUES, name) ? EPILOGUES[name] : undefined;
    if (epilogue !== undefined) return epilogue(onnx, x, fusion);
    throw unimplemented(`expected one of ${Object.keys(EPILOGUES).join(", ")} in fused_ops, got ${name}`);
  }, result);
}
