import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createOnnxRuntimeEngine } from "../src/engines/onnxruntime/engine.ts";
import { foundLibrary, skipWithoutLibrary } from "../src/engines/tensorflow/found-library.ts";
import { describeResult, fuzzAll } from "./engines/all-models.ts";
import type { ModelResult } from "./engines/engines.ts";
import { modelsBelow } from "./engines/models.ts";

const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));

/** For all models; `npm run fuzz -- engines` takes its time. */
const MILLISECONDS = 6000;

process.env.TF_ENABLE_ONEDNN_OPTS = "0";

test("the engines agree on random requests", { skip: skipWithoutLibrary }, async () => {
  const models = modelsBelow(MODELS);
  const results: ModelResult[] = [];
  const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
  const options = { engine, library: foundLibrary!, milliseconds: MILLISECONDS, seed: 1 };
  await fuzzAll(models, options, (result) => results.push(result));
  const bad = results.filter(({ differences }) => differences.some(({ known }) => known === undefined));
  assert.deepEqual(bad.map(describeResult), []);
  assert.deepEqual(results.filter(({ skipped }) => skipped !== undefined).map(describeResult), []);
  const compared = results.reduce((sum, result) => sum + result.compared, 0);
  assert.ok(compared >= models.length, `only ${compared} outputs were compared`);
});
