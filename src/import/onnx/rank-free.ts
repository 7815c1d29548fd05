import { isNumber, type Value } from "./value.ts";

/** Of one input, whatever its rank. */
const SHAPED_ALIKE = new Set([
  ...[
    "Abs",
    "Cast",
    "Ceil",
    "Cos",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Identity",
    "IsInf",
    "IsNaN",
    "LeakyRelu",
    "Log",
  ],
  ...[
    "Neg",
    "Not",
    "Reciprocal",
    "Relu",
    "Round",
    "Selu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Softplus",
    "Softsign",
  ],
  ...["Sqrt", "Tan", "Tanh", "Reshape", "Shape", "Size"],
]);
const BROADCAST = new Set([
  ...[
    "Add",
    "And",
    "Clip",
    "Div",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Max",
    "Min",
    "Mod",
  ],
  ...["Mul", "Or", "Pow", "Sub", "Where", "Xor"],
]);

/**
 * Whether a node does with inputs of unknown rank what the op that it stands for would do, or refuse to: TensorFlow's
 * MatMul wants matrices, and its BiasAdd a last dimension as long as the bias, where ONNX's MatMul and Add take more.
 */
export function isRankFree(
  op: string,
  inputs: readonly (Value | undefined)[],
  isUnranked: (value: Value) => boolean,
): boolean {
  const given = inputs.filter((value) => value !== undefined);
  if (!given.some(isUnranked)) return true;
  if (SHAPED_ALIKE.has(op)) return true;
  if (op === "Gather") return !isUnranked(given[0]!);
  // A single number beside it changes no shape.
  return BROADCAST.has(op) && given.every((value) => isUnranked(value) || isSingle(value));
}

function isSingle({ shape }: Value): boolean {
  return shape?.every((dim) => isNumber(dim) && dim === 1) ?? false;
}
