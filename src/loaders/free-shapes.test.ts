import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { silentLog } from "../status/log-cases.ts";
import { Code } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { SavedModelLoading } from "./saved-model-loading.ts";
import { SavedModelServable } from "./saved-model-servable.ts";
import { imported } from "./servable-payload.ts";

const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
const loading = new SavedModelLoading({ storage: fileStorage, engine, tags: ["serve"], log: silentLog });

async function loaded(folder: string) {
  const path = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
  const payload = imported(await loading.load({ name: "m", version: 1n }, path));
  const servable = await SavedModelServable.attach(payload, engine, 0);
  after(async () => {
    servable.release();
    await loading.unload(payload);
  });
  return servable;
}

async function run(servable: SavedModelServable, input: Tensor, output: string) {
  const result = await servable.run("serving_default", [input], [output]);
  const { shape, data } = result.tensors[0]!;
  const copy = { shape, data: Array.from(data as Float32Array) };
  result.dispose();
  return copy;
}

const floats = (shape: number[], ...values: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

describe("a signature's program for other shapes than declared", () => {
  it("takes any rank where the ops do: half_plus_two declares [?,1]", async () => {
    const model = await loaded("fixtures/models/half_plus_two_column/1");
    assert.deepEqual(model.signatures.get("serving_default")!.inputs.get("x")!.shape, [-1, 1]);
    // What TensorFlow answers.
    assert.deepEqual(await run(model, floats([3], 1, 2, 5), "y"), { shape: [3], data: [2.5, 3, 4.5] });
    assert.deepEqual(await run(model, floats([], 4), "y"), { shape: [], data: [4] });
    assert.deepEqual(await run(model, floats([1, 2], 1, 2), "y"), { shape: [1, 2], data: [2.5, 3] });
    assert.deepEqual(await run(model, floats([2, 1], 1, 2), "y"), { shape: [2, 1], data: [2.5, 3] });
  });

  it("takes other sizes where the layers do, and refuses what TensorFlow would", async () => {
    const model = await loaded("fixtures/models/keras3_mlp/1");
    const [name] = [...model.signatures.get("serving_default")!.outputs.keys()];
    const { shape } = [...model.signatures.get("serving_default")!.inputs.values()][0]!;
    const features = shape!.at(-1)!;
    // ONNX's MatMul would multiply a vector, TensorFlow's doesn't.
    for (const wrong of [[features], [1, 1, features], [2, features - 1], [2, 1]]) {
      const count = wrong.reduce((a, b) => a * b, 1);
      await assert.rejects(
        async () => run(model, floats(wrong, ...Array<number>(count).fill(1)), name!),
        { code: Code.INVALID_ARGUMENT },
        `shape ${wrong}`,
      );
    }
  });
});
