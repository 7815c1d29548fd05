import type { NumericTensor } from "../../tensor/tensor.ts";
import { dtypeOfOnnx } from "./element-type.ts";
import type { OnnxAttributes } from "./value.ts";

// Sizes that exporters compute by way of floats, as `int(size / 2)`, are known at import like those that stay integers.

/** More elements than this are left to the engine. */
const MAX_ELEMENTS = 16;

type FloatType = "float32" | "float64";

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

const ROUNDING: Readonly<Record<string, (x: number) => number>> = {
  Floor: Math.floor,
  Ceil: Math.ceil,
  Neg: (x) => -x,
  Abs: Math.abs,
};

/**
 * What a node makes of a few constant floats, or of integers that become floats or come of them; undefined for all else. Each
 * op's result is the one number of the type that IEEE 754 asks for, so that it is the same wherever it is computed.
 */
export function foldNumbers(
  op: string,
  inputs: readonly NumericTensor[],
  attrs: OnnxAttributes,
): NumericTensor | undefined {
  const [x, y, ...others] = inputs;
  if (x === undefined || others.length > 0 || !inputs.every(isFew)) return undefined;
  if (op === "Cast") return y === undefined ? castNumbers(x, dtypeOfOnnx(attrs.to as number)) : undefined;
  if (!isFloat(x.dtype)) return undefined;
  const round = ROUNDING[op];
  if (round !== undefined && y === undefined) return numbers(x.dtype, x.shape, valuesOf(x).map(round));
  const compute = ARITHMETIC[op];
  if (compute === undefined || y === undefined || y.dtype !== x.dtype) return undefined;
  const shape = x.shape.length === 0 ? y.shape : x.shape;
  if (y.shape.length > 0 && String(y.shape) !== String(shape)) return undefined;
  const [a, b] = [valuesOf(x), valuesOf(y)];
  const count = Math.max(a.length, b.length);
  const at = (values: readonly number[], i: number): number => values[values.length === 1 ? 0 : i]!;
  if (Math.min(a.length, b.length) === 0) return undefined;
  return numbers(
    x.dtype,
    shape,
    Array.from({ length: count }, (_, i) => compute(at(a, i), at(b, i))),
  );
}

function castNumbers(x: NumericTensor, to: string): NumericTensor | undefined {
  const values = valuesOf(x);
  const isInteger = x.dtype === "int32" || x.dtype === "int64";
  if (isFloat(to) && (isInteger ? values.every(Number.isSafeInteger) : isFloat(x.dtype)))
    return numbers(to, x.shape, values);
  // Beyond the type's range the result depends on the machine.
  const isInRange = values.every((value) => Math.abs(value) < 2 ** 31);
  if (!isFloat(x.dtype) || !isInRange) return undefined;
  if (to === "int32") return { dtype: to, shape: x.shape, data: Int32Array.from(values) };
  if (to !== "int64") return undefined;
  return {
    dtype: to,
    shape: x.shape,
    data: BigInt64Array.from(values, (value) => BigInt(Math.trunc(value))),
  };
}

function isFew({ data }: NumericTensor): boolean {
  return data.length <= MAX_ELEMENTS;
}

function isFloat(dtype: string): dtype is FloatType {
  return dtype === "float32" || dtype === "float64";
}

function valuesOf({ data }: NumericTensor): readonly number[] {
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** Rounds to the type. */
function numbers(dtype: FloatType, shape: readonly number[], values: readonly number[]): NumericTensor {
  const data = dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values);
  return { dtype, shape, data };
}
