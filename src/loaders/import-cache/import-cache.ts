import type { Logger } from "../../status/log.ts";
import type { Storage } from "../../storage/storage.ts";
import { type ImportSettings, importKey, surroundings } from "./cache-key.ts";
import { EntryFolder } from "./entry-folder.ts";
import { decodeImport, type StoredImport } from "./stored-import.ts";

/** What all entries together may take. */
const LIMIT_BYTES = 2 ** 30;

/**
 * What the importer has made of versions, on disk, so that the next start neither loads the importer nor waits for it.
 * Whatever is wrong with the cache, a version is then imported as if there were none.
 */
export class ImportCache {
  readonly #storage: Storage;
  readonly #entries: EntryFolder;
  readonly #settings: ImportSettings;
  readonly #log: Logger;
  #surroundings: string | undefined;

  constructor(folder: string, storage: Storage, settings: ImportSettings, log: Logger) {
    this.#storage = storage;
    this.#entries = new EntryFolder(folder, LIMIT_BYTES);
    this.#settings = settings;
    this.#log = log;
  }

  /** The place of a version, as its files are now; undefined if they can't be read. */
  async place(path: string): Promise<CachePlace | undefined> {
    const key = await this.#key(path);
    if (key === undefined) return undefined;
    return {
      read: () => this.#attempt("read", async () => this.#decoded(await this.#entries.read(key))),
      write: (encode) =>
        this.#attempt("write", async () => {
          const content = encode();
          // What was read may have been other files than the key is of.
          if (content === undefined || (await this.#key(path)) !== key) return;
          await this.#entries.write(key, content);
        }),
    };
  }

  #decoded(content: Buffer | undefined): StoredImport | undefined {
    return content && decodeImport(content);
  }

  async #key(path: string): Promise<string | undefined> {
    try {
      this.#surroundings ??= surroundings(this.#settings);
      return await importKey(this.#storage, path, this.#surroundings);
    } catch {
      // Whatever is wrong with the files, the import says it.
      return undefined;
    }
  }

  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#log.info(`The import cache can't be used to ${what}: ${(error as Error).message}`);
      return undefined;
    }
  }
}

export interface CachePlace {
  /** What is there; undefined if nothing is, or it is damaged. */
  readonly read: () => Promise<StoredImport | undefined>;
  /** Puts there what `encode` gives, unless that is nothing, or the version has changed since. Never rejects. */
  readonly write: (encode: () => Uint8Array | undefined) => Promise<void>;
}
