import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { Code } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { assertNotAboveVersions } from "./version-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "servable-versions-"));
after(() => rmSync(folder, { recursive: true }));

it("suggests the newest version of a model's folder", async () => {
  const model = join(folder, "model");
  for (const name of ["2", "10", "00000001", "notes"]) mkdirSync(join(model, name), { recursive: true });
  await assert.rejects(assertNotAboveVersions(fileStorage, model), {
    code: Code.INVALID_ARGUMENT,
    message: `${model} is the folder above the versions 00000001, 2, 10. Name one of them, such as ${model}/10`,
  });
});

it("says nothing of a version, an empty folder, or what is no folder", async () => {
  const version = join(folder, "version");
  mkdirSync(join(version, "1"), { recursive: true });
  writeFileSync(join(version, "saved_model.pb"), "");
  for (const path of [version, join(version, "1"), join(version, "saved_model.pb"), join(folder, "nowhere")])
    await assertNotAboveVersions(fileStorage, path);
});
