import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dataLoss, notFound, StatusError } from "../../../status/status.ts";
import { sha256 } from "./checksum.ts";
import { download, type Patience } from "./download.ts";
import type { InstallObserver } from "./observer.ts";
import { jarName, MAVEN_REPOSITORY, type Release } from "./release.ts";

export type JarSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string };

/**
 * Where the release's jar comes from.
 * @param from a path or URL that someone gave, if so.
 * @param repository the root of a Maven repository. Default: Maven Central.
 */
export function jarSource(release: Release, from?: string, repository = MAVEN_REPOSITORY): JarSource {
  if (from === undefined) return { kind: "url", url: `${repository.replace(/\/+$/, "")}/${release.path}` };
  if (/^https?:\/\//i.test(from)) return { kind: "url", url: from };
  return { kind: "file", path: /^file:\/\//i.test(from) ? fileURLToPath(from) : from };
}

export interface JarContext {
  readonly release: Release;
  /** Where what was downloaded so far lies. */
  readonly parent: string;
  readonly observer: InstallObserver;
  readonly patience?: Patience | undefined;
}

/** Opens the jar that someone has, and calls `use` with it if it is the release's. */
export async function withGivenJar(
  path: string,
  context: JarContext,
  use: (jar: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await openGiven(path);
  try {
    const checksum = await verify(file, context);
    if (checksum !== context.release.sha256) throw wrongChecksum(path, checksum, context.release);
    await use(file);
  } finally {
    await file.close();
  }
}

/**
 * Downloads the jar, or what is still missing of it, and calls `use` with it. It is deleted afterwards, but kept where
 * `use` fails.
 * @param mayDownload called with how many bytes are missing; it throws if that is too much.
 */
export async function withDownloadedJar(
  url: string,
  context: JarContext,
  mayDownload: (missing: number) => Promise<void>,
  use: (jar: FileHandle) => Promise<void>,
): Promise<void> {
  const { release, parent, observer, patience } = context;
  const path = partialPath(parent, release);
  for (;;) {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    try {
      const had = (await file.stat()).size;
      if (had > release.bytes) {
        await rm(path, { force: true });
        continue;
      }
      await mayDownload(Math.max(0, release.bytes - had));
      if (had > 0 && had < release.bytes) observer.notice("Continuing the download that was interrupted");
      await fetchRest(url, file, context, patience);
      const checksum = await verify(file, context);
      if (checksum === release.sha256) {
        await use(file);
        await rm(path, { force: true });
        return;
      }
      await rm(path, { force: true });
      if (had === 0) throw wrongChecksum(url, checksum, release);
      observer.notice("What was left of an earlier download is not the same file: beginning anew");
    } finally {
      await file.close();
    }
  }
}

/** What was downloaded so far of a release's jar. */
function partialPath(parent: string, release: Release): string {
  return join(parent, `${jarName(release)}.partial`);
}

export const PARTIAL = /\.jar\.partial$/;

async function fetchRest(
  url: string,
  file: FileHandle,
  { release, observer }: JarContext,
  patience: Patience | undefined,
): Promise<void> {
  try {
    await download({
      url,
      file,
      bytes: release.bytes,
      progress: (done) => observer.progress("Downloading", done, release.bytes),
      interrupted: (why) => observer.notice(`Interrupted: ${why}. Trying again`),
      ...(patience === undefined ? {} : { patience }),
    });
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new StatusError(error.code, `${error.message}. ${otherWays(release)}`);
  }
}

function verify(file: FileHandle, { release, observer }: JarContext): Promise<string> {
  return sha256(file, (done) => observer.progress("Verifying", done, release.bytes));
}

function wrongChecksum(where: string, checksum: string, release: Release): StatusError {
  return dataLoss(
    `${where} is not the file that was expected: its SHA-256 is ${checksum}, not ${release.sha256}. ${otherWays(release)}`,
  );
}

function otherWays(release: Release): string {
  return `Run this again with --from=FILE or --from=URL if you have ${jarName(release)} from elsewhere: from ${MAVEN_REPOSITORY}/${release.path} on a machine that reaches it, or a mirror of Maven Central`;
}

async function openGiven(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    throw notFound(`--from=${path} can't be opened: ${(error as Error).message}`);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw notFound(`--from=${path} is not a file. It takes the jar itself, or a URL`);
}
