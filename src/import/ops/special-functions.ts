import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { Formula } from "./formula.ts";

/** The operand that a value is the product of with about `factor`, if it is one. */
function multiplicand(onnx: OnnxBuilder, x: Value, factor: number): Value | undefined {
  const node = onnx.producer(x);
  if (node?.op !== "Mul" || x.dtype !== "float32") return undefined;
  const [a, b] = node.inputs as [Value, Value];
  const isFactor = (value: Value): boolean => {
    const constant = value.shape?.length === 0 ? value.constant?.() : undefined;
    return constant !== undefined && Math.abs(Number(constant.data[0]) - factor) < 1e-7;
  };
  return isFactor(b) ? a : isFactor(a) ? b : undefined;
}

// ONNX Runtime fuses GELU, which is where nearly every Erf and Erfc comes from, if it divides by the root of two and
// adds the Erf to 1; Keras multiplies by the inverse and, in version 3, takes Erfc of the negative.
const erf: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  if (x.dtype === "float64") throw unimplemented("ONNX Runtime's Erf has the digits of float32 only");
  const scaled = multiplicand(onnx, x, Math.SQRT1_2);
  return onnx.op("Erf", [
    scaled === undefined ? x : onnx.op("Div", [scaled, onnx.scalar("float32", Math.SQRT2)]),
  ]);
};

const erfc: Translator = (node, onnx) => {
  const negative = multiplicand(onnx, node.inputs[0]!, Math.SQRT1_2);
  const origin = negative && onnx.producer(negative);
  if (origin?.op !== "Neg") throw unimplemented("ONNX has no Erfc, and 1 - Erf loses its digits");
  const f = new Formula(onnx, "float32");
  return f.add(f.apply("Erf", f.div(origin.inputs[0]!, Math.SQRT2)), 1);
};

/** Error functions, where ONNX's has their digits; all else takes tens of nodes, which cost more than TypeScript but for very large Lgammas. */
export const specialFunctionOps: OpFamily = { Erf: erf, Erfc: erfc };
