import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type EngineSettings, IMPORT_ONLY } from "../engines/engine-choice.ts";
import { Code, dataLoss, unimplemented } from "../status/status.ts";
import { firstSelection, selectionAfter } from "./engine-selection.ts";

const folder = mkdtempSync(join(tmpdir(), "servable-selection-"));
after(() => rmSync(folder, { recursive: true }));
const library = join(folder, "libtensorflow_cc.so.2");
writeFileSync(library, "");

function settings(change: Partial<EngineSettings>): EngineSettings {
  return { ...IMPORT_ONLY, tensorflowLibrary: folder, ...change };
}

const uncovered = unimplemented(
  "The model can't be served: the importer doesn't cover this op: Foo (node a)",
);

test("auto imports first, and takes TensorFlow for what isn't covered", () => {
  const auto = settings({ choice: "auto" });
  assert.deepEqual(firstSelection("m", auto), {
    engine: "onnxruntime",
    reason: "the importer covers every signature",
  });
  assert.deepEqual(selectionAfter(uncovered, "m", auto), {
    engine: "tensorflow",
    reason: uncovered.message,
    library,
  });
});

test("what else is wrong with a model, no other engine puts right", () => {
  const broken = dataLoss("checksum differs");
  assert.throws(() => selectionAfter(broken, "m", settings({ choice: "auto" })), broken);
});

test("a model's own choice goes before the server's", () => {
  const models = new Map([["m", "tensorflow"]] as const);
  const own = settings({ choice: "onnxruntime", models });
  assert.deepEqual(firstSelection("m", own), {
    engine: "tensorflow",
    reason: "the model's settings ask for it",
    library,
  });
  assert.deepEqual(firstSelection("other", own), {
    engine: "onnxruntime",
    reason: "--engine=onnxruntime asks for it",
  });
});

test("where only imported models are wanted, the error says how to get another engine", () => {
  assert.throws(() => selectionAfter(uncovered, "m", settings({ choice: "onnxruntime" })), {
    code: Code.UNIMPLEMENTED,
    message:
      /^The model can't be served: .*Foo \(node a\)\. The engine TensorFlow runs every op: --engine=auto lets it$/,
  });
});
