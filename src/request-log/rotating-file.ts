import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { framedRecord, RECORD_OVERHEAD } from "../formats/tf-record/tf-record.ts";

export interface Rotation {
  /** A file gets no record that would make it longer, except its first. */
  readonly maxFileBytes: number;
  /** A file gets no record when it is older. */
  readonly maxFileSeconds: number;
  /** How many files of a prefix are kept; 0: all. */
  readonly maxFiles: number;
}

interface OpenFile {
  readonly descriptor: number;
  readonly opened: number;
  bytes: number;
}

/** What a prefix is followed by. */
const STAMP = /^-\d{8}T\d{6}\.\d{3}Z\.tfrecord$/;

/**
 * TFRecord files `PREFIX-20261123T120000.000Z.tfrecord`, one after the other, whose names sort by age. Every file but the
 * newest is complete and doesn't change any more. Calls block: it is for a thread that has nothing else to do.
 */
export class RotatingFile {
  readonly #prefix: string;
  readonly #rotation: Rotation;
  readonly #now: () => number;
  #file: OpenFile | undefined;
  /** The time in the newest file's name. */
  #stamp = 0;

  /** @param now milliseconds since 1970. */
  constructor(prefix: string, rotation: Rotation, now: () => number = Date.now) {
    this.#prefix = prefix;
    this.#rotation = rotation;
    this.#now = now;
  }

  /**
   * Appends records, all or none of those that go into one file.
   * @returns how many were written before a failure, which is then in `error`.
   */
  append(records: readonly Uint8Array[]): { readonly written: number; readonly error?: Error } {
    let written = 0;
    try {
      while (written < records.length) {
        const file = this.#fileFor(records[written]!.length + RECORD_OVERHEAD);
        const batch = this.#fitting(records, written, file);
        this.#write(file, Buffer.concat(batch.flatMap((record) => framedRecord(record))));
        written += batch.length;
      }
      return { written };
    } catch (error) {
      this.close();
      return { written, error: error as Error };
    }
  }

  /** Closes a file that is too old to get any more. */
  closeExpired(): void {
    if (this.#file !== undefined && this.#isExpired(this.#file)) this.close();
  }

  /** The next record begins another file. */
  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) closeSync(file.descriptor);
  }

  #isExpired({ opened }: OpenFile): boolean {
    return this.#now() - opened >= this.#rotation.maxFileSeconds * 1000;
  }

  #fileFor(length: number): OpenFile {
    const file = this.#file;
    if (file !== undefined) {
      const isFull = file.bytes > 0 && file.bytes + length > this.#rotation.maxFileBytes;
      if (!isFull && !this.#isExpired(file)) return file;
      this.close();
    }
    this.#file = this.#open();
    return this.#file;
  }

  /** The first record goes into the file in any case. */
  #fitting(records: readonly Uint8Array[], from: number, { bytes }: OpenFile): readonly Uint8Array[] {
    let length = bytes + records[from]!.length + RECORD_OVERHEAD;
    let end = from + 1;
    while (end < records.length) {
      length += records[end]!.length + RECORD_OVERHEAD;
      if (length > this.#rotation.maxFileBytes) break;
      end++;
    }
    return records.slice(from, end);
  }

  #open(): OpenFile {
    const folder = dirname(this.#prefix);
    mkdirSync(folder, { recursive: true });
    const opened = this.#now();
    // A millisecond later where there is such a file.
    for (this.#stamp = Math.max(opened, this.#stamp + 1); ; this.#stamp++) {
      const stamp = new Date(this.#stamp).toISOString().replaceAll(/[-:]/g, "");
      const path = `${this.#prefix}-${stamp}.tfrecord`;
      try {
        const descriptor = openSync(path, "ax");
        this.#deleteOldest(folder);
        return { descriptor, opened, bytes: 0 };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  }

  #deleteOldest(folder: string): void {
    const { maxFiles } = this.#rotation;
    if (maxFiles <= 0) return;
    const start = basename(this.#prefix);
    const files = readdirSync(folder)
      .filter((name) => name.startsWith(start) && STAMP.test(name.slice(start.length)))
      .sort();
    for (const name of files.slice(0, -maxFiles)) unlinkSync(join(folder, name));
  }

  /** What a full disk took only a part of is taken back, so that the file has whole records. */
  #write(file: OpenFile, bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(file.descriptor, bytes, done, bytes.length - done);
      }
    } catch (error) {
      ftruncateSync(file.descriptor, file.bytes);
      throw error;
    }
    file.bytes += bytes.length;
  }
}
