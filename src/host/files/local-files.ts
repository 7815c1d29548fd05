import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { failedPrecondition, invalidArgument, unimplemented } from "../../status/status.ts";
import { openFile } from "../../storage/file.ts";
import { fileError } from "../../storage/file-error.ts";

/** A path on this machine, as the bytes that it consists of: it need not be UTF-8. */
export type LocalPath = Buffer;

const SCHEME = /^([a-zA-Z][0-9a-zA-Z.]*):\/\/[^/]*/;

/**
 * The path that a tensor names, without `file://` and a host.
 * @throws StatusError UNIMPLEMENTED, in TensorFlow's words, for another file system; INVALID_ARGUMENT for a zero byte.
 */
export function localPath(name: Uint8Array): LocalPath {
  const text = Buffer.from(name).toString("latin1");
  const [start, scheme] = SCHEME.exec(text) ?? ["", "file"];
  if (scheme !== "file") {
    throw unimplemented(`File system scheme '${scheme}' not implemented (file: '${Buffer.from(name)}')`);
  }
  if (text.includes("\0")) {
    throw invalidArgument(`A path holds no zero bytes, got ${JSON.stringify(Buffer.from(name).toString())}`);
  }
  return Buffer.from(text.slice(start.length), "latin1");
}

/** Calls of the file system, whose errors name the file. */
function naming<T>(name: Uint8Array, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileError(Buffer.from(name).toString(), error);
  }
}

/**
 * A whole file: as many bytes as it has when it is opened, so that a device doesn't go on for ever.
 * @param name as `localPath` takes it, for messages. Default: the path.
 */
export function readWhole(path: LocalPath, name: Uint8Array = path): Uint8Array {
  return naming(name, () => {
    const descriptor = openSync(path, "r");
    try {
      const found = fstatSync(descriptor);
      // Reading a folder fails with the error that TensorFlow's reading fails with.
      const bytes = new Uint8Array(found.isDirectory() ? 1 : found.size);
      let filled = 0;
      while (filled < bytes.length) {
        const count = readSync(descriptor, bytes, filled, Math.min(bytes.length - filled, 2 ** 30), filled);
        if (count === 0) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    } finally {
      closeSync(descriptor);
    }
  });
}

export function writeWhole(path: LocalPath, name: Uint8Array, bytes: Uint8Array): void {
  naming(name, () => writeFileSync(path, bytes));
}

/** Writes a file under another name first, so that whoever reads it finds all of it or nothing. */
export function replaceFile(path: LocalPath, parts: readonly Uint8Array[]): void {
  const temporary = Buffer.concat([path, Buffer.from(`.tempstate${process.pid}_${temporaries++}`)]);
  naming(temporary, () => {
    const descriptor = openSync(temporary, "w");
    try {
      for (const part of parts) writeAll(descriptor, part);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
  });
  move(temporary, path);
}

let temporaries = 0;

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(descriptor, bytes, at, Math.min(bytes.length - at, 2 ** 30));
  }
}

export function move(from: LocalPath, to: LocalPath): void {
  naming(from, () => renameSync(from, to));
}

export function removeFile(path: LocalPath): void {
  naming(path, () => rmSync(path));
}

/** Does nothing where that can't be. */
export function removeEmptyFolder(path: LocalPath): void {
  try {
    rmdirSync(path);
  } catch {
    // It isn't empty, or isn't there.
  }
}

export function exists(path: LocalPath): boolean {
  return existsSync(path);
}

/** Links are followed. */
export function isFolder(path: LocalPath): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The names in a folder, without those of itself and its parent; none where it can't be read. */
export function namesIn(path: LocalPath): readonly Buffer[] {
  try {
    return readdirSync(path, { encoding: "buffer" });
  } catch {
    return [];
  }
}

/** Makes a folder whose parent is there, unless it is. */
export function makeFolder(path: LocalPath): void {
  if (path.length === 0 || exists(path)) return;
  naming(path, () => mkdirSync(path));
}

/**
 * Makes a folder and those above it, as far as they are missing.
 * @throws StatusError FAILED_PRECONDITION if one of them is a file.
 */
export function makeFolders(path: LocalPath): void {
  if (path.length === 0) return;
  if (exists(path)) {
    if (!isFolder(path)) throw failedPrecondition(`${path} is not a directory`);
    return;
  }
  makeFolders(folderOf(path));
  makeFolder(path);
}

/** What stands before the last slash: "" for a name alone, "/" for one in the root. */
export function folderOf(path: LocalPath): LocalPath {
  const slash = path.lastIndexOf("/");
  if (slash <= 0) return path.subarray(0, slash + 1);
  return path.subarray(0, slash);
}

/** For what reads checkpoints. */
export const blockingFiles = {
  readFile: (path: string): Uint8Array => readWhole(Buffer.from(path)),
  open: openFile,
};
