import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { foundLibrary, skipWithoutLibrary } from "../engines/tensorflow/found-library.ts";
import { parseVerify } from "./verify.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../../fixtures", import.meta.url));
const MODELS = join(FIXTURES, "models");
const folder = mkdtempSync(join(tmpdir(), "servable-verify-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function verify(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [MAIN, "verify", ...args], {
    encoding: "utf8",
    env: { ...process.env, SERVABLE_PROGRAM: "servable", ...environment },
  });
}

function verifyOn(...args: string[]) {
  return verify([`--tensorflow_library=${foundLibrary ?? ""}`, ...args]);
}

describe("servable verify", { skip: skipWithoutLibrary }, () => {
  it("compares what both engines answer to made-up requests, and says how to make them again", () => {
    const { status, stdout, stderr } = verifyOn("--seed=5", "--count=10", join(MODELS, "vocabulary/1"));
    assert.equal(status, 0, stderr);
    const [first, , header, ...rows] = stdout.trimEnd().split("\n");
    assert.equal(first, "10 made-up requests, --seed=5");
    assert.equal(header, "signature        output  compared  max abs  max rel  verdict");
    assert.deepEqual(
      rows.map((row) => row.split(/ +/).filter((_, i) => i !== 3 && i !== 4)),
      ["id", "kind", "next", "pair", "size", "weight"].map((name) => [
        "serving_default",
        name,
        "10",
        "agree",
      ]),
    );
  });

  it("begins anew where a request was refused that may have changed something", () => {
    // Of a scatter with an index out of range, TensorFlow leaves the rows before it changed.
    const { status, stdout } = verifyOn("--seed=527537475", "--count=4", join(MODELS, "tf1_state/1"));
    assert.equal(status, 0, stdout);
    assert.match(stdout, /scatter +sliced +1 +0 +0 +agree\n/);
    assert.match(stdout, /scatter +\(errors\) +3 +- +- +both refuse 3 \(INVALID_ARGUMENT\)\n/);
  });

  it("asks the version's warmup requests, or those of a file", () => {
    const requests = join(FIXTURES, "warmup/half_plus_two_tf1.tfrecord");
    const model = join(MODELS, "half_plus_two_tf1/123");
    const named = verifyOn(`--requests=${requests}`, model);
    assert.equal(named.status, 0, named.stderr);
    assert.match(named.stdout, /^8 requests of .*half_plus_two_tf1\.tfrecord\n/);
    assert.match(named.stdout, /classify_x_to_y +scores +2 +0 +0 +agree\n/);
    assert.match(named.stdout, /regress_x_to_y2 +outputs +0 +- +- +not compared\n/);
    const own = join(folder, "1");
    cpSync(model, own, { recursive: true });
    mkdirSync(join(own, "assets.extra"), { recursive: true });
    cpSync(requests, join(own, "assets.extra/tf_serving_warmup_requests"));
    const found = verifyOn(own);
    assert.match(found.stdout, /^8 requests of .*\/1\/assets\.extra\/tf_serving_warmup_requests\n/);
    assert.equal(
      found.stdout.slice(found.stdout.indexOf("\n")),
      named.stdout.slice(named.stdout.indexOf("\n")),
    );
  });

  it("fails if they disagree, and says in what", () => {
    const { status, stdout } = verifyOn("--seed=1", "--rtol=0", "--atol=0", join(MODELS, "keras3_mlp/1"));
    assert.equal(status, 1);
    assert.match(stdout, / DIFFER in \d+\n/);
    assert.match(
      stdout,
      /The engines disagree:\n {2}signature \w+, output \w+, request \d+: \w+\[\d+,\d+\] is \S+ instead of \S+\n/,
    );
  });

  it("fails if nothing could be compared, or read", () => {
    const requests = join(FIXTURES, "warmup/half_plus_two_tf1.tfrecord");
    const other = verifyOn(`--requests=${requests}`, join(MODELS, "vocabulary/1"));
    assert.equal(other.status, 1);
    assert.match(other.stdout, /7 requests are refused before the model is run: record 0: /);
    assert.match(other.stdout, /\nNo values could be compared\n$/);
    const missing = verifyOn(join(folder, "nothing"));
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /^NOT_FOUND: /);
  });
});

describe("servable verify", () => {
  it("says how to get TensorFlow where it isn't", () => {
    const nowhere = { SERVABLE_CACHE_DIR: folder, VIRTUAL_ENV: "", CONDA_PREFIX: "" };
    const { status, stderr } = verify([join(MODELS, "vocabulary/1")], nowhere);
    assert.equal(status, 1);
    assert.match(stderr, /^FAILED_PRECONDITION: .*'servable engine install tensorflow'/);
  });

  it("takes only what it knows", () => {
    const wrong = [
      [],
      ["a", "b"],
      ["--what", "a"],
      ["--count=0", "a"],
      ["--seed=x", "a"],
      ["--rtol=-1", "a"],
      ["--atol=", "a"],
    ];
    for (const args of wrong) assert.equal(typeof parseVerify(args), "string", args.join(" "));
    const { status, stderr } = verify(["--count=0", "a"]);
    assert.equal(status, 2);
    assert.match(stderr, /^--count: expected a whole number from 1 on, got 0\n\nUsage: servable verify /);
    assert.deepEqual(parseVerify(["--rtol=0.5", "--tags=a,b", "--seed=3", "m"]), {
      folder: "m",
      requests: undefined,
      count: 25,
      seed: 3,
      tolerance: { relative: 0.5 },
      tags: ["a", "b"],
      library: "",
      allowsFileOps: false,
    });
  });
});
