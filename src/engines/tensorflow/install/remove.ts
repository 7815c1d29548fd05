import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Installation, installations } from "./installed.ts";
import { PARTIAL } from "./jar.ts";
import { fileProblem } from "./space.ts";
import { removeAbandoned, unusedTemporaryFolder } from "./temporary-folder.ts";
import { tensorflowFolder } from "./tensorflow-folder.ts";

export interface Removed {
  readonly installations: readonly Installation[];
  /** Of interrupted downloads. */
  readonly partialBytes: number;
}

/**
 * Deletes all versions of TensorFlow's library for this platform from the cache folder, and what interrupted downloads
 * have left. Servers that run go on with the library that they have loaded.
 * @param parent the folder with a folder for each version.
 */
export async function removeInstallations(parent: string = tensorflowFolder()): Promise<Removed> {
  const removed = installations(parent);
  try {
    for (const { folder } of removed) {
      // Renamed first, since a folder from which half is deleted would look like an installation.
      const temporary = unusedTemporaryFolder(parent);
      await rename(folder, temporary);
      await rm(temporary, { recursive: true, force: true });
    }
    return { installations: removed, partialBytes: await removePartials(parent) };
  } catch (error) {
    throw fileProblem(error, parent);
  }
}

async function removePartials(parent: string): Promise<number> {
  let names: string[];
  try {
    names = await readdir(parent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
  let bytes = 0;
  for (const name of names.filter((candidate) => PARTIAL.test(candidate))) {
    bytes += (await stat(join(parent, name))).size;
    await rm(join(parent, name), { force: true });
  }
  await removeAbandoned(parent);
  return bytes;
}
