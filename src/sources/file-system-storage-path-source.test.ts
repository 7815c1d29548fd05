import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { AspiredVersions } from "../lifecycle/source.ts";
import { createLogger } from "../status/log.ts";
import { unavailable } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import type { Storage } from "../storage/storage.ts";
import {
  FileSystemStoragePathSource,
  type FileSystemStoragePathSourceConfig,
} from "./file-system-storage-path-source.ts";
import type { ServableVersionPolicy } from "./versions-to-aspire.ts";

/** A temporary base path with a source that has begun to look at it as the model `m`. */
class Watched {
  readonly base: string;
  readonly source: FileSystemStoragePathSource;
  readonly log: string[] = [];
  readonly emitted: AspiredVersions[] = [];

  constructor(
    t: TestContext,
    config: Partial<FileSystemStoragePathSourceConfig> = {},
    versionPolicy: ServableVersionPolicy = { kind: "latest", numVersions: 1 },
    storage: Storage = fileStorage,
  ) {
    const root = mkdtempSync(join(tmpdir(), "source-"));
    this.base = join(root, "m");
    mkdirSync(this.base);
    this.source = new FileSystemStoragePathSource(
      {
        servables: [{ name: "m", basePath: this.base, versionPolicy }],
        pollWaitSeconds: -1,
        servableVersionsAlwaysPresent: false,
        settleMilliseconds: 0,
        ...config,
      },
      storage,
      createLogger({ write: (severity, _, message) => this.log.push(`${severity} ${message}`) }, ""),
    );
    this.source.start((aspired) => this.emitted.push(aspired));
    this.log.length = 0;
    t.after(async () => {
      await this.source.stop();
      rmSync(root, { recursive: true });
    });
  }

  folder(name: string): string {
    mkdirSync(join(this.base, name));
    return join(this.base, name);
  }

  /** What one more poll emits; `undefined` if nothing. */
  async poll(): Promise<[bigint, string][] | undefined> {
    const before = this.emitted.length;
    await this.source.pollNow();
    assert.ok(this.emitted.length <= before + 1);
    return this.emitted[before]?.versions.map(({ version, path }) => [version, path]);
  }
}

test("the newest version folder is aspired, as folders come and go", async (t) => {
  const watched = new Watched(t);
  const first = watched.folder("00000001");
  assert.deepEqual(await watched.poll(), [[1n, first]]);
  const tenth = watched.folder("10");
  watched.folder("9");
  watched.folder("11-not-yet");
  assert.deepEqual(await watched.poll(), [[10n, tenth]]);
  rmSync(tenth, { recursive: true });
  assert.deepEqual(await watched.poll(), [[9n, join(watched.base, "9")]]);
  assert.deepEqual(watched.log, []);
  assert.equal(watched.emitted[0]?.name, "m");
});

test("files are passed over, links to folders count, dead links don't", async (t) => {
  const watched = new Watched(t);
  const target = watched.folder("real");
  symlinkSync(target, join(watched.base, "2"));
  writeFileSync(join(watched.base, "3"), "");
  symlinkSync(join(watched.base, "nowhere"), join(watched.base, "4"));
  assert.deepEqual(await watched.poll(), [[2n, join(watched.base, "2")]]);
});

test("an empty base path un-aspires everything, with one warning until that changes", async (t) => {
  const watched = new Watched(t);
  const warning =
    `W No versions of servable m found under base path ${watched.base}. ` +
    "Did you forget to name your leaf directory as a number (eg. '/1/')?";
  assert.deepEqual(await watched.poll(), []);
  assert.deepEqual(await watched.poll(), []);
  assert.deepEqual(watched.log, [warning]);
  const first = watched.folder("1");
  await watched.poll();
  rmSync(first, { recursive: true });
  assert.deepEqual(await watched.poll(), []);
  assert.deepEqual(watched.log, [warning, warning]);
});

test("with servable_versions_always_present an empty base path changes nothing", async (t) => {
  const watched = new Watched(t, { servableVersionsAlwaysPresent: true });
  assert.equal(await watched.poll(), undefined);
  assert.deepEqual(watched.log, [
    "E Refusing to unload all versions for Servable: m",
    `W No versions of servable m found under base path ${watched.base}. ` +
      "Did you forget to name your leaf directory as a number (eg. '/1/')?",
  ]);
  watched.folder("1");
  assert.equal((await watched.poll())?.length, 1);
});

