import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { SavedModelSchema } from "../proto/gen/tensorflow/core/protobuf/saved_model_pb.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../../fixtures", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function inspect(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "inspect", ...args], {
    encoding: "utf8",
    env: { ...process.env, SERVABLE_PROGRAM: "servable" },
  });
  return { status, stdout, stderr };
}

describe("servable inspect, on a model that touches files", () => {
  const model = join(FIXTURES, "file-ops/files/1");
  const notice =
    /^ {2}Served only with --allow_file_ops: it has 10 operations that read or write files: ReadFile \(3/m;

  it("says so, and shows what runs each signature", () => {
    const { status, stdout, stderr } = inspect(model);
    assert.equal(stderr, "");
    assert.match(stdout, notice);
    assert.equal(stdout.match(/importer covers every operation/g)?.length, 7);
    assert.equal(status, 1);
  });

  it("calls it servable where it may", () => {
    const { status, stdout } = inspect("--allow_file_ops", model);
    assert.match(stdout, notice);
    assert.equal(status, 0);
  });

  it("doesn't read what it would read when it is loaded", () => {
    const copy = join(folder, "vocabulary");
    cpSync(join(FIXTURES, "models/vocabulary/1"), copy, { recursive: true });
    const file = join(copy, "saved_model.pb");
    const changed = fromBinary(SavedModelSchema, readFileSync(file));
    changed.metaGraphs[0]!.assetFileDef[0]!.filename = "../../elsewhere.txt";
    writeFileSync(file, toBinary(SavedModelSchema, changed));
    const { status, stderr } = inspect(copy);
    assert.match(
      stderr,
      /^FAILED_PRECONDITION: The model can't be served: it has assets outside of its folder of assets: "\.\.\/\.\.\/elsewhere/,
    );
    assert.equal(status, 1);
  });
});
