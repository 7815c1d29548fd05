import assert from "node:assert/strict";
import { it } from "node:test";
import { createOnnxRuntimeEngine } from "../../engines/onnxruntime/engine.ts";
import { OnnxBuilder } from "./builder.ts";
import { writeModel } from "./model.ts";

it("leaves out weights of outputs that aren't asked for, which ONNX Runtime would refuse", async () => {
  const onnx = new OnnxBuilder();
  const weight = onnx.weight({
    name: "kernel",
    dtype: "float32",
    shape: [16, 48],
    read: (target) => target.fill(0),
  });
  const x = onnx.input("x", "float32", [2]);
  const value = onnx.op("Neg", [x]);
  const model = writeModel(onnx.finish([weight, value]), [{ name: "y", value }]);
  assert.deepEqual(model.weights, []);
  const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
  engine.destroy(await engine.create(model));
});
