import { fileURLToPath } from "node:url";
import { invalidArgument } from "../status/status.ts";

// RFC 3986: a scheme, then an authority. TensorFlow's io::ParseURI reads base paths so.
const URI = /^([a-zA-Z][0-9a-zA-Z.]*):\/\//;

/** @throws StatusError INVALID_ARGUMENT, as TensorFlow Serving's server_core.cc, for a path that depends on where we are. */
export function requireAbsolute(name: string, basePath: string): void {
  if (basePath.startsWith("/") || URI.test(basePath)) return;
  throw invalidArgument(
    `Expected model ${name} to have an absolute path or URI; got base_path()=${basePath}`,
  );
}

/**
 * The path that the storage of this machine's files takes.
 * @throws StatusError INVALID_ARGUMENT for a URI of another storage.
 */
export function localPath(basePath: string): string {
  const scheme = URI.exec(basePath)?.[1];
  if (scheme === undefined) return basePath;
  if (scheme.toLowerCase() === "file") return fileURLToPath(basePath);
  throw invalidArgument(
    `File system scheme '${scheme}' not implemented (file: '${basePath}'): expected a folder of this machine`,
  );
}
