/**
 * Where models lie. Paths are the storage's own (`/models/m`, later `s3://bucket/m`), with `/` between names.
 *
 * Every failure is a StatusError whose message begins with the path: NOT_FOUND for what isn't there,
 * PERMISSION_DENIED, FAILED_PRECONDITION for a folder where a file is wanted or the reverse.
 * Every storage passes `storage-contract.ts`.
 */
export interface Storage {
  /** What lies directly in a folder, in no particular order. */
  list(directory: string): Promise<readonly Entry[]>;
  /** Links are followed. */
  stat(path: string): Promise<Stat>;
  /** A whole file, for those known to be small (under 2 GiB). */
  readFile(path: string): Promise<Uint8Array>;
  /** A file of any size, to be read in parts. The caller closes it. */
  open(path: string): Promise<RandomAccessFile>;
}

export interface Entry {
  /** Without the folder. */
  readonly name: string;
  /** Links are followed; false for a link that leads nowhere. */
  readonly isDirectory: boolean;
}

export interface Stat {
  readonly isDirectory: boolean;
  /** In bytes; without meaning for a folder. */
  readonly size: number;
  /** When it was written last, or, for a folder, when something was put there or taken away; milliseconds since 1970. */
  readonly modified: number;
}

/**
 * An open file. `read` blocks its thread, because native code that wants weights can't wait for a promise: it is for
 * loader threads. A storage without a blocking read fetches the file when it is opened.
 */
export interface RandomAccessFile {
  readonly path: string;
  /** In bytes, when opened. */
  readonly size: number;
  /**
   * Fills `target`, which may be longer than 2 GiB, with the bytes from `offset` on.
   * @throws StatusError DATA_LOSS if the file ends before `target` is full.
   */
  read(offset: number, target: Uint8Array): void;
  /** May be called again. No read may follow. */
  close(): void;
}

/** `directory/name`, whether or not the folder is written with a slash at its end. */
export function joinPath(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}
