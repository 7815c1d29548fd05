import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fileStorage } from "../storage/file.ts";
import { isComplete } from "./completeness.ts";

// Keras and TensorFlow 2.21 exported it.
const MODEL = fileURLToPath(new URL("../../fixtures/models/recurrent_keras3/1", import.meta.url));
const WITHOUT_FINGERPRINT = fileURLToPath(
  new URL("../../fixtures/models/half_plus_two_tf1/123", import.meta.url),
);

const root = mkdtempSync(join(tmpdir(), "complete-"));
after(() => rmSync(root, { recursive: true }));
let copies = 0;

function copy(change: (path: string) => void): string {
  const path = join(root, String(copies++));
  cpSync(MODEL, path, { recursive: true });
  change(path);
  return path;
}

const shorten = (file: string) =>
  copy((path) => truncateSync(join(path, file), statSync(join(path, file)).size - 1));
const remove = (file: string) => copy((path) => rmSync(join(path, file)));

test("a model with all its files is complete", async () => {
  assert.equal(await isComplete(fileStorage, MODEL), true);
});

test("one of whose files a part is missing is not", async () => {
  const data = "variables/variables.data-00000-of-00001";
  for (const file of ["saved_model.pb", "variables/variables.index", data]) {
    assert.equal(await isComplete(fileStorage, remove(file)), false, `without ${file}`);
    assert.equal(await isComplete(fileStorage, shorten(file)), false, `a part of ${file}`);
  }
});

test("of a model without a fingerprint nothing is known", async () => {
  assert.equal(await isComplete(fileStorage, WITHOUT_FINGERPRINT), false);
  assert.equal(await isComplete(fileStorage, remove("fingerprint.pb")), false);
  assert.equal(await isComplete(fileStorage, join(root, "none")), false);
});
