/** What a program of one's own may import from "servable": docs/extending.md shows how. */
import { type Extensions, type RunningServer, startServer } from "./assembly.ts";
import type { Flags } from "./flags/flag-table.ts";
import { checkFlags, parseFlags } from "./flags/parse-flags.ts";
import { createLogSink, type LogFormat, type LogSink } from "./status/log.ts";

export type { Extensions, RunningServer } from "./assembly.ts";
export type { RunResult } from "./engines/engine.ts";
export type { Flags } from "./flags/flag-table.ts";
export type { Loader, ResourceEstimate } from "./lifecycle/loader.ts";
export type { Servable, ServableId, Signature, SignatureTensor } from "./lifecycle/servable.ts";
export type { AspiredVersion, AspiredVersions, Source } from "./lifecycle/source.ts";
export {
  availabilityPreservingPolicy,
  resourcePreservingPolicy,
  type VersionAction,
  type VersionPolicy,
  type VersionSnapshot,
} from "./lifecycle/version-policy.ts";
export { type FunctionSignature, functionServable, type NamedTensors } from "./loaders/function-servable.ts";
export {
  type ModuleOptions,
  moduleLoader,
  type Payload,
  type ServableModule,
} from "./loaders/module-payload.ts";
export type { LogSink, Severity } from "./status/log.ts";
export { Code, StatusError } from "./status/status.ts";
export type { DType, NumericArray } from "./tensor/dtype.ts";
export type { Tensor, TensorSpec } from "./tensor/tensor.ts";

export interface ServerOptions extends Extensions {
  /** As on the command line. Default: the command line's defaults. */
  readonly flags?: Partial<Flags>;
  /** Where log lines go. Default: standard error. */
  readonly log?: LogSink;
  /** Ends the start. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a server in this process. Resolves when its ports are open; `stop` ends it.
 * @throws StatusError (rejects) if a flag has a value that it doesn't take, a port is taken or a model that the start waits for can't be loaded.
 */
export async function createServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { flags: given, log, signal, ...extensions } = options;
  const flags = { ...parseFlags([]).flags, ...given };
  checkFlags(flags);
  return startServer(
    flags,
    log ?? (await createLogSink(flags.log_format as LogFormat)),
    signal ?? new AbortController().signal,
    extensions,
  );
}
