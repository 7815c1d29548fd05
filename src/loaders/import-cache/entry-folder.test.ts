import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { EntryFolder } from "./entry-folder.ts";

const root = mkdtempSync(join(tmpdir(), "servable-entries-"));
after(() => rmSync(root, { recursive: true, force: true }));

const A = "a".repeat(64);
const B = "b".repeat(64);
const C = "c".repeat(64);

describe("a folder of entries", () => {
  let folder = "";
  let entries = new EntryFolder(folder, 0);
  const file = (key: string) => join(folder, `${key}.import`);
  const contentOf = async (key: string) => (await entries.read(key))?.toString();
  beforeEach(() => {
    folder = join(mkdtempSync(join(root, "folder-")), "not", "there", "yet");
    entries = new EntryFolder(folder, 1 << 20);
  });

  it("gives back what was written, and nothing for other keys", async () => {
    assert.equal(await entries.read(A), undefined);
    await entries.write(A, Buffer.from("first"));
    await entries.write(A, Buffer.from("second"));
    assert.equal(await contentOf(A), "second");
    assert.equal(await entries.read(B), undefined);
    assert.deepEqual(readdirSync(folder), [`${A}.import`]);
  });

  it("takes an entry for none wherever it is damaged", async () => {
    await entries.write(A, Buffer.from("content"));
    const whole = readFileSync(file(A));
    for (let i = 0; i < whole.length; i++) {
      const damaged = Buffer.from(whole);
      damaged[i]! ^= 1;
      writeFileSync(file(A), damaged);
      assert.equal(await entries.read(A), undefined, `byte ${i}`);
      writeFileSync(file(A), whole.subarray(0, i));
      assert.equal(await entries.read(A), undefined, `${i} bytes`);
    }
    await entries.write(A, Buffer.from("again"));
    assert.equal(await contentOf(A), "again");
  });

  it("takes an entry for none that is another's, may be written by others, or is a link", async () => {
    await entries.write(A, Buffer.from("content"));
    renameSync(file(A), file(B));
    assert.equal(await entries.read(B), undefined);
    renameSync(file(B), file(A));
    assert.equal(await contentOf(A), "content");
    chmodSync(file(A), 0o620);
    assert.equal(await entries.read(A), undefined);
    chmodSync(file(A), 0o600);
    renameSync(file(A), join(root, "elsewhere"));
    symlinkSync(join(root, "elsewhere"), file(A));
    assert.equal(await entries.read(A), undefined);
  });

  it("lets those go that were not used the longest", async () => {
    entries = new EntryFolder(folder, 5000);
    await entries.write(A, Buffer.alloc(2000));
    await entries.write(B, Buffer.alloc(2000));
    utimesSync(file(A), 1000, 1000);
    utimesSync(file(B), 2000, 2000);
    // That it is read makes it the newest.
    assert.ok((await entries.read(A)) !== undefined);
    await entries.write(C, Buffer.alloc(2000));
    assert.deepEqual(readdirSync(folder).sort(), [`${A}.import`, `${C}.import`]);
    await entries.write(B, Buffer.alloc(6000));
    assert.equal(existsSync(file(B)), false);
  });

  it("takes away what killed processes left, and leaves what isn't its own", async () => {
    mkdirSync(folder, { recursive: true });
    for (const name of [".temporary-1-1-0-old", ".temporary-1-1-0-new", "notes.txt"]) {
      writeFileSync(join(folder, name), "");
    }
    utimesSync(join(folder, ".temporary-1-1-0-old"), 1000, 1000);
    utimesSync(join(folder, "notes.txt"), 1000, 1000);
    await entries.write(A, Buffer.from("content"));
    assert.deepEqual(readdirSync(folder).sort(), [".temporary-1-1-0-new", `${A}.import`, "notes.txt"]);
  });

  it("says why it can't be written, and leaves nothing", async () => {
    writeFileSync(join(root, "file"), "");
    await assert.rejects(new EntryFolder(join(root, "file"), 100).write(A, Buffer.from("x")), {
      code: "EEXIST",
    });
    // Renaming onto a folder fails once all is written.
    mkdirSync(file(A), { recursive: true });
    writeFileSync(join(file(A), "inside"), "");
    await assert.rejects(entries.write(A, Buffer.from("x")));
    assert.deepEqual(readdirSync(folder), [`${A}.import`]);
  });
});
