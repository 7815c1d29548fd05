import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const FILES = [
  "libtensorflow_cc.so.2",
  "libtensorflow.so.2",
  "libtensorflow_cc.2.dylib",
  "libtensorflow.2.dylib",
];

/** The library that `servable engine install tensorflow` has put into the user's cache folder, if it has. */
export function installedLibrary(): string | undefined {
  const { SERVABLE_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  const cache = SERVABLE_CACHE_DIR || XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(cache, "servable/engines/tensorflow");
  if (!existsSync(folder)) return undefined;
  const versions = readdirSync(folder).sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  const candidates = versions.flatMap((version) => FILES.map((file) => join(folder, version, file)));
  return candidates.find((candidate) => existsSync(candidate));
}
