import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe } from "node:test";
import { testEngineContract } from "../engine-contract.ts";
import { graphCase, nodeName } from "./contract-cases.ts";
import { createEngine } from "./contract-subject.ts";
import { skipWithoutLibrary } from "./found-library.ts";
import { writeSavedModel } from "./graph-cases.ts";

describe("the contract", { skip: skipWithoutLibrary }, () => {
  // What is skipped is run all the same, as far as it registers tests.
  if (skipWithoutLibrary !== false) return;
  const root = mkdtempSync(join(tmpdir(), "servable-contract-"));
  after(() => rmSync(root, { recursive: true }));
  testEngineContract({
    create: createEngine,
    open: async (engine, name) => {
      const directory = join(root, nodeName(name));
      const model = graphCase(name);
      writeSavedModel(directory, model);
      const loaded = engine.load({ directory, tags: ["serve"], config: new Uint8Array(0) });
      return engine.describe(loaded, model.inputs, model.outputs);
    },
    module: new URL("./contract-subject.ts", import.meta.url),
  });
});
