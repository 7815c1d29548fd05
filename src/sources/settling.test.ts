import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { AspiredVersions } from "../lifecycle/source.ts";
import { createLogger } from "../status/log.ts";
import { Code } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { FileSystemStoragePathSource } from "./file-system-storage-path-source.ts";
import { isSettled, lookInto } from "./settling.ts";

function folder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "settling-"));
  t.after(() => rmSync(root, { recursive: true }));
  return root;
}

test("a look tells any change below a folder", async (t) => {
  const root = folder(t);
  mkdirSync(join(root, "variables"));
  writeFileSync(join(root, "variables", "a"), "1");
  const first = await lookInto(fileStorage, root);
  assert.equal((await lookInto(fileStorage, root)).content, first.content);
  appendFileSync(join(root, "variables", "a"), "2");
  const second = await lookInto(fileStorage, root);
  assert.notEqual(second.content, first.content);
  writeFileSync(join(root, "b"), "");
  assert.notEqual((await lookInto(fileStorage, root)).content, second.content);
  assert.ok(Math.abs(second.changed - Date.now()) < 60_000);
  await assert.rejects(lookInto(fileStorage, join(root, "none")), { code: Code.NOT_FOUND });
});

test("a folder has settled when its last change lies back, or it looks as it did", () => {
  const look = { content: "x", changed: 10_000, at: 500 };
  assert.equal(isSettled(look, undefined, 10_999, 1000), false);
  assert.equal(isSettled(look, undefined, 11_000, 1000), true);
  // The files' clock is ahead.
  assert.equal(isSettled(look, { content: "x", changed: 10_000, at: -400 }, 9000, 1000), false);
  assert.equal(isSettled(look, { content: "x", changed: 10_000, at: -500 }, 9000, 1000), true);
  assert.equal(isSettled(look, { content: "y", changed: 9000, at: -900 }, 9000, 1000), false);
});

class Upload {
  readonly base: string;
  readonly emitted: AspiredVersions[] = [];
  readonly log: string[] = [];
  readonly source: FileSystemStoragePathSource;
  complete = false;

  constructor(t: TestContext, pollWaitSeconds: number) {
    this.base = folder(t);
    const servables = [
      { name: "m", basePath: this.base, versionPolicy: { kind: "latest", numVersions: 1 } as const },
    ];
    this.source = new FileSystemStoragePathSource(
      {
        servables,
        pollWaitSeconds,
        servableVersionsAlwaysPresent: false,
        settleMilliseconds: 400,
        isComplete: async () => this.complete,
      },
      fileStorage,
      createLogger({ write: (_, __, message) => this.log.push(message) }, ""),
    );
    t.after(() => this.source.stop());
  }

  start(): void {
    this.source.start((aspired) => this.emitted.push(aspired));
  }

  add(version: number, age = 0): string {
    const path = join(this.base, String(version));
    mkdirSync(path);
    writeFileSync(join(path, "saved_model.pb"), "");
    const then = Date.now() / 1000 - age;
    utimesSync(join(path, "saved_model.pb"), then, then);
    utimesSync(path, then, then);
    return path;
  }

  get last(): string {
    return (this.emitted.at(-1)?.versions ?? []).map(({ version }) => String(version)).join();
  }
}

test("a version is passed over while it is written to, and the one before it stays", async (t) => {
  const upload = new Upload(t, -1);
  upload.add(1, 60);
  upload.start();
  await upload.source.pollNow();
  assert.equal(upload.last, "1");
  const path = upload.add(2);
  const end = performance.now() + 900;
  while (performance.now() < end) {
    appendFileSync(join(path, "saved_model.pb"), "more");
    await upload.source.pollNow();
    assert.equal(upload.last, "1");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(upload.log, [`${path} is still being written to: it is loaded when that is over`]);
  await new Promise((resolve) => setTimeout(resolve, 450));
  await upload.source.pollNow();
  assert.equal(upload.last, "2");
  // What is served isn't looked into again.
  appendFileSync(join(path, "saved_model.pb"), "more");
  await upload.source.pollNow();
  assert.equal(upload.last, "2");
});

test("nothing is unloaded for a version that is still written to", async (t) => {
  const upload = new Upload(t, -1);
  const first = upload.add(1, 60);
  upload.start();
  await upload.source.pollNow();
  upload.add(2);
  rmSync(first, { recursive: true });
  const count = upload.emitted.length;
  await upload.source.pollNow();
  assert.equal(upload.emitted.length, count);
});

test("a version that is known to be complete needn't settle", async (t) => {
  const upload = new Upload(t, -1);
  upload.add(1);
  upload.start();
  await upload.source.pollNow();
  assert.equal(upload.emitted.length, 0);
  upload.complete = true;
  await upload.source.pollNow();
  assert.equal(upload.last, "1");
});

test("a source that polls once looks until what it found has settled", async (t) => {
  const upload = new Upload(t, 0);
  upload.add(1);
  upload.start();
  const start = performance.now();
  while (upload.last !== "1") {
    assert.ok(performance.now() - start < 5000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(performance.now() - start > 200);
});
