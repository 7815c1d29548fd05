import { statfs } from "node:fs/promises";
import { Code, StatusError } from "../../../status/status.ts";
import { formatBytes } from "./bytes.ts";

/** How many bytes this user may still write in the folder's file system. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** @throws StatusError RESOURCE_EXHAUSTED if less is free than needed. */
export function requireSpace(folder: string, needed: number, free: number): void {
  if (free >= needed) return;
  throw noSpace(folder, `needs ${formatBytes(needed)}, and ${formatBytes(free)} are free`);
}

/**
 * What went wrong with the files of the cache folder, with the way out; anything else unchanged.
 * @param folder the one that was written to.
 */
export function fileProblem(error: unknown, folder: string): unknown {
  if (error instanceof StatusError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return noSpace(folder, `ran out of it (${code})`);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new StatusError(
        Code.PERMISSION_DENIED,
        `${folder} can't be written to (${message}). SERVABLE_CACHE_DIR=FOLDER names another`,
      );
    case "EEXIST":
    case "ENOTDIR":
      return new StatusError(
        Code.FAILED_PRECONDITION,
        `${folder} can't be a folder (${message}). SERVABLE_CACHE_DIR=FOLDER names another`,
      );
    default:
      return error;
  }
}

function noSpace(folder: string, why: string): StatusError {
  return new StatusError(
    Code.RESOURCE_EXHAUSTED,
    `There is not enough space in ${folder}: the installation ${why}. Free some, or name a folder that has more with ` +
      "SERVABLE_CACHE_DIR=FOLDER",
  );
}
