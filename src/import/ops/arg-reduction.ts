import type { OnnxBuilder } from "../onnx/builder.ts";
import { knownElements, type Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { dimsOf, FAR, flat } from "./int-vector.ts";
import { flipped } from "./integer-reduction.ts";
import { isWithoutNaN, withoutNaN } from "./nan.ts";
import { reshapeTo } from "./reshape-target.ts";

type ArgReduction = "ArgMax" | "ArgMin";

const argReduction =
  (op: ArgReduction): Translator =>
  (node, onnx) => {
    const [x, dimension] = node.inputs as [Value, Value];
    const given = knownElements(dimension)?.[0];
    const axis = given !== undefined && given < 0 && x.shape !== undefined ? given + x.shape.length : given;
    const ordered = isSoftmaxAlong(onnx, x, axis) || isWithoutNaN(onnx, x) ? x : comparable(onnx, op, x);
    const indices =
      axis === undefined
        ? overComputedAxis(onnx, op, ordered, dimension)
        : onnx.op(op, [ordered], { axis, keepdims: 0 });
    return onnx.cast(indices, node.attrs.dtype("output_type"));
  };

/** Whether either all numbers of a row are NaN, of which ONNX Runtime too takes the first, or none. */
function isSoftmaxAlong(onnx: OnnxBuilder, x: Value, axis: number | undefined): boolean {
  const isLast = axis === -1 || (axis !== undefined && axis + 1 === x.shape?.length);
  const producer = onnx.producer(x);
  return isLast && x.dtype === "float32" && producer?.op === "Softmax" && producer.attrs.axis === -1;
}

/** The same numbers in a type that the kernel has; a NaN never wins. */
function comparable(onnx: OnnxBuilder, op: ArgReduction, x: Value): Value {
  if (x.dtype === "uint64") return flipped(onnx, x, "int64");
  if (!x.dtype.includes("float")) return x;
  return withoutNaN(onnx, x, op === "ArgMax" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
}

/** ONNX's axis is an attribute: the sizes before and behind the axis are each made one dim around it. */
function overComputedAxis(onnx: OnnxBuilder, op: ArgReduction, x: Value, dimension: Value): Value {
  const dims = dimsOf(onnx, x);
  const rank = onnx.op("Size", [dims]);
  const axis = flat(onnx, onnx.op("Mod", [onnx.cast(dimension, "int64"), rank]));
  const next = onnx.op("Add", [axis, onnx.ints([1])]);
  const before = onnx.op("Slice", [dims, onnx.ints([0]), axis]);
  const behind = onnx.op("Slice", [dims, next, onnx.ints([FAR])]);
  const size = (sizes: Value): Value => onnx.op("ReduceProd", [sizes, onnx.ints([0])]);
  const own = onnx.op("Slice", [dims, axis, next]);
  const middle = reshapeTo(onnx, x, [size(before), own, size(behind)]);
  return reshapeTo(onnx, onnx.op(op, [middle], { axis: 1, keepdims: 0 }), [before, behind]);
}

/** The position of the first largest or smallest element along an axis. */
export const argReductionOps: OpFamily = {
  ArgMax: argReduction("ArgMax"),
  ArgMin: argReduction("ArgMin"),
};
