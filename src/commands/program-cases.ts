/** For tests: the program, as a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-port.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const LIST_PACKAGES = new URL("./loaded-packages-cases.ts", import.meta.url);

export interface CommandRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a subcommand to its end. */
export async function runCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<CommandRun> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece) => {
    out += piece;
  });
  child.stderr.on("data", (piece) => {
    err += piece;
  });
  const [code] = await once(child, "close");
  return { code, out, err };
}

export interface ProgramRun {
  readonly out: string;
  readonly err: string;
  /** Which packages the threads have loaded. */
  readonly packages: ReadonlySet<string>;
}

/**
 * Starts the program with the bundled example, does `use` when its ports are open, and ends it with SIGTERM.
 * @param use gets the ports.
 */
export async function runProgram(
  flags: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  use: (rest: number, grpc: number) => Promise<void> = async () => {},
): Promise<ProgramRun> {
  const [rest, grpc] = [await freePort(), await freePort()];
  const child = spawn(
    process.execPath,
    [
      `--import=${LIST_PACKAGES.href}`,
      MAIN,
      "serve",
      "--example",
      `--port=${grpc}`,
      `--rest_api_port=${rest}`,
      "--bind_address=127.0.0.1",
      "--request_workers=1",
      ...flags,
    ],
    { env: { ...process.env, ...environment } },
  );
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece) => {
    out += piece;
  });
  const open = new Promise<void>((resolve, reject) => {
    child.on("exit", () => reject(new Error(`The program ended:\n${err}`)));
    child.stderr.on("data", (piece) => {
      err += piece;
      if (err.includes("Exporting HTTP/REST API")) resolve();
    });
  });
  const closed = once(child, "close");
  try {
    await open;
    await use(rest, grpc);
  } finally {
    child.kill("SIGTERM");
    await closed;
  }
  const lists = [...out.matchAll(/^packages: (.*)$/gm)];
  return { out, err, packages: new Set(lists.flatMap(([, list]) => JSON.parse(list!) as string[])) };
}
