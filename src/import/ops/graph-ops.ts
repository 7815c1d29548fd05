import { unimplemented } from "../../status/status.ts";
import { tensorFromProto } from "../../tensor/tensor-proto.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { unless } from "./run-time-check.ts";

const constant: Translator = (node, onnx) => {
  const tensor = tensorFromProto(node.attrs.tensor("value"));
  if (tensor.dtype === "string") throw unimplemented("string constants can't be part of a numeric graph");
  return onnx.constant(tensor);
};

const identity: Translator = (node) => node.inputs[0]!;

/** NaN and infinity fail the run, as in TensorFlow. */
const checkNumerics: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const bad = onnx.op("Or", [onnx.op("IsNaN", [x]), onnx.op("IsInf", [x])]);
  return unless(onnx, bad, x);
};

/** Constants, and ops that only hand their inputs on. */
export const graphOps: OpFamily = {
  Const: constant,
  Identity: identity,
  IdentityN: (node) => node.inputs,
  StopGradient: identity,
  PreventGradient: identity,
  Snapshot: identity,
  GuaranteeConst: identity,
  Copy: identity,
  CopyHost: identity,
  DeepCopy: identity,
  RefIdentity: identity,
  DebugIdentity: identity,
  DebugIdentityV2: identity,
  DebugGradientIdentity: identity,
  DebugGradientRefIdentity: identity,
  Print: identity,
  CheckNumerics: checkNumerics,
  CheckNumericsV2: checkNumerics,
  PlaceholderWithDefault: identity,
  NoOp: () => [],
};
