import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { Code } from "../../status/status.ts";
import { findTensorFlow } from "./library.ts";

const root = mkdtempSync(join(tmpdir(), "servable-library-"));
after(() => rmSync(root, { recursive: true }));

function file(...path: string[]): string {
  const whole = join(root, ...path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, "");
  return whole;
}

test("a file or a folder may be named: a package, an unpacked archive, a virtual environment", () => {
  const library = file("venv/lib/python3.9/site-packages/tensorflow/libtensorflow_cc.so.2");
  const newer = file("venv/lib/python3.12/site-packages/tensorflow/libtensorflow_cc.so.2");
  const archive = file("archive/lib/libtensorflow.so.2");
  assert.equal(findTensorFlow(library, {}), library);
  assert.equal(findTensorFlow(dirname(library), {}), library);
  assert.equal(findTensorFlow(dirname(dirname(library)), {}), library);
  assert.equal(findTensorFlow(join(root, "venv"), {}), newer);
  assert.equal(findTensorFlow(join(root, "archive"), {}), archive);
});

test("one that is named and isn't there is NOT_FOUND", () => {
  const empty = join(root, "empty");
  mkdirSync(empty);
  assert.throws(() => findTensorFlow(join(root, "nowhere"), {}), {
    code: Code.NOT_FOUND,
    message: /^--tensorflow_library: .*nowhere does not exist$/,
  });
  assert.throws(() => findTensorFlow(empty, {}), {
    code: Code.NOT_FOUND,
    message: /empty holds none of libtensorflow_cc\.so\.2, /,
  });
});

test("without a name, that of an active virtual environment is found before the installed one", () => {
  const library = file("active/lib/python3.11/site-packages/tensorflow/libtensorflow_cc.so.2");
  assert.equal(findTensorFlow("", { VIRTUAL_ENV: join(root, "active") }), library);
});
