import { createHash, type Hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findLibrary } from "../../engines/onnxruntime/library.ts";
import { packageVersion } from "../../package-version.ts";
import { Code, StatusError } from "../../status/status.ts";
import { joinPath, type Storage } from "../../storage/storage.ts";

/** What, besides a version's files and our own, decides what is made of it. */
export interface ImportSettings {
  readonly tags: readonly string[];
  readonly allowsFileOps: boolean;
  readonly intraOpThreads: number;
}

/**
 * The part of keys that is the same for all models: what we are, and what we run on, which decides the threads that suit a
 * session.
 */
export function surroundings(settings: ImportSettings): string {
  const { node, v8 } = process.versions;
  const processor = `${process.arch} ${cpus()[0]?.model} ${availableParallelism()}`;
  const library = findLibrary();
  return JSON.stringify([packageVersion, modules(), node, v8, processor, stamp(library), settings]);
}

/**
 * 64 hex digits that are the same for versions that are imported to the same: of all that the import reads, which is
 * everything but the variables' values. Those stand in the index by their checksums, as does where they lie.
 * @param path the version's folder, which the programs of models that read files name.
 * @throws StatusError (rejects) if a file can't be read.
 */
export async function importKey(storage: Storage, path: string, surroundings: string): Promise<string> {
  const hash = createHash("sha256");
  add(hash, surroundings);
  add(hash, resolve(path));
  for (const name of ["saved_model.pb", "saved_model.pbtxt", "variables/variables.index"]) {
    const bytes = await ifPresent(storage.readFile(joinPath(path, name)));
    if (bytes === undefined) continue;
    add(hash, name);
    add(hash, bytes);
  }
  await addFolder(hash, storage, joinPath(path, "assets"));
  return hash.digest("hex");
}

async function addFolder(hash: Hash, storage: Storage, folder: string): Promise<void> {
  const entries = (await ifPresent(storage.list(folder))) ?? [];
  for (const { name, isDirectory } of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = joinPath(folder, name);
    add(hash, path);
    if (isDirectory) await addFolder(hash, storage, path);
    else add(hash, await storage.readFile(path));
  }
}

/** With its length, so that what follows is told apart. */
function add(hash: Hash, part: string | Uint8Array): void {
  const bytes = typeof part === "string" ? Buffer.from(part) : part;
  hash.update(`${bytes.length}:`).update(bytes);
}

async function ifPresent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof StatusError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
}

/** scripts/build.sh names a build by its contents, since several may be of one version. */
const BUILD_ID = "build-id.txt";

/** Folders of what decides what a model is imported to. */
const IMPORTING = ["engines/onnxruntime", "formats", "host", "import", "loaders", "registry", "tensor"];

/** What our modules are: which build, or, in a checkout, what sizes and times of change tell. */
function modules(): string {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const build = join(root, BUILD_ID);
  if (existsSync(build)) return readFileSync(build, "utf8");
  const hash = createHash("sha256");
  for (const folder of IMPORTING) addStamps(hash, join(root, folder));
  return hash.digest("hex");
}

function addStamps(hash: Hash, folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) addStamps(hash, path);
    else if (!/\.test\.[tj]s$/.test(path)) add(hash, stamp(path));
  }
}

function stamp(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${path} ${size} ${mtimeMs}`;
}
