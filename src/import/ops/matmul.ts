import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { dimsOf, FAR, vector, withShape } from "./int-vector.ts";
import { reshapeTo } from "./reshape-target.ts";

// A product stays a MatMul, even with an operand transposed: ONNX Runtime folds the transposition of a constant, fuses
// other ones, and makes a Gemm of a MatMul and an Add, but of a Gemm and an Add it makes nothing.

/** Of matrices, that is, of tensors of rank 2. */
export function product(onnx: OnnxBuilder, node: OpNode): Value {
  const [a, b] = ["transpose_a", "transpose_b"].map((attribute, i) => {
    const matrix = withShape(node.inputs[i]!, node.inputs[i]!.shape ?? [onnx.fresh(), onnx.fresh()]);
    return node.attrs.bool(attribute) ? onnx.op("Transpose", [matrix], { perm: [1, 0] }) : matrix;
  }) as [Value, Value];
  return onnx.op("MatMul", [a, b]);
}

/** Exchanges the last two dims. */
function adjoint(onnx: OnnxBuilder, x: Value): Value {
  if (x.shape === undefined) return adjointOfUnknownRank(onnx, x);
  const axes = x.shape.map((_, i) => i);
  return onnx.op("Transpose", [x], { perm: [...axes.slice(0, -2), ...axes.slice(-2).reverse()] });
}

/** All other dims are one for the time of the transposition. */
function adjointOfUnknownRank(onnx: OnnxBuilder, x: Value): Value {
  const dims = dimsOf(onnx, x);
  const part = (start: number, end: number): Value =>
    onnx.op("Slice", [dims, onnx.ints([start]), onnx.ints([end])]);
  const [batch, rows, columns] = [part(0, -2), part(-2, -1), part(-1, FAR)];
  const resize = (value: Value, sizes: readonly Value[]): Value =>
    onnx.op("Reshape", [value, vector(onnx, sizes)], { allowzero: 1 });
  const stack = resize(x, [onnx.op("ReduceProd", [batch, onnx.ints([0])]), rows, columns]);
  return resize(onnx.op("Transpose", [stack], { perm: [0, 2, 1] }), [batch, columns, rows]);
}

const batchMatMul: Translator = (node, onnx) => {
  const type = node.op === "BatchMatMulV3" ? node.attrs.dtype("Tout") : node.inputs[0]!.dtype;
  const operands = ["adj_x", "adj_y"].map((attribute, i) => {
    const operand = onnx.cast(node.inputs[i]!, type);
    return node.attrs.bool(attribute) ? adjoint(onnx, operand) : operand;
  });
  return onnx.op("MatMul", operands);
};

/** `bias` has one element per channel; channels are the last dim, or, of NCHW, the second. */
export function addBias(onnx: OnnxBuilder, x: Value, bias: Value, channelsFirst: boolean): Value {
  if (!channelsFirst) return onnx.op("Add", [x, bias]);
  if (x.shape !== undefined) {
    const behind = Array.from({ length: x.shape.length - 2 }, (_, i) => i + 1);
    return onnx.op("Add", [x, onnx.op("Unsqueeze", [bias, onnx.ints(behind)])]);
  }
  const behind = onnx.op("Sub", [onnx.op("Shape", [dimsOf(onnx, x)]), onnx.ints([2])]);
  const ones = onnx.op("Expand", [onnx.ints([1]), vector(onnx, [behind])]);
  return onnx.op("Add", [x, reshapeTo(onnx, bias, [-1, ones])]);
}

const biasAdd: Translator = (node, onnx) => {
  const channelsFirst = node.op === "BiasAdd" && node.attrs.string("data_format") === "NCHW";
  return withShape(addBias(onnx, node.inputs[0]!, node.inputs[1]!, channelsFirst), node.inputs[0]!.shape);
};

/** Matrix products, and the bias that comes after them. */
export const matmulOps: OpFamily = {
  MatMul: (node, onnx) => product(onnx, node),
  SparseMatMul: (node, onnx) =>
    product(onnx, { ...node, inputs: node.inputs.map((x) => onnx.cast(x, "float32")) }),
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  BatchMatMulV3: batchMatMul,
  BiasAdd: biasAdd,
  BiasAddV1: biasAdd,
};
