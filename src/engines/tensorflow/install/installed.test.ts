import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { folderName, installations, installedLibrary } from "./installed.ts";
import { newFolder } from "./jar-cases.ts";
import { PINNED_VERSION } from "./release.ts";
import { removeInstallations } from "./remove.ts";

/** @param names the files of the folder, of 10 bytes each. */
function put(parent: string, folder: string, names: readonly string[]): void {
  mkdirSync(join(parent, folder), { recursive: true });
  for (const name of names) writeFileSync(join(parent, folder, name), "0123456789");
}

const LINUX = ["LICENSE", "libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];

describe("installations", () => {
  it("are none where there is no folder", () => {
    assert.deepEqual(installations("/nowhere/at/all"), []);
  });

  it("have the library with the C API, by any platform's name of it", () => {
    using folder = newFolder();
    put(folder.path, folderName("1.0"), LINUX);
    put(folder.path, folderName("2.0"), ["libtensorflow_framework.2.dylib", "libtensorflow_cc.2.dylib"]);
    put(folder.path, folderName("3.0"), ["libtensorflow_framework.so.2", "libtensorflow.so.2"]);
    const found = installations(folder.path);
    assert.deepEqual(
      found.map(({ version, library, bytes }) => [version, library, bytes]),
      [
        ["3.0", join(folder.path, folderName("3.0"), "libtensorflow.so.2"), 20],
        ["2.0", join(folder.path, folderName("2.0"), "libtensorflow_cc.2.dylib"), 20],
        ["1.0", join(folder.path, folderName("1.0"), "libtensorflow_cc.so.2"), 30],
      ],
    );
  });

  it("have the version first that this program installs, then the newest", () => {
    using folder = newFolder();
    for (const version of ["2.9.0", "2.100.0", PINNED_VERSION, "2.8.3"]) {
      put(folder.path, folderName(version), LINUX);
    }
    assert.deepEqual(
      installations(folder.path).map(({ version }) => version),
      [PINNED_VERSION, "2.100.0", "2.9.0", "2.8.3"],
    );
  });

  it("are not what is unfinished, of another platform, or has no library", () => {
    using folder = newFolder();
    put(folder.path, ".temporary-1-1-0-here", LINUX);
    put(folder.path, "2.20.0-plan9-mips", LINUX);
    put(folder.path, folderName("2.20.0"), ["LICENSE", "libtensorflow_framework.so.2"]);
    writeFileSync(join(folder.path, folderName("2.19.0")), "a file");
    assert.deepEqual(installations(folder.path), []);
  });

  it("are looked for in the cache folder of the environment", () => {
    using folder = newFolder();
    const before = process.env.SERVABLE_CACHE_DIR;
    process.env.SERVABLE_CACHE_DIR = folder.path;
    try {
      assert.equal(installedLibrary(), undefined);
      const parent = join(folder.path, "engines/tensorflow");
      put(parent, folderName(PINNED_VERSION), LINUX);
      assert.equal(installedLibrary(), join(parent, folderName(PINNED_VERSION), "libtensorflow_cc.so.2"));
    } finally {
      if (before === undefined) delete process.env.SERVABLE_CACHE_DIR;
      else process.env.SERVABLE_CACHE_DIR = before;
    }
  });
});

describe("removeInstallations", () => {
  it("removes all versions of this platform and what downloads have left, and nothing else", async () => {
    using folder = newFolder();
    put(folder.path, folderName("2.9.0"), LINUX);
    put(folder.path, folderName(PINNED_VERSION), LINUX);
    put(folder.path, "2.20.0-plan9-mips", LINUX);
    writeFileSync(join(folder.path, "tensorflow-core-native-1.0.0-linux-x86_64.jar.partial"), "12345");
    const { installations: removed, partialBytes } = await removeInstallations(folder.path);
    assert.deepEqual(
      removed.map(({ version }) => version),
      [PINNED_VERSION, "2.9.0"],
    );
    assert.equal(partialBytes, 5);
    assert.deepEqual(readdirSync(folder.path), ["2.20.0-plan9-mips"]);
  });

  it("does nothing where nothing is", async () => {
    assert.deepEqual(await removeInstallations("/nowhere/at/all"), { installations: [], partialBytes: 0 });
  });
});
