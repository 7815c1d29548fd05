import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { RECORD_OVERHEAD, readRecords } from "../formats/tf-record/tf-record.ts";
import { fileStorage } from "../storage/file.ts";
import { RotatingFile, type Rotation } from "./rotating-file.ts";

const root = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(root, { recursive: true, force: true }));

const KEEP: Rotation = { maxFileBytes: 1 << 20, maxFileSeconds: 3600, maxFiles: 0 };
const START = Date.UTC(2026, 10, 23, 12, 0, 0);

/** Texts are the records. */
async function contents(folder: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(".tfrecord")) continue;
    const file = await fileStorage.open(join(folder, name));
    found[name] = [...readRecords(file)].map((record) => Buffer.from(record).toString());
    file.close();
  }
  return found;
}

function setUp(rotation: Partial<Rotation>) {
  const folder = join(mkdtempSync(join(root, "logs-")), "made/on/demand");
  const clock = { now: START };
  const file = new RotatingFile(join(folder, "m"), { ...KEEP, ...rotation }, () => clock.now);
  const append = (...texts: string[]) => file.append(texts.map((text) => Buffer.from(text)));
  return { folder, clock, file, append };
}

describe("RotatingFile", () => {
  it("appends to one file, whose folder it makes", async () => {
    const { folder, append, file } = setUp({});
    append("a", "b");
    append("c");
    file.close();
    assert.deepEqual(await contents(folder), { "m-20261123T120000.000Z.tfrecord": ["a", "b", "c"] });
  });

  it("begins another when a record would make it too long, and gives a large one its own", async () => {
    const { folder, append, file } = setUp({ maxFileBytes: 2 * (RECORD_OVERHEAD + 1) });
    assert.deepEqual(append("a", "b", "c", "large", "d"), { written: 5 });
    append("e");
    append("f");
    file.close();
    assert.deepEqual(Object.values(await contents(folder)), [
      ["a", "b"],
      ["c"],
      ["large"],
      ["d", "e"],
      ["f"],
    ]);
    assert.ok(readdirSync(folder).includes("m-20261123T120000.004Z.tfrecord"));
  });

  it("begins another when it is too old", async () => {
    const { folder, clock, append, file } = setUp({ maxFileSeconds: 60 });
    append("a");
    clock.now += 59_999;
    append("b");
    clock.now += 1;
    append("c");
    clock.now += 60_000;
    file.closeExpired();
    append("d");
    file.close();
    assert.deepEqual(await contents(folder), {
      "m-20261123T120000.000Z.tfrecord": ["a", "b"],
      "m-20261123T120100.000Z.tfrecord": ["c"],
      "m-20261123T120200.000Z.tfrecord": ["d"],
    });
  });

  it("deletes the oldest of its own files", async () => {
    const { folder, clock, append, file } = setUp({ maxFileSeconds: 1, maxFiles: 2 });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "m-other.tfrecord"), "");
    writeFileSync(join(folder, "m2-20200101T000000.000Z.tfrecord"), "");
    for (const text of ["a", "b", "c"]) {
      append(text);
      clock.now += 1000;
    }
    file.close();
    assert.deepEqual(readdirSync(folder).sort(), [
      "m-20261123T120001.000Z.tfrecord",
      "m-20261123T120002.000Z.tfrecord",
      "m-other.tfrecord",
      "m2-20200101T000000.000Z.tfrecord",
    ]);
  });

  it("tells what it couldn't write, and begins another file when it can", async () => {
    const { folder, append, file } = setUp({});
    mkdirSync(join(folder, ".."), { recursive: true });
    writeFileSync(folder, "in the way");
    const { written, error } = append("a", "b");
    assert.equal(written, 0);
    assert.match(error!.message, /EEXIST|ENOTDIR/);
    rmSync(folder);
    assert.deepEqual(append("c"), { written: 1 });
    file.close();
    assert.deepEqual(Object.values(await contents(folder)), [["c"]]);
  });
});
