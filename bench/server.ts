import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { freePort } from "../src/free-port.ts";
import { cpuMicroseconds } from "./process-cpu.ts";
import type { BenchRequest } from "./requests.ts";

const PROGRAM = fileURLToPath(new URL("../bin/servable", import.meta.url));
const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const PROFILES = fileURLToPath(new URL("profiles/", import.meta.url));

/** How long a start may take. */
const START_MILLISECONDS = 60_000;

export interface Server {
  readonly pid: number;
  readonly grpcPort: number;
  readonly restPort: number;
  /** From the start of the process to the first answer to a :predict. */
  readonly firstAnswerMilliseconds: number;
  /** CPU time of all its threads until then. */
  readonly startCpuMilliseconds: number;
  /** What it has written to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** Has each thread write a CPU profile to bench/profiles when the server ends. */
  readonly profiles?: boolean;
  /** Has V8 write a line to the log for each collection of garbage. */
  readonly tracesCollections?: boolean;
}

/** What a server serves: one model's folder, or what a config file says; then `name` is one of its models. */
export type Served = { readonly name: string } & (
  | { readonly path: string }
  | { readonly configFile: string }
);

/**
 * Starts the program on models and resolves at its first answer.
 * @param first a request over HTTP that it must answer with status 200. Default: one for the model's status.
 * @throws Error with what the server wrote, if it ends or does not answer.
 */
export async function startServer(
  model: Served,
  first: BenchRequest | undefined,
  flags: readonly string[],
  { environment = {}, profiles = false, tracesCollections = false }: ServerOptions = {},
): Promise<Server> {
  const nodeFlags = [
    ...(profiles ? ["--cpu-prof", `--cpu-prof-dir=${PROFILES}`] : []),
    ...(tracesCollections ? ["--trace-gc"] : []),
  ];
  const [program, main] = nodeFlags.length > 0 ? [process.execPath, [...nodeFlags, MAIN]] : [PROGRAM, []];
  const [grpcPort, restPort] = [await freePort(), await freePort()];
  const start = performance.now();
  const child = spawn(
    program,
    [
      ...main,
      "serve",
      ...("path" in model
        ? [`--model_name=${model.name}`, `--model_base_path=${model.path}`]
        : [`--model_config_file=${model.configFile}`]),
      `--port=${grpcPort}`,
      `--rest_api_port=${restPort}`,
      "--bind_address=127.0.0.1",
      ...flags,
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } },
  );
  let log = "";
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (piece: Buffer) => {
      log += piece;
    });
  }
  while ((await ask(restPort, first, `/v1/models/${model.name}`)) !== 200) {
    if (child.exitCode !== null || performance.now() - start > START_MILLISECONDS) {
      await stop(child);
      throw new Error(`The server did not answer:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return {
    pid: child.pid!,
    grpcPort,
    restPort,
    firstAnswerMilliseconds: performance.now() - start,
    startCpuMilliseconds: cpuMicroseconds(child.pid!) / 1000,
    log: () => log,
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

/** The status of the answer, to a GET if there is no request; undefined while no one listens. */
function ask(port: number, post: BenchRequest | undefined, get: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const target =
      post === undefined ? { path: get } : { path: post.path, method: "POST", headers: post.headers };
    const call = request({ host: "127.0.0.1", port, agent: false, ...target }, (reply) => {
      reply.resume().on("end", () => resolve(reply.statusCode));
    });
    call.on("error", () => resolve(undefined));
    call.end(post?.body);
  });
}
