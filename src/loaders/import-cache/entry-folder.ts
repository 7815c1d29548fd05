import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** What an entry begins with; a SHA-256 of its key and its bytes follows. */
const MAGIC = Buffer.from("servable import\n");
const DIGEST_BYTES = 32;

const ENTRY = /^[0-9a-f]{64}\.import$/;
const TEMPORARY = /^\.temporary-/;

/** What nobody has gone on writing for so long was left by a process that was killed. */
const ABANDONED_MILLISECONDS = 60 * 60 * 1000;

let count = 0;

/**
 * Bytes under keys, in a folder that any number of processes share: an entry is written beside and then renamed, so that it
 * is there whole or not at all, and what is damaged is as good as not there.
 */
export class EntryFolder {
  readonly #folder: string;
  readonly #limitBytes: number;

  /** @param limitBytes what all entries together may take: the ones that weren't used the longest go. */
  constructor(folder: string, limitBytes: number) {
    this.#folder = folder;
    this.#limitBytes = limitBytes;
  }

  /**
   * @param key 64 hex digits.
   * @returns undefined if there is no entry, or none that we wrote whole.
   * @throws a system error if it can't be read.
   */
  async read(key: string): Promise<Buffer | undefined> {
    // A link is nothing that we made.
    const file = await open(this.#path(key), constants.O_RDONLY | constants.O_NOFOLLOW).catch(absent);
    if (file === undefined) return undefined;
    try {
      const { uid, mode } = await file.stat();
      // What others may write is not ours: it decides what is run.
      if (uid !== process.getuid?.() || (mode & 0o022) !== 0) return undefined;
      const bytes = await file.readFile();
      const start = MAGIC.length + DIGEST_BYTES;
      const content = bytes.subarray(start);
      const isWhole =
        bytes.length >= start &&
        bytes.subarray(0, MAGIC.length).equals(MAGIC) &&
        bytes.subarray(MAGIC.length, start).equals(digest(key, content));
      if (!isWhole) return undefined;
      const now = new Date();
      await file.utimes(now, now).catch(() => undefined);
      return content;
    } finally {
      await file.close();
    }
  }

  /** @throws a system error if it can't be written; nothing is left then. */
  async write(key: string, content: Uint8Array): Promise<void> {
    if (content.length > this.#limitBytes) return;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = join(this.#folder, `.temporary-${process.pid}-${Date.now()}-${count++}-${hostname()}`);
    try {
      const file = await open(temporary, "wx", 0o600);
      try {
        await file.writev([MAGIC, digest(key, content), content]);
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path(key));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await this.#makeRoom();
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.import`);
  }

  async #makeRoom(): Promise<void> {
    const names = await readdir(this.#folder);
    const found = await Promise.all(
      names
        .filter((name) => ENTRY.test(name) || TEMPORARY.test(name))
        .map(async (name) => {
          const path = join(this.#folder, name);
          // Another process may have taken it away.
          const known = await stat(path).catch(absent);
          return { path, size: known?.size ?? 0, used: known?.mtimeMs ?? 0, temporary: TEMPORARY.test(name) };
        }),
    );
    const entries = found.filter(({ temporary }) => !temporary).sort((a, b) => b.used - a.used);
    let size = 0;
    const old = entries.filter((entry) => {
      size += entry.size;
      return size > this.#limitBytes;
    });
    const since = Date.now() - ABANDONED_MILLISECONDS;
    const abandoned = found.filter(({ temporary, used }) => temporary && used < since);
    for (const { path } of [...old, ...abandoned]) await rm(path, { force: true });
  }
}

/** With the key, so that an entry which was put in another's place isn't taken for it. */
function digest(key: string, content: Uint8Array): Buffer {
  return createHash("sha256").update(key).update(content).digest();
}

function absent(error: unknown): undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ELOOP") throw error;
  return undefined;
}
