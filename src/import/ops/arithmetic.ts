import { elementCount } from "../../tensor/shape.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { isNumber, type Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { channelScalingOf } from "./channel-scaling.ts";
import { Formula, inFloat32 } from "./formula.ts";
import { hardSigmoidOf, scalarOf } from "./hard-sigmoid.ts";
import {
  floorDivide,
  floorModulo,
  integerPower,
  isInteger,
  knownValues,
  leftShift,
  rightShift,
  truncateDivide,
  truncateModulo,
} from "./integer-math.ts";
import { layerNormalizationOf } from "./layer-normalization.ts";
import { log1p } from "./transcendental.ts";

type Binary = (onnx: OnnxBuilder, a: Value, b: Value) => Value;

const plain =
  (op: string): Translator =>
  (node, onnx) =>
    onnx.op(op, node.inputs);

const binary =
  (compute: Binary): Translator =>
  (node, onnx) =>
    compute(onnx, node.inputs[0]!, node.inputs[1]!);

/** One meaning for integers, another for floats. */
const byType =
  (integers: Binary, floats: Binary): Translator =>
  (node, onnx) =>
    (isInteger(node.inputs[0]!) ? integers : floats)(onnx, node.inputs[0]!, node.inputs[1]!);

const add: Binary = (onnx, a, b) =>
  layerNormalizationOf(onnx, a, b) ?? channelScalingOf(onnx, a, b) ?? onnx.op("Add", [a, b]);

const multiply: Binary = (onnx, a, b) =>
  timesOnes(a, b) ??
  timesOnes(b, a) ??
  hardSigmoidOf(onnx, a, scalarOf(b)) ??
  hardSigmoidOf(onnx, b, scalarOf(a)) ??
  onnx.op("Mul", [a, b]);

/** What is looked through for other numbers than ones. */
const MOST_ONES = 1 << 16;

/** `x` if the other factor is nothing but ones, and doesn't make it larger: a scale that training left as it was. */
function timesOnes(x: Value, { shape, dtype, constant }: Value): Value | undefined {
  const sizes = x.shape;
  if (constant === undefined || sizes === undefined || !shape?.every(isNumber)) return undefined;
  if (!/^float(32|64)$/.test(dtype) || elementCount(shape) > MOST_ONES) return undefined;
  const isWithin = shape.every((dim, i) => dim === 1 || dim === sizes.at(i - shape.length));
  if (!isWithin || shape.length > sizes.length) return undefined;
  return (constant().data as Float32Array).every((factor) => factor === 1) ? x : undefined;
}

const divide: Binary = (onnx, a, b) => {
  const divisor = scalarOf(b);
  return hardSigmoidOf(onnx, a, divisor && 1 / divisor) ?? onnx.op("Div", [a, b]);
};

const floatFloorDivide: Binary = (onnx, a, b) =>
  inFloat32(onnx, [a, b], (inputs) => onnx.op("Floor", [onnx.op("Div", inputs)]));

const floatTruncateDivide: Binary = (onnx, a, b) =>
  inFloat32(onnx, [a, b], (inputs) => {
    const quotient = onnx.op("Div", inputs);
    const f = new Formula(onnx, quotient.dtype);
    return f.where(f.less(quotient, 0), onnx.op("Ceil", [quotient]), f.floor(quotient));
  });

const floatTruncateModulo: Binary = (onnx, a, b) => onnx.op("Mod", [a, b], { fmod: 1 });

/** The divisor is added to a remainder that has the other sign. */
const floatFloorModulo: Binary = (onnx, a, b) =>
  inFloat32(onnx, [a, b], (inputs) => {
    const [x, y] = inputs as [Value, Value];
    const f = new Formula(onnx, x.dtype);
    const remainder = floatTruncateModulo(onnx, x, y);
    const isPositive = knownValues(b)?.every((divisor) => divisor > 0) ?? false;
    const other = isPositive
      ? f.less(remainder, 0)
      : f.and(f.not(f.equal(remainder, 0)), f.differ(f.less(remainder, 0), f.less(y, 0)));
    return f.where(other, f.add(remainder, y), remainder);
  });

const power: Binary = (onnx, a, b) => onnx.op("Pow", [a, b]);

