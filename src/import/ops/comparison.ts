import type { OnnxBuilder } from "../onnx/builder.ts";
import { type Dim, isNumber, type Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { isFilledWith } from "./filled.ts";
import { Formula } from "./formula.ts";
import { combine, dimsOf, vector, withShape } from "./int-vector.ts";
import { withoutNaN } from "./nan.ts";
import { reshapeTo } from "./reshape-target.ts";

const plain =
  (op: string): Translator =>
  (node, onnx) =>
    onnx.op(op, node.inputs);

/** Shapes that can't broadcast are unequal as a whole where the node says that this is no error. */
const equality =
  (whenEqual: boolean): Translator =>
  (node, onnx) => {
    const [a, b] = node.inputs as [Value, Value];
    if (!node.attrs.bool("incompatible_shape_error") && neverBroadcast(a.shape, b.shape)) {
      return onnx.scalar("bool", Number(!whenEqual));
    }
    const equal = onnx.op("Equal", [a, b]);
    return whenEqual ? equal : onnx.op("Not", [equal]);
  };

function neverBroadcast(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.some((x, i) => {
    const y = b[i - a.length + b.length];
    return y !== undefined && isNumber(x) && isNumber(y) && x !== y && x !== 1 && y !== 1;
  });
}

const approximateEqual: Translator = (node, onnx) => {
  const [a, b] = node.inputs as [Value, Value];
  const f = new Formula(onnx, a.dtype);
  return f.less(f.abs(f.sub(a, b)), node.attrs.float("tolerance"));
};

/** `x` with a number in the place of every NaN, if that is what is chosen: `where(is_nan(x), number, x)`. */
function replacedNaN(onnx: OnnxBuilder, condition: Value, then: Value, x: Value): Value | undefined {
  const tested = onnx.producer(condition);
  const number = then.shape?.length === 0 ? then.constant?.().data[0] : undefined;
  const isReplacing = tested?.op === "IsNaN" && tested.inputs[0]!.name === x.name;
  return isReplacing && typeof number === "number" && x.dtype === "float32" && !Number.isNaN(number)
    ? withoutNaN(onnx, x, number)
    : undefined;
}

/**
 * The condition has the shape of the choices, or is a scalar, or picks whole rows: then it gets as many dims of one as
 * it lacks, at the end and not at the front.
 */
const select: Translator = (node, onnx) => {
  const [condition, then, otherwise] = node.inputs as [Value, Value, Value];
  return onnx.op("Where", [byRows(onnx, condition, then.shape ? then : otherwise), then, otherwise]);
};

function byRows(onnx: OnnxBuilder, condition: Value, choice: Value): Value {
  const [given, wanted] = [condition.shape?.length, choice.shape?.length];
  if (given === 0 || (given !== undefined && given > 1) || (given === 1 && wanted === 1)) return condition;
  if (given === 1 && wanted !== undefined) {
    return onnx.op("Unsqueeze", [condition, onnx.ints(Array.from({ length: wanted - 1 }, (_, i) => i + 1))]);
  }
  const rank = (x: Value): Value => onnx.op("Shape", [dimsOf(onnx, x)]);
  const missing = combine(onnx, "Sub", rank(choice), rank(condition));
  const ones = onnx.op("Expand", [onnx.ints([1]), vector(onnx, [missing])]);
  const aligned = reshapeTo(onnx, condition, [dimsOf(onnx, condition), ones]);
  return wanted === undefined ? aligned : withShape(aligned, Array.from({ length: wanted }, onnx.fresh));
}

const selectV2: Translator = (node, onnx) => {
  const [condition, then, otherwise] = node.inputs as [Value, Value, Value];
  const replaced = replacedNaN(onnx, condition, then, otherwise);
  if (replaced !== undefined) return replaced;
  const chosen = onnx.op("Where", node.inputs);
  const isWhole = chosen.shape !== undefined && String(chosen.shape) === String(then.shape);
  return isWhole && isFilledWith(onnx, condition, 1) ? then : chosen;
};

/** Comparisons, and choices by their results. */
export const comparisonOps: OpFamily = {
  Equal: equality(true),
  NotEqual: equality(false),
  Less: plain("Less"),
  LessEqual: plain("LessOrEqual"),
  Greater: plain("Greater"),
  GreaterEqual: plain("GreaterOrEqual"),
  ApproximateEqual: approximateEqual,
  Select: select,
  SelectV2: selectV2,
};
