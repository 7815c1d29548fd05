import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { dimsOf } from "./int-vector.ts";
import { scatterNd } from "./scattering.ts";

/** Rows are counted round and round: any number names one. */
function rowNumbers(onnx: OnnxBuilder, x: Value, rows: Value): Value {
  const wrapped = onnx.op("Mod", [onnx.cast(rows, "int64"), dimsOf(onnx, x, 0, 1)]);
  return onnx.op("Unsqueeze", [wrapped, onnx.ints([1])]);
}

function changeRows(reduction: "none" | "add", sign: (onnx: OnnxBuilder, v: Value) => Value): Translator {
  return (node, onnx) => {
    const [x, rows, v] = node.inputs as [Value, Value, Value];
    return scatterNd(onnx, x, rowNumbers(onnx, x, rows), sign(onnx, v), reduction);
  };
}

const same = (_: OnnxBuilder, v: Value): Value => v;

const negated = (onnx: OnnxBuilder, v: Value): Value =>
  onnx.op("Sub", [onnx.cast(onnx.scalar("int64", 0), v.dtype), v]);

/** Ops that TensorFlow lets change a tensor where it lies: here they give a new one. */
export const inPlaceOps: OpFamily = {
  InplaceUpdate: changeRows("none", same),
  InplaceAdd: changeRows("add", same),
  InplaceSub: changeRows("add", negated),
  ParallelConcat: (node, onnx) => onnx.op("Concat", node.inputs, { axis: 0 }),
};
