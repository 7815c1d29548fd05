import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ServerUnderTest } from "./assembly.under-test.ts";

const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));
const cache = mkdtempSync(join(tmpdir(), "servable-cache-"));
process.env.SERVABLE_CACHE_DIR = cache;
after(() => rmSync(cache, { recursive: true, force: true }));

/** Serves half_plus_two and asks it. Whether the log says that it was imported before. */
async function isImportedBefore(...args: string[]): Promise<boolean> {
  const server = await ServerUnderTest.start([
    `--model_base_path=${join(MODELS, "half_plus_two")}`,
    "--model_name=m",
    "--request_workers=1",
    ...args,
  ]);
  try {
    const answer = await fetch(`${server.models}/m:predict`, {
      method: "POST",
      body: '{"instances": [1, 2, 5]}',
    });
    assert.deepEqual(await answer.json(), { predictions: [2.5, 3, 4.5] });
  } finally {
    await server.stop();
  }
  return server.lines.some(
    (line) => line.startsWith("Engine: onnxruntime") && line.endsWith("imported before"),
  );
}

describe("--import_cache_dir", () => {
  it("keeps imports in the user's cache folder unless told otherwise", async () => {
    assert.equal(await isImportedBefore(), false);
    assert.equal(readdirSync(join(cache, "imports")).length, 1);
    assert.equal(await isImportedBefore(), true);
    assert.equal(await isImportedBefore("--import_cache_dir=auto"), true);
  });

  it("keeps them in another folder", async () => {
    const folder = join(cache, "elsewhere");
    assert.equal(await isImportedBefore(`--import_cache_dir=${folder}`), false);
    assert.equal(readdirSync(folder).length, 1);
    assert.equal(await isImportedBefore(`--import_cache_dir=${folder}`), true);
  });

  it("keeps nothing where it is empty", async () => {
    assert.equal(await isImportedBefore("--import_cache_dir="), false);
    assert.equal(await isImportedBefore("--import_cache_dir="), false);
  });
});
