import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { dataLoss } from "../../../status/status.ts";
import type { Patience } from "./download.ts";
import { folderName, type Installation, readInstallation } from "./installed.ts";
import { jarSource, withDownloadedJar, withGivenJar } from "./jar.ts";
import type { InstallObserver } from "./observer.ts";
import type { Release } from "./release.ts";
import { fileProblem, freeBytes, requireSpace } from "./space.ts";
import { createTemporaryFolder, removeAbandoned, unusedTemporaryFolder } from "./temporary-folder.ts";
import { tensorflowFolder } from "./tensorflow-folder.ts";
import { unpack } from "./unpack.ts";

export interface InstallOptions {
  readonly release: Release;
  readonly observer: InstallObserver;
  /** A jar, as a path or URL, instead of the one in `repository`; its checksum must be the release's. */
  readonly from?: string | undefined;
  /** The root of a Maven repository. Default: Maven Central. */
  readonly repository?: string | undefined;
  /** The folder with a folder for each version. Default: in the user's cache folder. */
  readonly parent?: string;
  readonly patience?: Patience;
  /** How many bytes are free in a folder. Default: asks the file system. */
  readonly free?: (folder: string) => Promise<number>;
}

export interface InstallResult {
  readonly installation: Installation;
  readonly wasInstalled: boolean;
}

/**
 * Gets TensorFlow's library into the cache folder, if it isn't there. It appears there as a whole or not at all,
 * whatever ends this process and however many of them do this; what was downloaded is used by the next one.
 * @throws StatusError whose message says what to do: NOT_FOUND, PERMISSION_DENIED, UNAVAILABLE, DATA_LOSS (another
 * file), RESOURCE_EXHAUSTED (no space), FAILED_PRECONDITION (no place).
 */
export async function install(options: InstallOptions): Promise<InstallResult> {
  const { release, observer, patience, free = freeBytes } = options;
  const parent = resolve(options.parent ?? tensorflowFolder());
  const target = resolve(parent, folderName(release.version, release.platform));
  const present = readInstallation(release.version, target);
  if (present !== undefined) return { installation: present, wasInstalled: true };

  const needSpace = async (bytes: number) => requireSpace(parent, bytes, await free(parent));
  const place = async (jar: FileHandle) => {
    await needSpace(release.unpackedBytes);
    await unpackTo(target, parent, jar, observer);
  };
  const context = { release, parent, observer, patience };
  const source = jarSource(release, options.from, options.repository);
  try {
    await mkdir(parent, { recursive: true });
    await removeAbandoned(parent);
    if (source.kind === "file") await withGivenJar(source.path, context, place);
    else {
      const mayDownload = (missing: number) => needSpace(missing + release.unpackedBytes);
      await withDownloadedJar(source.url, context, mayDownload, place);
    }
  } catch (error) {
    throw fileProblem(error, parent);
  }
  return { installation: readInstallation(release.version, target)!, wasInstalled: false };
}

async function unpackTo(
  target: string,
  parent: string,
  jar: FileHandle,
  observer: InstallObserver,
): Promise<void> {
  const folder = await createTemporaryFolder(parent);
  try {
    await unpack(jar, folder, (done, total) => observer.progress("Unpacking", done, total));
    if (readInstallation("", folder) === undefined) throw dataLoss("The jar has no library of TensorFlow's");
    await sync(folder);
    await moveInto(target, parent, folder);
    await sync(parent);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Another process that installs the same may be faster, which is as good. */
async function moveInto(target: string, parent: string, folder: string): Promise<void> {
  for (;;) {
    try {
      return await rename(folder, target);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
      if (readInstallation("", target) !== undefined) return;
    }
    // A folder whose library someone has deleted.
    const broken = unusedTemporaryFolder(parent);
    await rename(target, broken);
    await rm(broken, { recursive: true, force: true });
  }
}

/** So that a file system that loses power doesn't have a name without what it names. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
