import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { fileStorage } from "../../storage/file.ts";
import { importKey, surroundings } from "./cache-key.ts";

const MODELS = fileURLToPath(new URL("../../../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-key-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const SETTINGS = { tags: ["serve"], allowsFileOps: false, intraOpThreads: 2 };
const keyOf = (path: string, around = "1.0") => importKey(fileStorage, path, around);

function copied(): string {
  const copy = mkdtempSync(join(folder, "model-"));
  cpSync(join(MODELS, "vocabulary/1"), copy, { recursive: true });
  return copy;
}

describe("the key of an import", () => {
  it("is the same as long as nothing changes", async () => {
    const model = copied();
    const key = await keyOf(model);
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.equal(await keyOf(model), key);
    assert.equal(await keyOf(`${model}/`), key);
  });

  it("changes with each file that is read to import", async () => {
    for (const name of ["saved_model.pb", "variables/variables.index", "assets/vocabulary.txt"]) {
      const model = copied();
      const key = await keyOf(model);
      appendFileSync(join(model, name), "\0");
      assert.notEqual(await keyOf(model), key, name);
    }
    const model = copied();
    const key = await keyOf(model);
    writeFileSync(join(model, "assets/more.txt"), "");
    assert.notEqual(await keyOf(model), key);
  });

  it("is of one folder", async () => {
    assert.notEqual(await keyOf(copied()), await keyOf(copied()));
  });

  it("doesn't read the variables' values, whose checksums the index has", async () => {
    const model = copied();
    const key = await keyOf(model);
    rmSync(join(model, "variables/variables.data-00000-of-00001"));
    assert.equal(await keyOf(model), key);
  });

  it("changes with our version and with the settings", async () => {
    const model = copied();
    assert.notEqual(await keyOf(model, "1.0"), await keyOf(model, "1.1"));
    const usual = surroundings(SETTINGS);
    assert.equal(surroundings(SETTINGS), usual);
    for (const other of [
      { ...SETTINGS, tags: ["serve", "gpu"] },
      { ...SETTINGS, allowsFileOps: true },
      { ...SETTINGS, intraOpThreads: 1 },
    ]) {
      assert.notEqual(surroundings(other), usual);
    }
  });
});