/** `compute`, but 0 wherever `zero` holds, whatever the other operand is. */
const unlessZero =
  (which: 0 | 1, compute: (f: Formula, x: Value, y: Value) => Value): Translator =>
  (node, onnx) =>
    inFloat32(onnx, node.inputs, (inputs) => {
      const [x, y] = inputs as [Value, Value];
      const f = new Formula(onnx, x.dtype);
      return f.where(f.equal(inputs[which]!, 0), 0, compute(f, x, y));
    });

const addAll: Translator = (node, onnx) => node.inputs.reduce((sum, x) => onnx.op("Add", [sum, x]));

const squaredDifference: Binary = (onnx, a, b) => {
  const difference = onnx.op("Sub", [a, b]);
  return onnx.op("Mul", [difference, difference]);
};

/**
 * Where the lower bound is above the upper one it wins, other than in ONNX's Clip; a bound that is NaN is none. ONNX
 * Runtime's Clip of integers is wrong for bounds that 32 bits can't hold.
 */
const clipByValue: Translator = (node, onnx) => {
  const [x, low, high] = node.inputs as [Value, Value, Value];
  if (areOrderedScalars(low, high)) return onnx.op("Clip", [x, low, high]);
  const f = new Formula(onnx, x.dtype);
  const capped = f.where(f.greater(x, high), high, x);
  return f.where(f.less(capped, low), low, capped);
};

function areOrderedScalars(low: Value, high: Value): boolean {
  if (low.shape?.length !== 0 || high.shape?.length !== 0 || !/^float(32|64)$/.test(low.dtype)) return false;
  const [least, most] = [low.constant?.().data[0], high.constant?.().data[0]];
  return least !== undefined && most !== undefined && least <= most;
}

/** The cross product of vectors that lie along the last axis. */
const cross: Binary = (onnx, a, b) => {
  const turned = (x: Value, order: readonly number[]): Value =>
    onnx.op("Gather", [x, onnx.ints(order)], { axis: -1 });
  const term = (order: readonly number[], other: readonly number[]): Value =>
    onnx.op("Mul", [turned(a, order), turned(b, other)]);
  return onnx.op("Sub", [term([1, 2, 0], [2, 0, 1]), term([2, 0, 1], [1, 2, 0])]);
};

/** Arithmetic on two or more operands, which broadcast, and on bits. */
export const arithmeticOps: OpFamily = {
  Add: binary(add),
  AddV2: binary(add),
  AddN: addAll,
  AccumulateNV2: addAll,
  Sub: plain("Sub"),
  Mul: binary(multiply),
  Div: byType(truncateDivide, divide),
  RealDiv: byType(truncateDivide, divide),
  DivNoNan: unlessZero(1, (f, x, y) => f.div(x, y)),
  MulNoNan: unlessZero(1, (f, x, y) => f.mul(x, y)),
  Xdivy: unlessZero(0, (f, x, y) => f.div(x, y)),
  Xlogy: unlessZero(0, (f, x, y) => f.mul(x, f.log(y))),
  Xlog1py: unlessZero(0, (f, x, y) => f.mul(x, log1p(f, y))),
  FloorDiv: byType(floorDivide, floatFloorDivide),
  FloorMod: byType(floorModulo, floatFloorModulo),
  Mod: byType(truncateModulo, floatTruncateModulo),
  TruncateDiv: byType(truncateDivide, floatTruncateDivide),
  TruncateMod: byType(truncateModulo, floatTruncateModulo),
  Pow: byType(integerPower, power),
  SquaredDifference: binary(squaredDifference),
  Maximum: binary((onnx, a, b) => new Formula(onnx, a.dtype).max(a, b)),
  Minimum: binary((onnx, a, b) => new Formula(onnx, a.dtype).min(a, b)),
  ClipByValue: clipByValue,
  Cross: binary(cross),
  LogicalAnd: plain("And"),
  LogicalOr: plain("Or"),
  LogicalNot: plain("Not"),
  BitwiseAnd: plain("BitwiseAnd"),
  BitwiseOr: plain("BitwiseOr"),
  BitwiseXor: plain("BitwiseXor"),
  Invert: plain("BitwiseNot"),
  LeftShift: binary(leftShift),
  RightShift: binary(rightShift),
};
