import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code, StatusError } from "../status/status.ts";
import { joinPath, type Storage } from "./storage.ts";

/** A storage with one empty folder to work in, and a way to put files there behind its back. */
export interface StorageUnderTest {
  readonly storage: Storage;
  readonly root: string;
  /** Writes a file, with the folders that lead to it. `path` is relative to `root`. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  dispose(): Promise<void>;
}

/** What every storage promises. `create` is called once per suite. */
export function storageContract(name: string, create: () => Promise<StorageUnderTest>): void {
  describe(`${name} keeps the storage contract`, () => {
    let subject: StorageUnderTest;
    const content = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) & 255);
    const at = (path: string) => joinPath(subject.root, path);

    before(async () => {
      subject = await create();
      await subject.put("m/1/saved_model.pb", content);
      await subject.put("m/2/saved_model.pb", content.subarray(0, 10));
      await subject.put("m/notes.txt", new Uint8Array(0));
    });
    after(() => subject.dispose());

    const refuses = (work: () => Promise<unknown>, path: string, code: Code) =>
      assert.rejects(work, (error) => {
        assert.ok(error instanceof StatusError, String(error));
        assert.equal(error.code, code, error.message);
        assert.ok(error.message.startsWith(at(path)), error.message);
        return true;
      });

    it("lists files and folders, with and without a slash at the end", async () => {
      for (const directory of [at("m"), at("m/")]) {
        const entries = [...(await subject.storage.list(directory))];
        entries.sort((a, b) => (a.name < b.name ? -1 : 1));
        assert.deepEqual(entries, [
          { name: "1", isDirectory: true },
          { name: "2", isDirectory: true },
          { name: "notes.txt", isDirectory: false },
        ]);
      }
    });

    it("says how long a file is, and what is a folder", async () => {
      const { isDirectory, size, modified } = await subject.storage.stat(at("m/2/saved_model.pb"));
      assert.deepEqual({ isDirectory, size }, { isDirectory: false, size: 10 });
      assert.ok(modified >= 0 && modified <= Date.now());
      assert.equal((await subject.storage.stat(at("m"))).isDirectory, true);
    });

    it("reads whole files", async () => {
      assert.deepEqual(
        new Uint8Array(await subject.storage.readFile(at("m/1/saved_model.pb"))),
        new Uint8Array(content),
      );
      assert.equal((await subject.storage.readFile(at("m/notes.txt"))).length, 0);
    });

    it("reads parts of files", async () => {
      const file = await subject.storage.open(at("m/1/saved_model.pb"));
      assert.equal(file.size, 1000);
      assert.equal(file.path, at("m/1/saved_model.pb"));
      const target = new Uint8Array(20);
      file.read(980, target);
      assert.deepEqual(target, content.slice(980));
      file.read(3, target.subarray(5, 7));
      assert.deepEqual(
        target.slice(4, 8),
        Uint8Array.of(content[984]!, content[3]!, content[4]!, content[987]!),
      );
      file.read(1000, new Uint8Array(0));
      file.close();
      file.close();
    });

    it("says that a file is truncated", async () => {
      const file = await subject.storage.open(at("m/1/saved_model.pb"));
      for (const offset of [981, 1000, 5000]) {
        await refuses(
          async () => file.read(offset, new Uint8Array(20)),
          "m/1/saved_model.pb",
          Code.DATA_LOSS,
        );
      }
      file.close();
    });

    it("says what is missing", async () => {
      const { storage } = subject;
      await refuses(() => storage.list(at("none")), "none", Code.NOT_FOUND);
      await refuses(() => storage.stat(at("m/none")), "m/none", Code.NOT_FOUND);
      await refuses(() => storage.readFile(at("m/none")), "m/none", Code.NOT_FOUND);
      await refuses(() => storage.open(at("m/none")), "m/none", Code.NOT_FOUND);
    });

    it("does not take a folder for a file, nor a file for a folder", async () => {
      const { storage } = subject;
      await refuses(() => storage.readFile(at("m")), "m", Code.FAILED_PRECONDITION);
      await refuses(() => storage.open(at("m")), "m", Code.FAILED_PRECONDITION);
      await refuses(() => storage.list(at("m/notes.txt")), "m/notes.txt", Code.FAILED_PRECONDITION);
    });
  });
}
