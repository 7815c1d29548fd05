import type { DType } from "../../../tensor/dtype.ts";
import { type Dim, type Inferred, isNumber, type Value } from "../value.ts";
import {
  broadcast,
  input,
  intAttr,
  MAX_ELEMENTS,
  type RuleCall,
  type ShapeRule,
  same,
  staticCount,
} from "./rule.ts";

const unary: ShapeRule = (call) => same(call);
const unaryBool: ShapeRule = (call) => same(call, "bool");

type Arithmetic = (a: number, b: number) => number;

function isFollowed(dtype: DType): boolean {
  return dtype === "int64" || dtype === "int32" || dtype === "bool";
}

/** Element `index` of a broadcast result of `count` elements; only a scalar and equal counts are followed. */
function elementAt(value: Value, index: number, count: number): Dim | undefined {
  const { elements } = value;
  if (elements === undefined) return undefined;
  return elements.length === count ? elements[index] : elements.length === 1 ? elements[0] : undefined;
}

function follow(
  call: RuleCall,
  shape: readonly Dim[] | undefined,
  compute: Arithmetic,
): readonly Dim[] | undefined {
  const count = staticCount(shape);
  const [a, b] = [input(call, 0), input(call, 1)];
  if (count === undefined || count > MAX_ELEMENTS || !isFollowed(a.dtype)) return undefined;
  // Equal counts mean equal layouts only if the shapes differ by leading ones at most.
  if (a.shape!.length > 1 || b.shape!.length > 1) return undefined;
  const elements: Dim[] = [];
  for (let i = 0; i < count; i++) {
    const x = elementAt(a, i, count);
    const y = elementAt(b, i, count);
    if (x === undefined || y === undefined) return undefined;
    elements.push(simplify(call.op, x, y, compute) ?? call.fresh());
  }
  return elements;
}

function simplify(op: string, x: Dim, y: Dim, compute: Arithmetic): Dim | undefined {
  if (isNumber(x) && isNumber(y)) {
    const result = compute(x, y);
    return Number.isSafeInteger(result) ? result : undefined;
  }
  if (op === "Mul" && y === 1) return x;
  if (op === "Mul" && x === 1) return y;
  if (op === "Div" && y === 1) return x;
  if ((op === "Add" || op === "Sub") && y === 0) return x;
  if (op === "Add" && x === 0) return y;
  if (op === "Sub" && x === y) return 0;
  if ((op === "Max" || op === "Min") && x === y) return x;
  return undefined;
}

function arithmetic(compute: Arithmetic): ShapeRule {
  return (call) => {
    const shape = broadcast(input(call, 0).shape, input(call, 1).shape, call.fresh);
    return [{ dtype: input(call, 0).dtype, shape, elements: follow(call, shape, compute) }];
  };
}

function comparison(compute: (a: number, b: number) => boolean): ShapeRule {
  return (call) => {
    const shape = broadcast(input(call, 0).shape, input(call, 1).shape, call.fresh);
    const elements = follow(call, shape, (a, b) => Number(compute(a, b)));
    return [{ dtype: "bool", shape, elements: elements?.every(isNumber) ? elements : undefined }];
  };
}

const variadic: ShapeRule = (call) => {
  const [first, ...rest] = call.inputs.map((_, i) => input(call, i));
  const shape = rest.reduce((all, value) => broadcast(all, value.shape, call.fresh), first!.shape);
  if (rest.length !== 1) return [{ dtype: first!.dtype, shape }];
  const compute = call.op === "Max" ? Math.max : Math.min;
  return [
    { dtype: first!.dtype, shape, elements: call.op === "Sum" ? undefined : follow(call, shape, compute) },
  ];
};

const where: ShapeRule = (call) => {
  const [condition, a, b] = [input(call, 0), input(call, 1), input(call, 2)];
  const shape = broadcast(broadcast(condition.shape, a.shape, call.fresh), b.shape, call.fresh);
  const count = staticCount(shape);
  const chosen: Inferred = { dtype: a.dtype, shape };
  if (count === undefined || count > MAX_ELEMENTS || (shape?.length ?? 2) > 1) return [chosen];
  const elements: Dim[] = [];
  for (let i = 0; i < count; i++) {
    const c = elementAt(condition, i, count);
    const element = c === undefined || !isNumber(c) ? undefined : elementAt(c ? a : b, i, count);
    if (element === undefined) return [chosen];
    elements.push(element);
  }
  return [{ ...chosen, elements }];
};

const neg: ShapeRule = (call) => {
  const x = input(call, 0);
  const elements = x.elements?.map((e) => (isNumber(e) ? -e : call.fresh()));
  return [{ dtype: x.dtype, shape: x.shape, elements }];
};

const mod: ShapeRule = (call) =>
  arithmetic((a, b) => (b === 0 ? Number.NaN : intAttr(call, "fmod", 0) === 1 ? a % b : ((a % b) + b) % b))(
    call,
  );

const UNARY =
  "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Clip Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish " +
  "Identity Imputer LeakyRelu Log LogSoftmax Mish Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign " +
  "Sqrt Tan Tanh ThresholdedRelu Hardmax LpNormalization LRN CumSum Trilu PRelu LayerNormalization " +
  "InstanceNormalization GroupNormalization BatchNormalization MeanVarianceNormalization ReverseSequence ScatterND " +
  "ScatterElements Bernoulli";

const UNARY_RULES = Object.fromEntries(UNARY.split(" ").map((op) => [op, unary]));

export const elementwiseRules: Readonly<Record<string, ShapeRule>> = {
  ...UNARY_RULES,
  Identity: (call) => {
    const { dtype, shape, elements } = input(call, 0);
    return [{ dtype, shape, elements }];
  },
  Neg: neg,
  Not: (call) => {
    const x = input(call, 0);
    const elements = x.elements?.every(isNumber) ? x.elements.map((e) => Number(!e)) : undefined;
    return [{ dtype: "bool", shape: x.shape, elements }];
  },
  IsNaN: unaryBool,
  IsInf: unaryBool,
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Mul: arithmetic((a, b) => a * b),
  Div: arithmetic((a, b) => Math.trunc(a / b)),
  Mod: mod,
  Pow: arithmetic((a, b) => a ** b),
  BitwiseAnd: arithmetic(() => Number.NaN),
  BitwiseOr: arithmetic(() => Number.NaN),
  BitwiseXor: arithmetic(() => Number.NaN),
  BitShift: arithmetic(() => Number.NaN),
  And: comparison((a, b) => Boolean(a && b)),
  Or: comparison((a, b) => Boolean(a || b)),
  Xor: comparison((a, b) => a !== b),
  Equal: comparison((a, b) => a === b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  Max: variadic,
  Min: variadic,
  Sum: variadic,
  Mean: variadic,
  Where: where,
};
