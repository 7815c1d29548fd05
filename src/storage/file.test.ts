import assert from "node:assert/strict";
import { ftruncateSync, openSync, writeSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Code, StatusError } from "../status/status.ts";
import { fileStorage } from "./file.ts";
import { storageContract } from "./storage-contract.ts";

storageContract("fileStorage", async () => {
  const root = await mkdtemp(join(tmpdir(), "servable-storage-"));
  return {
    storage: fileStorage,
    root,
    async put(path, bytes) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), bytes);
    },
    dispose: () => rm(root, { recursive: true }),
  };
});

describe("fileStorage", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "servable-file-"));
  });
  after(() => rm(root, { recursive: true }));

  it("follows links, and shows those that lead nowhere as files", async () => {
    await mkdir(join(root, "links"));
    await mkdir(join(root, "real"));
    await symlink(join(root, "real"), join(root, "links", "1"));
    await symlink(join(root, "gone"), join(root, "links", "2"));
    const entries = [...(await fileStorage.list(join(root, "links")))];
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(entries, [
      { name: "1", isDirectory: true },
      { name: "2", isDirectory: false },
    ]);
  });

  it("reads beyond 4 GiB and across its largest single read", async () => {
    const path = join(root, "sparse");
    const descriptor = openSync(path, "w");
    ftruncateSync(descriptor, 5 * 2 ** 30);
    writeSync(descriptor, "tail", 5 * 2 ** 30 - 4);
    writeSync(descriptor, "border", 2 ** 26 + 4094);
    const file = await fileStorage.open(path);
    assert.equal(file.size, 5 * 2 ** 30);
    const tail = new Uint8Array(4);
    file.read(5 * 2 ** 30 - 4, tail);
    assert.equal(Buffer.from(tail).toString(), "tail");
    const long = new Uint8Array(2 ** 26 + 100);
    file.read(4096, long);
    assert.equal(Buffer.from(long.subarray(2 ** 26 - 2, 2 ** 26 + 4)).toString(), "border");
    file.close();
  });

  it("refuses to read what was closed", async () => {
    await writeFile(join(root, "closed"), "x");
    const file = await fileStorage.open(join(root, "closed"));
    file.close();
    assert.throws(() => file.read(0, new Uint8Array(1)), /closed; read after it was closed/);
  });

  it("names a path that it may not read", {
    skip: process.getuid?.() === 0 && "root may read everything",
  }, async () => {
    const path = join(root, "secret");
    await writeFile(path, "x");
    await chmod(path, 0);
    await assert.rejects(fileStorage.readFile(path), { code: Code.PERMISSION_DENIED });
  });

  it("names a path that can't be one", async () => {
    await assert.rejects(fileStorage.readFile("a\0b"), (error) => {
      assert.ok(error instanceof StatusError);
      assert.equal(error.code, Code.INVALID_ARGUMENT);
      return true;
    });
  });
});
