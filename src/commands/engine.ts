import { asStatusError, formatStatus } from "../status/status.ts";
import { readCommandLine } from "./command-line.ts";
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
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const request = parseEngine(args);
  if (typeof request === "string") {
    process.stderr.write(`${request}\n\n${USAGE}`);
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

/** What is wrong with the arguments, in words, if anything is. */
export function parseEngine(args: readonly string[]): EngineRequest | string {
  const read = readCommandLine(args, { from: { type: "string" } });
  if (typeof read === "string") return read;
  const { from } = read.values;
  const [verb, ...names] = read.positionals;
  if (verb !== "list" && verb !== "install" && verb !== "remove")
    return `Expected list, install or remove, got ${verb ?? "nothing"}`;
  if (from !== undefined && (verb !== "install" || from === ""))
    return "--from takes a file or a URL, and goes with install";
  if (verb === "list")
    return names.length === 0 ? { verb } : `'list' takes no name, but got ${names.join(" ")}`;
  if (names.length !== 1 || names[0] !== "tensorflow")
    return `Expected 'servable engine ${verb} tensorflow', got ${names.length === 0 ? "no name" : names.join(" ")}`;
  return verb === "install" ? { verb, from } : { verb };
}
