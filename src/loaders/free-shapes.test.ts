import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { Code } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { SavedModelLoading } from "./saved-model-loading.ts";
import { SavedModelServable } from "./saved-model-servable.ts";

const log = { info() {}, warning() {}, error() {} };
const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
const loading = new SavedModelLoading({ storage: fileStorage, engine, tags: ["serve"], log });

async function loaded(folder: string) {
  const path = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
  const payload = await loading.load({ name: "m", version: 1n }, path);
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

  it("gives the same numbers where a model reshapes its input", async () => {
    const model = await loaded("examples/digits/1");
    const pixels = Array.from({ length: 64 }, (_, i) => (i % 17) / 16);
    const declared = await run(model, floats([1, 8, 8], ...pixels), "probabilities");
    assert.deepEqual((await run(model, floats([1, 64], ...pixels), "probabilities")).data, declared.data);
  });

  it("leaves it to the ops to refuse a shape", async () => {
    const model = await loaded("examples/digits/1");
    await assert.rejects(async () => run(model, floats([2, 3], 1, 2, 3, 4, 5, 6), "probabilities"), {
      code: Code.INVALID_ARGUMENT,
    });
  });
});
