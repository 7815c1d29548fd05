import { existsSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { failedPrecondition } from "../../status/status.ts";
import { loadNativeLibrary, type NativeLibrary } from "../native-library.ts";

/** Where a platform's library lies in `native/onnxruntime` of our package, and in the package onnxruntime-node. */
interface PlatformRow {
  /** `process.platform` and `process.arch`. */
  readonly platform: string;
  readonly packaged: string;
  readonly installed: string;
}

const PLATFORMS: readonly PlatformRow[] = [
  row("linux-x64", "libonnxruntime.so.1", "linux/x64"),
  row("linux-arm64", "libonnxruntime.so.1", "linux/arm64"),
  row("darwin-arm64", "libonnxruntime.1.dylib", "darwin/arm64"),
];

function row(platform: string, file: string, folder: string): PlatformRow {
  return { platform, packaged: join(platform, file), installed: join("bin/napi-v6", folder, file) };
}

/**
 * The path of ONNX Runtime's shared library: the copy that the published package carries, else the one inside an
 * installed onnxruntime-node.
 * @throws StatusError FAILED_PRECONDITION if there is none; its message says what to do.
 */
export function findLibrary(platform: string = `${process.platform}-${process.arch}`): string {
  const found = PLATFORMS.find((candidate) => candidate.platform === platform);
  if (found === undefined) {
    const known = PLATFORMS.map((candidate) => candidate.platform).join(", ");
    throw failedPrecondition(`ONNX Runtime is not packaged for ${platform}; it is for ${known}`);
  }
  const own = findPackageJSON("..", import.meta.url);
  const installed = installedPackage();
  const candidates = [
    ...(own === undefined ? [] : [join(dirname(own), "native/onnxruntime", found.packaged)]),
    ...(installed === undefined ? [] : [join(installed, found.installed)]),
  ];
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw failedPrecondition(
      `ONNX Runtime's library was not found (looked for ${candidates.join(" and ")}). ` +
        "Reinstall this package; in a checkout, run `npm ci`",
    );
  }
  return path;
}

function installedPackage(): string | undefined {
  try {
    const json = findPackageJSON("onnxruntime-node", import.meta.url);
    return json === undefined ? undefined : dirname(json);
  } catch {
    return undefined;
  }
}

/**
 * Since 1.29, ONNX Runtime reports sessions, models and errors to Microsoft, and keeps a device id and a queue of
 * reports under ~/.cache, unless this variable says no before the library is loaded
 * (https://github.com/microsoft/onnxruntime/pull/27379). A server must not; nor may it grow by 2 KB per failed run,
 * as that queue does.
 */
const FORBID_TELEMETRY = { ORT_DISABLE_TELEMETRY: "1" };

/** Loads the library into this thread. Once it is loaded it stays for the process's life. */
export function loadLibrary(path: string): NativeLibrary {
  return loadNativeLibrary("ONNX Runtime", path, FORBID_TELEMETRY);
}
