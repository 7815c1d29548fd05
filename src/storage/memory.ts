import { dataLoss, failedPrecondition, notFound } from "../status/status.ts";
import type { Entry, RandomAccessFile, Stat, Storage } from "./storage.ts";

/** A storage that lives in a map from paths to contents: for tests. Folders are what the paths say. */
export function memoryStorage(files: ReadonlyMap<string, Uint8Array>): Storage {
  const below = (directory: string): readonly string[] => {
    const start = directory.endsWith("/") ? directory : `${directory}/`;
    return [...files.keys()].filter((path) => path.startsWith(start)).map((path) => path.slice(start.length));
  };
  const content = (path: string): Uint8Array => {
    const bytes = files.get(path);
    if (bytes) return bytes;
    if (below(path).length > 0) throw failedPrecondition(`${path}; is a directory, expected a file`);
    throw notFound(`${path}; No such file or directory`);
  };
  return {
    async list(directory) {
      if (files.has(directory)) throw failedPrecondition(`${directory}; Not a directory`);
      const found = new Map<string, Entry>();
      for (const [name, ...deeper] of below(directory).map((path) => path.split("/"))) {
        found.set(name!, { name: name!, isDirectory: deeper.length > 0 });
      }
      if (found.size === 0) throw notFound(`${directory}; No such file or directory`);
      return [...found.values()];
    },
    async stat(path): Promise<Stat> {
      if (below(path).length > 0) return { isDirectory: true, size: 0, modified: 0 };
      return { isDirectory: false, size: content(path).length, modified: 0 };
    },
    async readFile(path) {
      return content(path);
    },
    async open(path): Promise<RandomAccessFile> {
      const bytes = content(path);
      return {
        path,
        size: bytes.length,
        read(offset, target) {
          const part = bytes.subarray(offset, offset + target.length);
          if (part.length < target.length) {
            throw dataLoss(`${path}; is truncated: expected ${target.length} bytes at offset ${offset}`);
          }
          target.set(part);
        },
        close: () => {},
      };
    },
  };
}
