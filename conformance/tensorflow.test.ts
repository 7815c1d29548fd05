import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { IMPORT_ONLY } from "../src/engines/engine-choice.ts";
import { createOnnxRuntimeEngine } from "../src/engines/onnxruntime/engine.ts";
import { foundLibrary, skipWithoutLibrary } from "../src/engines/tensorflow/found-library.ts";
import { checkModel, savedModelsBelow } from "./corpus-model.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));

// With oneDNN's kernels TensorFlow itself refuses empty batches of some layers, and has 0 for NaN in others. This is read
// when the library is loaded.
process.env.TF_ENABLE_ONEDNN_OPTS = "0";

describe("whole models answer the same on TensorFlow", { skip: skipWithoutLibrary }, () => {
  const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
  const engines = { ...IMPORT_ONLY, choice: "tensorflow", tensorflowLibrary: foundLibrary ?? "" } as const;
  for (const folder of savedModelsBelow(join(FIXTURES, "models"))) {
    it(basename(folder), async () => {
      assert.equal(await checkModel(folder, engine, engines), undefined);
    });
  }
});