test("a base path that is gone changes nothing, and is an error", async (t) => {
  const watched = new Watched(t);
  watched.folder("1");
  await watched.poll();
  rmSync(watched.base, { recursive: true });
  assert.equal(await watched.poll(), undefined);
  assert.equal(watched.log.length, 1);
  const beginning =
    "E FileSystemStoragePathSource encountered a filesystem access error: " +
    `Could not find base path ${watched.base} for servable m with error NOT_FOUND: ${watched.base}`;
  assert.equal(watched.log[0]?.slice(0, beginning.length), beginning);
  mkdirSync(watched.base);
  watched.folder("2");
  assert.equal((await watched.poll())?.[0]?.[0], 2n);
});

test("a base path that is a file is an error, and no empty folder", async (t) => {
  const watched = new Watched(t);
  rmSync(watched.base, { recursive: true });
  writeFileSync(watched.base, "");
  assert.equal(await watched.poll(), undefined);
  assert.match(watched.log[0]!, /^E FileSystemStoragePathSource encountered .*\/m.*directory/);
});

test("the version policy decides, and its warnings are logged", async (t) => {
  const watched = new Watched(t, {}, { kind: "specific", versions: [1n, 5n] });
  const first = watched.folder("1");
  watched.folder("2");
  assert.deepEqual(await watched.poll(), [[1n, first]]);
  assert.match(watched.log[0]!, /^W Version 5 of servable m, .* was not found in the file system$/);
});

/** File storage that counts its listings, and waits in each until the test lets it go on. */
function gatedStorage() {
  const gates: { path: string; open: () => void; fail: (error: Error) => void }[] = [];
  const storage: Storage = {
    ...fileStorage,
    async list(path) {
      await new Promise<void>((resolve, reject) => gates.push({ path, open: resolve, fail: reject }));
      return [{ name: "1", isDirectory: true }];
    },
  };
  return { gates, storage };
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 15));

test("seconds between polls: negative means none, 0 one, otherwise they go on until stop", async (t) => {
  for (const [pollWaitSeconds, atLeast, atMost] of [
    [-1, 0, 0],
    [0, 1, 1],
    [1e9, 1, 1],
    [0.01, 3, Number.POSITIVE_INFINITY],
  ] as const) {
    const watched = new Watched(t, { pollWaitSeconds });
    for (let waits = 0; waits < 20 || (waits < 500 && watched.emitted.length < atLeast); waits++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const polls = watched.emitted.length;
    assert.ok(polls >= atLeast && polls <= atMost, `${pollWaitSeconds}: ${polls} polls`);
    await watched.source.stop();
    const stopped = watched.emitted.length;
    await tick();
    await tick();
    assert.equal(watched.emitted.length, stopped);
  }
});

test("polls of a model follow each other, and a slow or failing model holds up no other", async (t) => {
  const { gates, storage } = gatedStorage();
  const servables = ["slow", "quick", "failing"].map((name) => ({
    name,
    basePath: `/${name}`,
    versionPolicy: { kind: "all" as const },
  }));
  const watched = new Watched(t, { pollWaitSeconds: 0.001, servables }, undefined, storage);
  const emissions = (name: string) => watched.emitted.filter((aspired) => aspired.name === name).length;
  for (let rounds = 0; rounds < 500 && (emissions("quick") < 5 || watched.log.length < 1); rounds++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    for (const gate of gates.splice(0)) {
      if (gate.path === "/quick") gate.open();
      else if (gate.path === "/failing") gate.fail(unavailable("/failing; no route to host"));
      else gates.push(gate);
    }
  }
  assert.ok(emissions("quick") >= 5);
  assert.equal(emissions("slow") + emissions("failing"), 0);
  assert.deepEqual(watched.log, [
    "E FileSystemStoragePathSource encountered a filesystem access error: /failing; no route to host",
  ]);
  assert.equal(gates.filter((gate) => gate.path === "/slow").length, 1, "one poll at a time");
  const stopped = watched.source.stop();
  for (const gate of gates) gate.open();
  await stopped;
  assert.equal(emissions("slow"), 0, "nothing is emitted after stop");
});

test("pollNow looks again after a poll that has already begun", async (t) => {
  const { gates, storage } = gatedStorage();
  const watched = new Watched(t, { pollWaitSeconds: 0 }, undefined, storage);
  await tick();
  assert.equal(gates.length, 1);
  let done = false;
  const now = watched.source.pollNow().then(() => {
    done = true;
  });
  await tick();
  assert.equal(gates.length, 1, "polls don't overlap");
  gates[0]!.open();
  await tick();
  assert.equal(gates.length, 2);
  assert.equal(done, false);
  gates[1]!.open();
  await now;
  assert.equal(watched.emitted.length, 2);
});
