import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { failedPrecondition, notFound } from "../../status/status.ts";
import { loadNativeLibrary, type NativeLibrary } from "../native-library.ts";
import { installedLibrary } from "./install/installed.ts";

/** The names that builds of TensorFlow with a C API have, Python's wheel and Java's artifact before the C archive. */
const FILES = [
  "libtensorflow_cc.so.2",
  "libtensorflow.so.2",
  "libtensorflow_cc.2.dylib",
  "libtensorflow.2.dylib",
];

/** Where a library may lie below a folder that someone names: a package, an unpacked archive, a virtual environment. */
const PLACES = ["", "lib", "tensorflow"];

/** What gets the engine. */
export const INSTALL_COMMAND = "servable engine install tensorflow";

/** Where Python's packages may be, besides those of an active virtual environment. */
const PYTHON_PREFIXES = ["/usr/local", "/usr", "/opt/conda", "/opt/homebrew"];

/**
 * The TensorFlow library to use: the one that is named, or that of a Python package, or the installed one. Only looks at
 * paths: nothing is loaded, and Python is never run.
 * @param named --tensorflow_library: a file, or a folder that holds it; empty to look for one.
 * @returns undefined if none is named and none is there.
 * @throws StatusError NOT_FOUND if there is none where one is named.
 */
export function findTensorFlow(
  named: string,
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  if (named !== "") return namedLibrary(resolve(named));
  return pythonLibrary(environment) ?? installedLibrary();
}

/** @throws StatusError FAILED_PRECONDITION, which says how to get one, if there is none; else as `findTensorFlow`. */
export function requireTensorFlow(named: string): string {
  const found = findTensorFlow(named);
  if (found !== undefined) return found;
  throw failedPrecondition(
    `The engine TensorFlow is not installed: run '${INSTALL_COMMAND}', or name a library with --tensorflow_library`,
  );
}

function namedLibrary(path: string): string {
  if (!existsSync(path)) throw notFound(`--tensorflow_library: ${path} does not exist`);
  if (!statSync(path).isDirectory()) return path;
  const found = libraryIn(path) ?? firstOf(sitePackages(path), inPackage);
  if (found !== undefined) return found;
  throw notFound(`--tensorflow_library: the folder ${path} holds none of ${FILES.join(", ")}`);
}

function pythonLibrary({ VIRTUAL_ENV, CONDA_PREFIX }: NodeJS.ProcessEnv): string | undefined {
  const prefixes = [VIRTUAL_ENV, CONDA_PREFIX, ...PYTHON_PREFIXES].filter((prefix) => prefix !== undefined);
  return firstOf(prefixes.flatMap(sitePackages), inPackage);
}

function inPackage(packages: string): string | undefined {
  return libraryIn(join(packages, "tensorflow"));
}

function libraryIn(folder: string): string | undefined {
  const candidates = PLACES.flatMap((place) => FILES.map((file) => join(folder, place, file)));
  return candidates.find((candidate) => existsSync(candidate));
}

/** The folders below a prefix that hold Python's packages, those of the newest Python first. */
function sitePackages(prefix: string): readonly string[] {
  const versions = entries(join(prefix, "lib"))
    .filter((name) => /^python3(\.\d+)?$/.test(name))
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return versions.flatMap((version) =>
    ["site-packages", "dist-packages"].map((kind) => join(prefix, "lib", version, kind)),
  );
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function firstOf<T>(all: readonly T[], find: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Its log is for its developers: what goes wrong comes back as a status. Whoever wants it sets the variable. */
const LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL";
const ERRORS_ONLY = "2";

/** Loads the library into this thread. Once it is loaded it stays for the process's life. */
export function loadLibrary(path: string): NativeLibrary {
  return loadNativeLibrary("TensorFlow", path, { [LOG_LEVEL]: process.env[LOG_LEVEL] ?? ERRORS_ONLY });
}
