import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dataLoss, failedPrecondition } from "../status/status.ts";
import { fileError } from "./file-error.ts";
import { type Entry, joinPath, type RandomAccessFile, type Stat, type Storage } from "./storage.ts";

/** Files of this machine, by their paths. */
export const fileStorage: Storage = {
  async list(directory) {
    const found = await naming(directory, readdir(directory, { withFileTypes: true }));
    return Promise.all(
      found.map(async (entry): Promise<Entry> => {
        const isDirectory = entry.isSymbolicLink()
          ? await leadsToDirectory(joinPath(directory, entry.name))
          : entry.isDirectory();
        return { name: entry.name, isDirectory };
      }),
    );
  },

  async stat(path): Promise<Stat> {
    const found = await naming(path, stat(path));
    return { isDirectory: found.isDirectory(), size: found.size, modified: found.mtimeMs };
  },

  async readFile(path) {
    return naming(path, readFile(path));
  },

  async open(path) {
    return openFile(path);
  },
};

/** As `Storage.open`, for those who can't wait. */
export function openFile(path: string): RandomAccessFile {
  try {
    return new OpenFile(path);
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Node refuses to ask for more than 2^31 - 1 bytes at once; beyond a few MiB, larger reads are no faster. */
const LARGEST_READ = 2 ** 26;

class OpenFile implements RandomAccessFile {
  readonly path: string;
  readonly size: number;
  #descriptor: number | undefined;

  constructor(path: string) {
    const descriptor = openSync(path, "r");
    const found = fstatSync(descriptor);
    if (found.isDirectory()) {
      closeSync(descriptor);
      throw failedPrecondition(`${path}; is a directory, expected a file`);
    }
    this.path = path;
    this.size = found.size;
    this.#descriptor = descriptor;
  }

  read(offset: number, target: Uint8Array): void {
    if (this.#descriptor === undefined) throw failedPrecondition(`${this.path}; read after it was closed`);
    let filled = 0;
    while (filled < target.length) {
      const count = this.#readSome(
        this.#descriptor,
        target.subarray(filled, filled + LARGEST_READ),
        offset + filled,
      );
      if (count === 0) {
        throw dataLoss(
          `${this.path}; is truncated: expected ${target.length} bytes at offset ${offset}, ` +
            `but the file ends after ${filled} of them`,
        );
      }
      filled += count;
    }
  }

  #readSome(descriptor: number, target: Uint8Array, offset: number): number {
    try {
      return readSync(descriptor, target, 0, target.length, offset);
    } catch (error) {
      throw fileError(this.path, error);
    }
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    closeSync(descriptor);
  }
}

async function leadsToDirectory(link: string): Promise<boolean> {
  try {
    return (await stat(link)).isDirectory();
  } catch {
    return false;
  }
}

async function naming<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fileError(path, error);
  }
}
