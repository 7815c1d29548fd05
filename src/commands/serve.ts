import { fileURLToPath } from "node:url";
import { type RunningServer, startServer } from "../assembly.ts";
import type { FlagRow } from "../flags/flag-row.ts";
import { type Flags, flagTable } from "../flags/flag-table.ts";
import { formatFlags } from "../flags/format-help.ts";
import { parseFlags } from "../flags/parse-flags.ts";
import { packageVersion } from "../package-version.ts";
import { createLogger, createLogSink, type LogFormat } from "../status/log.ts";
import { asStatusError, Code, formatStatus, StatusError } from "../status/status.ts";
import { giveBackWhenIdle } from "../threads/idle-memory.ts";
import { describeEndpoints } from "./endpoints.ts";

/** Under which of its two names the program was started. */
export type Personality = "servable" | "tensorflow_model_server";

const DEFAULT_MODEL_NAME = flagTable.find(({ name }) => name === "model_name")!.defaultValue;

const EXAMPLE_PATH = fileURLToPath(new URL("../../examples/digits", import.meta.url));

/**
 * Serves until a signal ends it.
 * @returns the exit code: 0 after SIGTERM or SIGINT, 1 if the server could not start, 2 for wrong flags.
 */
export async function serve(args: readonly string[], personality: Personality): Promise<number> {
  const { flags: parsed, given: named, unknown, invalid } = parseFlags(args);
  if (parsed.help) {
    process.stdout.write(usage(personality));
    return 0;
  }
  if (parsed.version) {
    process.stdout.write(`servable ${packageVersion}\n`);
    return 0;
  }
  const strict = personality === "servable";
  for (const problem of [...unknown, ...invalid]) process.stderr.write(`${problem}\n`);
  if (invalid.length > 0 || (strict && unknown.length > 0)) {
    process.stderr.write(`Run '${personality}${strict ? " serve" : ""} --help' for the list of flags.\n`);
    return 2;
  }
  if (parsed.use_alts_credentials) {
    process.stderr.write(
      "--use_alts_credentials is not possible: this server has no ALTS, and won't serve without it.\n",
    );
    return 2;
  }
  const selected = { ...parsed, ...modelOfEnvironment(parsed, process.env) };
  const isNamed = selected.model_base_path !== "" || selected.model_config_file !== "";
  const example = selected.example && !isNamed;
  const flags = example ? { ...selected, model_name: "digits", model_base_path: EXAMPLE_PATH } : selected;
  if (flags.model_base_path === "" && flags.model_config_file === "") {
    process.stderr.write(
      "--model_base_path is required: the folder that has a folder for each version of the model. For several models " +
        "there is --model_config_file.\n",
    );
    return 2;
  }
  return run(flags, named, example);
}

/** What the start script of TensorFlow Serving's Docker image makes flags of, where the flags themselves don't say. */
function modelOfEnvironment(
  { model_name, model_base_path, model_config_file }: Flags,
  { MODEL_NAME: name, MODEL_BASE_PATH: base }: NodeJS.ProcessEnv,
): Partial<Flags> {
  if (name === undefined || name === "" || model_config_file !== "") return {};
  const isUnnamed = model_name === DEFAULT_MODEL_NAME;
  return {
    ...(isUnnamed && { model_name: name }),
    ...(model_base_path === "" && { model_base_path: `${base ?? "/models"}/${name}` }),
  };
}

/** @param given the names of the flags that were given. */
async function run(flags: Flags, given: ReadonlySet<string>, example: boolean): Promise<number> {
  const sink = await createLogSink(flags.log_format as LogFormat);
  const log = createLogger(sink, "model_servers/server");
  for (const { name, noEffect } of flagTable as readonly FlagRow[]) {
    if (noEffect !== undefined && given.has(name))
      log.warning(`--${name} makes no difference here: ${noEffect}`);
  }
  const ended = new AbortController();
  const signalled = new Promise<void>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) {
      // A second signal finds no listener and ends the process at once.
      process.once(name, () => {
        log.info(`${name} received: finishing the requests in flight`);
        ended.abort(new StatusError(Code.CANCELLED, `${name} received during the start`));
        resolve();
      });
    }
  });
  let server: RunningServer;
  try {
    server = await startServer(flags, sink, ended.signal);
  } catch (error) {
    if (ended.signal.aborted) return 0;
    log.error(`Failed to start server. Error: ${formatStatus(asStatusError(error))}`);
    return 1;
  }
  const host = flags.bind_address;
  if (server.grpcPort !== undefined) log.info(`Running gRPC ModelServer at ${host}:${server.grpcPort} ...`);
  if (server.restPort !== undefined) log.info(`Exporting HTTP/REST API at:${host}:${server.restPort} ...`);
  if (flags.grpc_socket_path !== "") {
    log.info(`Running gRPC ModelServer at UNIX socket ${flags.grpc_socket_path} ...`);
  }
  if (flags.rest_api_socket_path !== "") {
    log.info(`Exporting HTTP/REST API at UNIX socket ${flags.rest_api_socket_path} ...`);
  }
  // Where programs read the log, nothing is written for people.
  if (flags.log_format === "text") process.stdout.write(describeEndpoints(flags, server, example));
  // Nobody waits for this thread, and looking for new versions makes events each second.
  giveBackWhenIdle({ mostEvents: Number.POSITIVE_INFINITY });
  await signalled;
  await server.stop(flags.drain_timeout_seconds * 1000);
  return 0;
}

function usage(personality: Personality): string {
  const command = personality === "servable" ? "servable serve" : "tensorflow_model_server";
  return `Usage: ${command} --model_name=NAME --model_base_path=FOLDER [flags]
       ${command} --model_config_file=FILE [flags]

Serves SavedModels over gRPC and REST, and follows new versions as they appear.

${formatFlags()}`;
}
