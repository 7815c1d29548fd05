import assert from "node:assert/strict";
import { it } from "node:test";
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

/** What a signature says of one tf.Example. The texts are what TensorFlow 2.21 says of the same model. */
function complaint(model: string, signature: string, example: Uint8Array): Promise<string> {
  return complaintOf(model, signature, { dtype: "string", shape: [1], data: [example] });
}

async function complaintOf(model: string, signature: string, input: Tensor): Promise<string> {
  const path = fileURLToPath(new URL(`../../fixtures/models/${model}`, import.meta.url));
  const payload = imported(await loading.load({ name: "m", version: 1n }, path));
  const servable = await SavedModelServable.attach(payload, engine, 0);
  try {
    await servable.run(signature, [input], [...payload.signatures.get(signature)!.outputs.keys()]);
    return "";
  } catch (error) {
    assert.equal((error as { code: Code }).code, Code.INVALID_ARGUMENT);
    return (error as Error).message;
  } finally {
    servable.release();
    await loading.unload(payload);
  }
}

it("ends the error of an op with the node that it came from", async () => {
  assert.equal(
    await complaint("half_plus_two_tf1/123", "regress_x_to_y", new Uint8Array()),
    "Name: <unknown>, Feature: x (data type: float) is required but could not be found." +
      "\n\t [[{{node ParseExample/ParseExampleV2}}]]",
  );
});

it("names the function that the node is in", async () => {
  assert.match(
    await complaint("half_plus_two_tf2/1", "regress_x_to_y", new TextEncoder().encode("abc")),
    /^Could not parse example input, value: 'abc'\n\t \[\[{{function_node __inference_regress_\d+}}{{node ParseExample\/ParseExampleV2}}\]\]$/,
  );
});

it("serves a model one of whose signatures leaves a placeholder out, and says so when that is asked", async () => {
  const x: Tensor = { dtype: "float32", shape: [1], data: Float32Array.of(1) };
  assert.equal(
    await complaintOf("odd_signatures/1", "unfed", x),
    "You must feed a value for placeholder tensor 'z' with dtype float and shape [?]\n\t [[{{node z}}]]",
  );
  assert.equal(await complaintOf("odd_signatures/1", "same", x), "");
});
