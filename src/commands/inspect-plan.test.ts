import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { readSavedModel } from "../formats/saved-model/saved-model.ts";
import { SignatureCompiler } from "../import/compile.ts";
import { GraphPreparer } from "../import/prepared-graph.ts";
import { signaturesOf } from "../loaders/signatures.ts";
import { variableReader } from "../loaders/variable-reader.ts";
import { fileStorage } from "../storage/file.ts";
import { type Plan, planOf } from "./inspect-plan.ts";

async function plan(model: string, key: string): Promise<Plan> {
  const folder = fileURLToPath(new URL(`../../fixtures/models/${model}`, import.meta.url));
  const bundle = await readSavedModel(fileStorage, folder, ["serve"]);
  try {
    const signatures = signaturesOf(bundle.signatures);
    const preparer = new GraphPreparer(bundle.metaGraph, signatures.values());
    const compiler = new SignatureCompiler(preparer, variableReader(bundle));
    return planOf(await compiler.compile(key, signatures.get(key)!));
  } finally {
    bundle.close();
  }
}

/** The lines without the nodes' names. */
const reasons = ({ lines }: Plan) => lines.map((line) => line.replace(/ \(.*\): /, ": "));

describe("the plan that inspect shows", () => {
  it("is one session for a plain network", async () => {
    const { sessions, onnxNodes, stepsInTypeScript, lines } = await plan("keras3_mlp/1", "serving_default");
    assert.deepEqual([sessions, stepsInTypeScript], [1, 0]);
    assert.deepEqual(lines, [`session 0: ${onnxNodes} ONNX nodes`]);
  });

  it("says why an op is in TypeScript", async () => {
    const shown = reasons(await plan("half_plus_two_tf1/123", "regress_x_to_y"));
    assert.deepEqual(shown[0], "ParseExampleV2: ONNX has no word for it");
    assert.ok(
      reasons(await plan("vocabulary/1", "serving_default")).includes(
        "LookupTableFindV2: looks into a table",
      ),
    );
  });

  it("shows what loops and conditions hold, and what keeps them out of sessions", async () => {
    const shown = reasons(await plan("loops/1", "host_strings"));
    assert.ok(shown.includes("while: holds AsString"), shown.join("\n"));
    assert.ok(shown.includes("  body:"));
    assert.ok(shown.includes("    AsString: ONNX has no word for it"));
  });
});
