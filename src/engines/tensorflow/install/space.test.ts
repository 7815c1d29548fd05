import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { describe, it } from "node:test";
import { Code, notFound, type StatusError } from "../../../status/status.ts";
import { fileProblem, freeBytes, requireSpace } from "./space.ts";

function problem(code: string): StatusError {
  return fileProblem(Object.assign(new Error(`${code}: bad luck`), { code }), "/cache") as StatusError;
}

describe("space", () => {
  it("is what the file system says", async () => {
    assert.ok((await freeBytes(tmpdir())) > 1e6);
  });

  it("is required to the byte", () => {
    requireSpace("/cache", 1000, 1000);
    assert.throws(
      () => requireSpace("/cache", 1_000_000_000, 999_999_999),
      (error: StatusError) => {
        assert.equal(error.code, Code.RESOURCE_EXHAUSTED);
        assert.match(
          error.message,
          /in \/cache: .* needs 1\.0 GB, and 1000 MB are free.*SERVABLE_CACHE_DIR=FOLDER/,
        );
        return true;
      },
    );
  });
});

describe("fileProblem", () => {
  it("says what to do about what the system refuses", () => {
    for (const [code, status] of [
      ["ENOSPC", Code.RESOURCE_EXHAUSTED],
      ["EDQUOT", Code.RESOURCE_EXHAUSTED],
      ["EACCES", Code.PERMISSION_DENIED],
      ["EPERM", Code.PERMISSION_DENIED],
      ["EROFS", Code.PERMISSION_DENIED],
      ["ENOTDIR", Code.FAILED_PRECONDITION],
      ["EEXIST", Code.FAILED_PRECONDITION],
    ] as const) {
      const { code: actual, message } = problem(code);
      assert.equal(actual, status, code);
      assert.match(message, /\/cache.*SERVABLE_CACHE_DIR=FOLDER/);
      assert.ok(message.includes(code), message);
    }
  });

  it("leaves everything else as it is", () => {
    const [own, unknown] = [notFound("no"), Object.assign(new Error("?"), { code: "EIO" })];
    assert.equal(fileProblem(own, "/cache"), own);
    assert.equal(fileProblem(unknown, "/cache"), unknown);
  });
});
