import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { node, placeholder, typeAttr, writeSavedModel } from "../engines/tensorflow/graph-cases.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const MODELS = fileURLToPath(new URL("../../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-inspect-"));
after(() => rmSync(folder, { recursive: true }));

const X = { name: "x", dtype: "float32", shape: [-1, 2] } as const;
const uncovered = join(folder, "uncovered");
writeSavedModel(uncovered, {
  nodes: [
    placeholder(X),
    node("y", "IsotonicRegression", ["x"], { T: typeAttr("float32"), output_dtype: typeAttr("float32") }),
  ],
  inputs: [X],
  outputs: [{ ...X, name: "y" }],
});
const library = join(folder, "library", "libtensorflow_cc.so.2");
mkdirSync(join(folder, "library"));
writeFileSync(library, "");

function inspect(...args: string[]) {
  // No environment of Python's, and an empty cache folder.
  const { VIRTUAL_ENV: _, CONDA_PREFIX: __, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "inspect", ...args], {
    env: { ...env, SERVABLE_CACHE_DIR: folder, XDG_CACHE_HOME: folder, HOME: folder },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("servable inspect", () => {
  it("says that the importer covers a model", () => {
    const { status, stdout } = inspect(join(MODELS, "half_plus_two/123"));
    assert.equal(status, 0);
    assert.match(stdout, /^ {4}importer covers every operation$/m);
    assert.match(stdout, /^ {2}Engine onnxruntime: the importer covers every signature$/m);
  });

  it("names what it doesn't cover, and the library that runs it all the same, which isn't loaded", () => {
    const { status, stdout } = inspect(`--tensorflow_library=${join(folder, "library")}`, uncovered);
    assert.equal(status, 0);
    assert.match(stdout, /^ {4}importer doesn't cover IsotonicRegression \(node y\)$/m);
    assert.ok(
      stdout.endsWith(
        `  Engine tensorflow: the importer doesn't cover serving_default; ${library} runs the whole graph\n`,
      ),
      stdout,
    );
  });

  it("says what is wrong with a library that is named", () => {
    const { status, stderr } = inspect("--tensorflow_library=/nowhere", uncovered);
    assert.deepEqual([status, stderr], [1, "NOT_FOUND: --tensorflow_library: /nowhere does not exist\n"]);
  });

  it("names the versions where their folder's parent is given", () => {
    const { status, stderr } = inspect(join(MODELS, "half_plus_two"));
    assert.equal(status, 1);
    assert.ok(
      stderr.endsWith(
        `/half_plus_two is the folder above the versions 123. Name one of them, such as ${MODELS}/half_plus_two/123\n`,
      ),
      stderr,
    );
  });

  it("says what is wrong with its arguments", () => {
    for (const [args, problem] of [
      [[], "Expected one folder, got 0: none"],
      [["a", "b"], "Expected one folder, got 2: a b"],
      [["--opps", uncovered], "Unknown option '--opps'"],
    ] as const) {
      const { status, stderr } = inspect(...args);
      assert.equal(status, 2);
      assert.ok(stderr.startsWith(problem), stderr);
      assert.match(stderr, /^Usage: servable inspect/m);
    }
  });
});
