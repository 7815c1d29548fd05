import { availableParallelism } from "node:os";
import { basename } from "node:path";
import type { Personality } from "./commands/serve.ts";
import { closestName } from "./flags/suggestion.ts";
import { packageVersion } from "./package-version.ts";

const USAGE = `Usage: servable COMMAND

  serve      serve a model over gRPC and REST, as tensorflow_model_server does
  inspect    show what is in a SavedModel and whether it can be served
  verify     compare a model's answers with TensorFlow's
  engine     what runs models: install, list and remove engines
  warmup     make a model's warmup requests out of request logs
  version    print the version

'servable COMMAND --help' says more.
`;

// Loaded when called for: a server starts 150 ms earlier without the importer that `inspect` takes.
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => number | Promise<number>>> = {
  serve: (args) => serve(args, "servable"),
  inspect: async (args) => (await import("./commands/inspect.ts")).inspect(args),
  verify: async (args) => (await import("./commands/verify.ts")).verify(args),
  engine: async (args) => (await import("./commands/engine.ts")).engine(args),
  warmup: async (args) => (await import("./commands/warmup.ts")).warmup(args),
  version: () => print(`servable ${packageVersion}\n`),
};

/** What libuv has of its own accord. */
const FEWEST_THREADS = 4;

async function serve(args: readonly string[], personality: Personality): Promise<number> {
  // Long runs of models are on libuv's threads, of which there should be one per core. It counts them when it starts.
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(FEWEST_THREADS, availableParallelism()));
  return (await import("./commands/serve.ts")).serve(args, personality);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function main([name, ...args]: readonly string[]): number | Promise<number> {
  if (name === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  if (name === "--help" || name === "-h" || name === "help") return print(USAGE);
  if (name === "--version") return print(`servable ${packageVersion}\n`);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command(args[0] === "-h" ? ["--help"] : args);
  const closest = closestName(name, Object.keys(COMMANDS));
  process.stderr.write(
    `Unknown command: ${name}${closest === undefined ? "" : `. Did you mean ${closest}?`}\n\n${USAGE}`,
  );
  return 2;
}

// The program's name decides what it is: bin/tensorflow_model_server passes its own on.
const args = process.argv.slice(2);
const dropIn = basename(process.env.SERVABLE_PROGRAM ?? "servable") === "tensorflow_model_server";
process.exit(await (dropIn ? serve(args, "tensorflow_model_server") : main(args)));
