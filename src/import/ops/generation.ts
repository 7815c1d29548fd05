import { invalidArgument } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { NumericTensor } from "../../tensor/tensor.ts";
import { encodeNumbers, type OnnxBuilder } from "../onnx/builder.ts";
import { knownElements, type Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { dimsOf, rankOf, scalarOf } from "./int-vector.ts";
import { filled } from "./scattering.ts";

const fill: Translator = (node, onnx) => {
  const [dims, value] = node.inputs as [Value, Value];
  return onnx.op("Expand", [value, onnx.cast(dims, "int64")]);
};

function like(number: number): Translator {
  return (node, onnx) => {
    const x = node.inputs[0]!;
    const dtype = x.dtype as NumericTensor["dtype"];
    const value = { dtype, shape: [1], data: encodeNumbers(dtype, [number]) };
    return onnx.op("ConstantOfShape", [dimsOf(onnx, x)], { value: { tensor: value } });
  };
}

const OTHER_INTEGERS = new Set<DType>(["int8", "int16", "uint8", "uint16", "uint32", "uint64"]);

/**
 * Floats are start + i * delta. Their count is rounded as TensorFlow does, in the type itself: ONNX's Range divides in
 * double precision and may give one element more. A range that leads away from its limit, which TensorFlow refuses, is
 * empty.
 */
const range: Translator = (node, onnx) => {
  const dtype = node.inputs[0]!.dtype;
  const scalars = node.inputs.map((value) => scalarOf(onnx, value)) as [Value, Value, Value];
  const [start, limit, delta] = scalars;
  if (knownElements(delta)?.[0] === 0) throw invalidArgument(`Node ${node.name} has a delta of zero`);
  if (dtype === "int32" || dtype === "int64") return onnx.op("Range", scalars);
  if (OTHER_INTEGERS.has(dtype)) {
    const wide = scalars.map((value) => onnx.cast(value, "int64"));
    return onnx.cast(onnx.op("Range", wide), dtype);
  }
  const steps = onnx.op("Div", [onnx.op("Sub", [limit, start]), delta]);
  const count = onnx.cast(onnx.op("Ceil", [steps]), "int64");
  const numbers = onnx.cast(upTo(onnx, count), dtype);
  return onnx.op("Add", [onnx.op("Mul", [numbers, delta]), start]);
};

/** 0, 1, ... up to `count`, a scalar. */
function upTo(onnx: OnnxBuilder, count: Value): Value {
  return onnx.op("Range", [onnx.scalar("int64", 0), count, onnx.scalar("int64", 1)]);
}

/** The last number is `stop` itself, not what rounding would make of it. */
const linSpace: Translator = (node, onnx) => {
  const [start, stop] = node.inputs.slice(0, 2).map((value) => scalarOf(onnx, value)) as [Value, Value];
  const count = scalarOf(onnx, onnx.cast(node.inputs[2]!, "int64"));
  const one = onnx.scalar("int64", 1);
  const gaps = onnx.op("Max", [onnx.op("Sub", [count, one]), one]);
  const step = onnx.op("Div", [onnx.op("Sub", [stop, start]), onnx.cast(gaps, start.dtype)]);
  const numbers = upTo(onnx, count);
  const values = onnx.op("Add", [onnx.op("Mul", [onnx.cast(numbers, start.dtype), step]), start]);
  return onnx.op("Where", [onnx.op("Equal", [numbers, gaps]), stop, values]);
};

/** A comparison of the index with each position: ONNX's OneHot counts negative indices from the end. */
const oneHot: Translator = (node, onnx) => {
  const [indices, depth, on, off] = node.inputs as [Value, Value, Value, Value];
  const axis = node.attrs.int("axis");
  const wide = indices.dtype === "int32" ? indices : onnx.cast(indices, "int64");
  const positions = onnx.cast(upTo(onnx, scalarOf(onnx, onnx.cast(depth, "int64"))), wide.dtype);
  // As many axes of size one after the positions as the output has after the new axis.
  const after = axis === -1 ? 0 : rankOf(indices, "indices") - axis;
  const axes = Array.from({ length: after }, (_, i) => i + 1);
  const column = after === 0 ? positions : onnx.op("Unsqueeze", [positions, onnx.ints(axes)]);
  const hit = onnx.op("Equal", [onnx.op("Unsqueeze", [wide, onnx.ints([axis])]), column]);
  if (isScalar(on, 1) && isScalar(off, 0)) return onnx.cast(hit, on.dtype);
  return onnx.op("Where", [hit, on, off]);
};

function isScalar(value: Value, number: 0 | 1): boolean {
  const tensor = value.constant?.();
  if (tensor === undefined) return false;
  const bits = encodeNumbers(tensor.dtype, [number]);
  return tensor.data.length === 1 && tensor.data[0] === bits[0];
}

/** What isn't asked to be zero may be anything. */
const empty: Translator = (node, onnx) =>
  filled(onnx, node.attrs.dtype("dtype"), onnx.cast(node.inputs[0]!, "int64"));

/** Stands in a branch for a value that only the other branch has. */
const fakeParam: Translator = (node, onnx) => {
  const shape = node.attrs.shape("shape")?.map((dim) => Math.max(dim, 0)) ?? [];
  return filled(onnx, node.attrs.dtype("dtype"), onnx.ints(shape));
};

/** Ops that make tensors out of sizes and numbers. */
export const generationOps: OpFamily = {
  Empty: empty,
  FakeParam: fakeParam,
  Fill: fill,
  ZerosLike: like(0),
  OnesLike: like(1),
  Range: range,
  LinSpace: linSpace,
  OneHot: oneHot,
};
