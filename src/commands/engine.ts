import { asStatusError, formatStatus } from "../status/status.ts";
import { installEngine } from "./engine-install.ts";
import { listEngines } from "./engine-list.ts";
import { removeEngine } from "./engine-remove.ts";

const USAGE = `Usage: servable engine list
       servable engine install tensorflow [--from=FILE|URL]
       servable engine remove tensorflow

Models run on ONNX Runtime, which comes with servable, if the importer covers their operations ('servable inspect' tells).
TensorFlow's own library runs all others. It is not part of servable: 'install' gets it.

  list     which engines there are, with versions, sizes and places
  install  downloads TensorFlow's library for this platform (about 190 MB, and 850 MB unpacked) from Maven Central, checks
           it against the checksum that servable knows, and unpacks it into the cache folder. An interrupted download is
           continued by the next 'install'
  remove   deletes it, and what interrupted downloads have left

  --from=FILE|URL  the jar from elsewhere: a file that was brought here, or another place to download it from. The same
                   checksum is asked of it

Environment variables:

  SERVABLE_CACHE_DIR         the cache folder; without it that is servable/ in XDG_CACHE_HOME, else in ~/.cache (on macOS
                             in ~/Library/Caches). A server looks there too
  SERVABLE_MAVEN_REPOSITORY  the URL of a mirror of Maven Central
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS
                             proxies, and certificates to trust besides Node's own
`;

/** @returns the exit code: 0, 1 if it couldn't be done, 2 for wrong arguments. */
export async function engine(args: readonly string[]): Promise<number> {
  if (args.length === 0 || args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const request = parseEngine(args);
  if (request === undefined) {
    process.stderr.write(`Unknown: servable engine ${args.join(" ")}\n\n${USAGE}`);
    return 2;
  }
  try {
    if (request.verb === "list") listEngines();
    else if (request.verb === "remove") await removeEngine();
    else await installEngine(request.from);
    return 0;
  } catch (error) {
    process.stderr.write(`${formatStatus(asStatusError(error))}\n`);
    return 1;
  }
}

export type EngineRequest =
  | { readonly verb: "list" }
  | { readonly verb: "remove" }
  | { readonly verb: "install"; readonly from: string | undefined };

/** Undefined if the arguments are wrong. */
export function parseEngine([verb, ...rest]: readonly string[]): EngineRequest | undefined {
  if (verb === "list") return rest.length === 0 ? { verb } : undefined;
  if (verb !== "install" && verb !== "remove") return undefined;
  let from: string | undefined;
  const names: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    const arg = rest[i]!;
    if (!arg.startsWith("-")) names.push(arg);
    else if (arg.startsWith("--from=")) from = arg.slice("--from=".length);
    else if (arg === "--from" && i + 1 < rest.length) from = rest[++i]!;
    else return undefined;
  }
  if (names.length !== 1 || names[0] !== "tensorflow" || from === "") return undefined;
  if (verb === "install") return { verb, from };
  return from === undefined ? { verb } : undefined;
}
