import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { PINNED_VERSION, THIS_PLATFORM } from "./release.ts";
import { tensorflowFolder } from "./tensorflow-folder.ts";

/** A version of TensorFlow's library in the cache folder. */
export interface Installation {
  readonly version: string;
  /** Absolute. */
  readonly folder: string;
  /** The absolute path of the library with the C API; those that it needs lie beside it. */
  readonly library: string;
  /** Of all files. */
  readonly bytes: number;
}

/** What has the C API: the one file of these names that is there. */
const LIBRARY = /^libtensorflow(_cc)?\.(so(\.\d+)*|(\d+\.)*dylib)$/;

/** Libraries of several platforms may lie in one home directory. */
export function folderName(version: string, platform: string = THIS_PLATFORM): string {
  return `${version}-${platform}`;
}

/**
 * The absolute path of the library to open: that of the version that this program installs, else of the newest one that
 * is installed, else undefined.
 */
export function installedLibrary(): string | undefined {
  return installations()[0]?.library;
}

/**
 * All that is installed for this platform, what is to be used first.
 * @param parent the folder with a folder for each version.
 */
export function installations(parent: string = tensorflowFolder()): Installation[] {
  return entriesOf(parent)
    .flatMap((name) => {
      const version = /^(\d+(?:\.\d+)+)-/.exec(name)?.[1];
      if (version === undefined || name !== folderName(version)) return [];
      return readInstallation(version, resolve(parent, name)) ?? [];
    })
    .sort((a, b) => preference(b.version, a.version));
}

/** Undefined if there is no library in the folder. */
export function readInstallation(version: string, folder: string): Installation | undefined {
  const files = entriesOf(folder);
  const library = files.find((name) => LIBRARY.test(name));
  if (library === undefined) return undefined;
  const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  return { version, folder, library: join(folder, library), bytes };
}

function preference(a: string, b: string): number {
  if (a === b) return 0;
  if (a === PINNED_VERSION || b === PINNED_VERSION) return a === PINNED_VERSION ? 1 : -1;
  return a.localeCompare(b, "en", { numeric: true });
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What this user may not read is not installed for them.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return [];
    throw error;
  }
}
