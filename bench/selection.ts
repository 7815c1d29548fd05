/** What the command line asks for. */
export interface Selection {
  readonly models: readonly string[];
  readonly forms: readonly RequestForm[];
  readonly connections: readonly number[];
  readonly parts: readonly Part[];
  /** Whether the server writes CPU profiles. */
  readonly profiles: boolean;
  /** Flags for the server. */
  readonly serverFlags: readonly string[];
}

/**
 * `load`: each connection sends its next request when an answer has come. `open`: requests come at a fixed rate, whether
 * others were answered or not. `cold`: starts. `swap`: versions come and go under load.
 */
export type Part = "load" | "open" | "cold" | "swap";
export type RequestForm = "typed" | "content" | "rest" | "b64" | "protobuf";

const PARTS: readonly Part[] = ["load", "open", "cold", "swap"];
const FORMS: readonly RequestForm[] = ["typed", "content", "rest", "b64", "protobuf"];
const CONNECTIONS: readonly number[] = [1, 8, 64];

/**
 * Words choose among models, parts, forms (`grpc` is `typed` and `content`) and numbers of connections; a kind of which no word
 * speaks is taken whole. `--profile` is for the bench, what else begins with `--` for the server.
 * @throws Error that names a word that says nothing.
 */
export function select(args: readonly string[], models: readonly string[]): Selection {
  const flags = args.filter((arg) => arg.startsWith("--"));
  const words = args
    .filter((arg) => !arg.startsWith("--"))
    .flatMap((word) => (word === "grpc" ? ["typed", "content"] : [word]));
  const known = new Set<string>([...models, ...PARTS, ...FORMS]);
  for (const word of words) {
    if (!known.has(word) && !(Number(word) > 0)) {
      throw new Error(
        `"${word}" is none of ${[...known].join(", ")}, grpc, a number of connections, a --flag for the server`,
      );
    }
  }
  const chosen = <T extends string>(all: readonly T[]): readonly T[] => {
    const some = all.filter((item) => words.includes(item));
    return some.length > 0 ? some : all;
  };
  const numbers = words.map(Number).filter((number) => number > 0);
  return {
    models: chosen(models),
    forms: chosen(FORMS),
    connections: numbers.length > 0 ? numbers : CONNECTIONS,
    parts: chosen(PARTS),
    profiles: flags.includes("--profile"),
    serverFlags: flags.filter((flag) => flag !== "--profile"),
  };
}
