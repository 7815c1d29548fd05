import { dtypeInfo } from "../../tensor/dtype.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { knownElements, type Value } from "../onnx/value.ts";
import { Formula } from "./formula.ts";
import { unless } from "./run-time-check.ts";

export function isUnsigned(x: Value): boolean {
  return x.dtype.startsWith("uint");
}

export function isInteger(x: Value): boolean {
  return isUnsigned(x) || x.dtype.startsWith("int");
}

/** Operands of an integer division that can neither trap nor overflow. */
interface SafeOperands {
  /** The divisor with its zeros refused and, where that would overflow, -1 replaced by 1. */
  readonly divisor: Value;
  /** Where the divisor was -1; undefined if it can't be. */
  readonly negated: Value | undefined;
}

/**
 * A zero divisor fails the run, as in TensorFlow; to ONNX Runtime it would be a trap that ends the process. So would be
 * the lowest int32 or int64 divided by -1.
 */
function safeOperands(onnx: OnnxBuilder, divisor: Value): SafeOperands {
  const f = new Formula(onnx, divisor.dtype);
  const known = knownValues(divisor);
  const checked = known?.every((b) => b !== 0) ? divisor : unless(onnx, f.equal(divisor, 0), divisor);
  const canTrap = divisor.dtype === "int32" || divisor.dtype === "int64";
  if (!canTrap || known?.every((b) => b !== -1)) return { divisor: checked, negated: undefined };
  const negated = f.equal(divisor, -1);
  return { divisor: f.where(negated, 1, checked), negated };
}

/** The numbers if they are few integers or constant. */
export function knownValues(x: Value): readonly number[] | undefined {
  const elements = knownElements(x);
  if (elements !== undefined || x.constant === undefined) return elements;
  return Array.from(x.constant().data as Iterable<number | bigint>, Number);
}

/** Rounds towards zero. */
export function truncateDivide(onnx: OnnxBuilder, a: Value, b: Value): Value {
  const { divisor, negated } = safeOperands(onnx, b);
  const quotient = onnx.op("Div", [a, divisor]);
  return negated === undefined ? quotient : onnx.op("Where", [negated, onnx.op("Neg", [a]), quotient]);
}

/** Rounds down. */
export function floorDivide(onnx: OnnxBuilder, a: Value, b: Value): Value {
  const quotient = truncateDivide(onnx, a, b);
  if (isUnsigned(a) || knownElements(b)?.every((divisor) => divisor === 1)) return quotient;
  const f = new Formula(onnx, a.dtype);
  // Rounding towards zero went up.
  if (knownValues(b)?.every((divisor) => divisor > 0)) {
    return f.sub(quotient, onnx.cast(f.less(a, f.mul(quotient, b)), a.dtype));
  }
  const inexact = f.not(f.equal(f.mul(quotient, b), a));
  const below = f.and(inexact, f.differ(f.less(a, 0), f.less(b, 0)));
  return f.sub(quotient, onnx.cast(below, a.dtype));
}

/** The remainder of {@link floorDivide}: it has the divisor's sign. */
export function floorModulo(onnx: OnnxBuilder, a: Value, b: Value): Value {
  const { divisor } = safeOperands(onnx, b);
  return onnx.op("Mod", [a, divisor]);
}

/** The remainder of {@link truncateDivide}: it has the dividend's sign. */
export function truncateModulo(onnx: OnnxBuilder, a: Value, b: Value): Value {
  return onnx.op("Sub", [a, onnx.op("Mul", [truncateDivide(onnx, a, b), b])]);
}

/**
 * Exact modulo the type's range by repeated squaring (ONNX Runtime's Pow goes through floating point). A negative
 * exponent fails the run, as in TensorFlow.
 */
export function integerPower(onnx: OnnxBuilder, base: Value, exponent: Value): Value {
  const f = new Formula(onnx, base.dtype);
  const fixed = knownValues(exponent);
  if (fixed?.length === 1 && exponent.shape?.length === 0 && fixed[0]! >= 0)
    return fixedPower(f, base, fixed[0]!);
  const checked = fixed?.every((e) => e >= 0) ? exponent : unless(onnx, f.less(exponent, 0), exponent);
  const bits = fixed === undefined ? dtypeInfo(base.dtype).size * 8 - 1 : bitLength(Math.max(0, ...fixed));
  let result = f.add(f.mul(f.mul(base, 0), checked), 1);
  let [square, rest] = [base, checked];
  for (let bit = 0; bit < bits; bit++) {
    const half = f.div(rest, 2);
    const odd = f.greater(f.sub(rest, f.mul(half, 2)), 0);
    result = f.mul(result, f.where(odd, square, 1));
    if (bit < bits - 1) [square, rest] = [f.mul(square, square), half];
  }
  return result;
}

function bitLength(value: number): number {
  return value === 0 ? 0 : Math.floor(Math.log2(value)) + 1;
}

function fixedPower(f: Formula, base: Value, exponent: number): Value {
  if (exponent === 0) return f.add(f.mul(base, 0), 1);
  if (exponent === 1) return base;
  const root = fixedPower(f, base, Math.floor(exponent / 2));
  const square = f.mul(root, root);
  return exponent % 2 === 0 ? square : f.mul(square, base);
}

/** TensorFlow takes the shift into the range from 0 to the type's width less one. */
function clampedShift(f: Formula, x: Value, by: Value): Value {
  const most = dtypeInfo(x.dtype).size * 8 - 1;
  return isUnsigned(by) ? f.min(by, most) : f.max(f.min(by, most), 0);
}

function unsignedShift(onnx: OnnxBuilder, x: Value, by: Value, direction: "LEFT" | "RIGHT"): Value {
  const wide = x.dtype === "uint8" || x.dtype === "uint32" || x.dtype === "uint64" ? x.dtype : "uint64";
  const shifted = onnx.op("BitShift", [onnx.cast(x, wide), onnx.cast(by, wide)], { direction });
  return onnx.cast(shifted, x.dtype);
}

export function leftShift(onnx: OnnxBuilder, x: Value, by: Value): Value {
  return unsignedShift(onnx, x, clampedShift(new Formula(onnx, x.dtype), x, by), "LEFT");
}

/** Keeps the sign of a signed type. */
export function rightShift(onnx: OnnxBuilder, x: Value, by: Value): Value {
  const f = new Formula(onnx, x.dtype);
  const count = clampedShift(f, x, by);
  if (isUnsigned(x)) return unsignedShift(onnx, x, count, "RIGHT");
  const invert = (value: Value): Value => onnx.op("BitwiseNot", [value]);
  const negative = f.less(x, 0);
  const magnitude = f.where(negative, invert(x), x);
  const shifted = unsignedShift(onnx, magnitude, count, "RIGHT");
  return f.where(negative, invert(shifted), shifted);
}
