import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runScenario } from "../process-contract.ts";
import { graphCase } from "./contract-cases.ts";
import { createEngine } from "./contract-subject.ts";
import { writeSavedModel } from "./graph-cases.ts";

const model = graphCase("bias");

await runScenario({
  file: import.meta.filename,
  createEngine,
  async load(engine) {
    const directory = mkdtempSync(join(tmpdir(), "servable-process-"));
    try {
      writeSavedModel(directory, model);
      const loaded = engine.load({ directory, tags: ["serve"], config: new Uint8Array(0) });
      return engine.describe(loaded, model.inputs, model.outputs);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
  wrong: { dtype: "int32", shape: [1, 1, 3], data: new Int32Array(3) },
});
