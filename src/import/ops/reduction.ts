import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { Formula } from "./formula.ts";
import { isInteger } from "./integer-math.ts";
import { integerExtreme, integerMean, integerNorm, integerProduct, integerSum } from "./integer-reduction.ts";
import { type Axes, axesOf, isNeverEmpty, reduce, reducedCount } from "./reduction-axes.ts";

type Reduction = (onnx: OnnxBuilder, x: Value, axes: Axes, keepDims: boolean) => Value;

const reduction =
  (integers: Reduction, floats: Reduction): Translator =>
  (node, onnx) => {
    const [x, indices] = node.inputs as [Value, Value];
    const compute = isInteger(x) ? integers : floats;
    return compute(onnx, x, axesOf(onnx, x, indices), node.attrs.bool("keep_dims"));
  };

const anyType = (compute: Reduction): Translator => reduction(compute, compute);

const plain =
  (op: string): Reduction =>
  (onnx, x, axes, keepDims) =>
    reduce(onnx, op, x, axes, keepDims);

/** The mean of nothing is NaN in TensorFlow, 0 in ONNX Runtime. */
const floatMean: Reduction = (onnx, x, axes, keepDims) => {
  if (isNeverEmpty(x, axes)) return reduce(onnx, "ReduceMean", x, axes, keepDims);
  const wide = x.dtype === "float64" ? x : onnx.cast(x, "float32");
  const sum = reduce(onnx, "ReduceSum", wide, axes, keepDims);
  return onnx.cast(onnx.op("Div", [sum, onnx.cast(reducedCount(onnx, x, axes), wide.dtype)]), x.dtype);
};

/**
 * ONNX Runtime overlooks NaNs, TensorFlow doesn't. The sum of magnitudes is NaN exactly if an element is; else no element is
 * above it, so that the lesser of the two is the extreme, unless that is the infinity that is the least of nothing.
 */
const floatExtreme =
  (op: "ReduceMax" | "ReduceMin"): Reduction =>
  (onnx, x, axes, keepDims) => {
    if (axes.known?.length === 0) return x;
    const f = new Formula(onnx, x.dtype);
    const extreme = reduce(onnx, op, x, axes, keepDims);
    const magnitudes = reduce(onnx, "ReduceL1", x, axes, keepDims);
    if (op === "ReduceMax" || isNeverEmpty(x, axes)) return f.min(extreme, magnitudes);
    return f.where(f.isNan(magnitudes), Number.NaN, extreme);
  };

const anyExtreme = (op: "ReduceMax" | "ReduceMin"): Translator =>
  reduction((onnx, x, axes, keepDims) => integerExtreme(onnx, op, x, axes, keepDims), floatExtreme(op));

/** With no axis at all a norm is the magnitude. */
const floatNorm: Reduction = (onnx, x, axes, keepDims) => {
  const norm = reduce(onnx, "ReduceL2", x, axes, keepDims);
  return axes.known !== undefined && axes.known.length > 0 ? norm : onnx.op("Abs", [norm]);
};

/** Of nothing at all, ONNX Runtime has extremes of integers only. */
const logical =
  (op: "ReduceMax" | "ReduceMin"): Reduction =>
  (onnx, x, axes, keepDims) => {
    if (isNeverEmpty(x, axes)) return reduce(onnx, op, x, axes, keepDims);
    return onnx.cast(reduce(onnx, op, onnx.cast(x, "uint8"), axes, keepDims), "bool");
  };

/** Reductions over any axes, which may be known only when run. */
export const reductionOps: OpFamily = {
  Sum: reduction(integerSum, plain("ReduceSum")),
  Mean: reduction(integerMean, floatMean),
  Prod: reduction(integerProduct, plain("ReduceProd")),
  Max: anyExtreme("ReduceMax"),
  Min: anyExtreme("ReduceMin"),
  EuclideanNorm: reduction(integerNorm, floatNorm),
  All: anyType(logical("ReduceMin")),
  Any: anyType(logical("ReduceMax")),
};
