import { availableParallelism, totalmem } from "node:os";
import { configuredModels, parseModelConfigs, readModelConfigFile } from "./config/configured-models.ts";
import { sessionSettings } from "./config/session-settings.ts";
import type { Flags } from "./flags/flag-table.ts";
import type { Loader } from "./lifecycle/loader.ts";
import { ServableManager } from "./lifecycle/manager.ts";
import type { ServableId } from "./lifecycle/servable.ts";
import type { AspiredVersions, Source } from "./lifecycle/source.ts";
import { StateBus } from "./lifecycle/state-bus.ts";
import { availabilityPreservingPolicy, type VersionPolicy } from "./lifecycle/version-policy.ts";
import { BoundSocket } from "./listeners/bound-socket.ts";
import type { Payload } from "./loaders/module-payload.ts";
import { ServerProfiler } from "./profiling/server-profiler.ts";
import { pollConfigFile } from "./server/config-file-polling.ts";
import { startOwnSource } from "./server/own-source.ts";
import { ServerCore, type StartWait } from "./server/server-core.ts";
import { FileSystemStoragePathSource } from "./sources/file-system-storage-path-source.ts";
import { createLogger, type LogSink } from "./status/log.ts";
import { failedPrecondition } from "./status/status.ts";
import { fileStorage } from "./storage/file.ts";
import { LoaderThreads } from "./threads/loader-threads.ts";
import type { ControlCall, WorkerSettings } from "./threads/messages.ts";
import { RequestLogThread } from "./threads/request-log-thread.ts";
import { spawnRequestWorker } from "./threads/thread-entry.ts";
import { WorkerPool } from "./threads/worker-pool.ts";

/** A server whose ports are open. */
export interface RunningServer {
  /** Undefined where there is no such listener. */
  readonly grpcPort: number | undefined;
  readonly restPort: number | undefined;
  /** Closes the ports, waits at most so long for requests in flight, and ends all threads. */
  stop(drainMilliseconds: number): Promise<void>;
}

/** What a server does in another way than the binary. */
export interface Extensions {
  /** Says which versions to serve, in the place of the flags and files that say so. */
  readonly source?: Source;
  /** The models of one's own source that the start waits for. Default: none. */
  readonly models?: readonly string[];
  /** In which order versions come and go. Default: new ones are loaded before old ones go. */
  readonly versionPolicy?: VersionPolicy;
  /** A loader for what the source found at a path; undefined for a SavedModel. Default: everything is a SavedModel. */
  readonly createLoader?: (id: ServableId, path: string) => Loader<Payload> | undefined;
}

/**
 * Puts a server together and resolves when every configured model is served and the ports are open.
 * @param signal ends the start.
 * @throws StatusError if a port is taken or a model can't be loaded; everything is torn down by then.
 */
export async function startServer(
  flags: Flags,
  sink: LogSink,
  signal: AbortSignal,
  extensions: Extensions = {},
): Promise<RunningServer> {
  const models = await configuredModels({
    configFile: flags.model_config_file,
    name: flags.model_name,
    basePath: flags.model_base_path,
  });
  const { intraOpThreads, savedModelTags, warmsUp, warmupIterations } = await sessionSettings(flags);
  const bus = new StateBus();
  const sockets = await openSockets(flags);
  const loaderThreads = new LoaderThreads(
    flags.num_load_threads || availableParallelism(),
    {
      intraOpThreads,
      savedModelTags,
      warmsUp,
      warmupIterations,
      checksMethodName: flags.enable_signature_method_name_check,
    },
    sink,
  );
  const requestLog = new RequestLogThread(
    {
      rotation: {
        maxFileBytes: flags.request_log_max_file_bytes,
        maxFileSeconds: flags.request_log_max_file_seconds,
        maxFiles: flags.request_log_max_files,
      },
      limitBytes: flags.request_log_buffer_bytes,
      savedModelTags,
    },
    sink,
  );
  const settings: Omit<WorkerSettings, "number" | "requestLog"> = {
    intraOpThreads,
    restTimeoutMilliseconds: flags.rest_api_timeout_in_ms,
    tensorContent: flags.enable_serialization_as_tensor_content,
    checksMethodName: flags.enable_signature_method_name_check,
    healthService: flags.enable_grpc_healthcheck_service,
    profilerService: flags.enable_profiler,
  };
  const pool = new WorkerPool(
    flags.request_workers || availableParallelism(),
    (number) => spawnRequestWorker({ ...settings, number, requestLog: requestLog.connect() }),
    (call) => answerWorker(call),
    sink,
  );
  const manager = new ServableManager<Payload>({
    policy: extensions.versionPolicy ?? availabilityPreservingPolicy,
    retry: {
      maxNumLoadRetries: flags.max_num_load_retries,
      loadRetryIntervalMicros: flags.load_retry_interval_micros,
    },
    createLoader: (id, path) => extensions.createLoader?.(id, path) ?? loaderThreads.createLoader(id, path),
    pool,
    bus,
    ramLimitBytes: flags.total_model_memory_limit_bytes || availableMemory(),
    log: createLogger(sink, "lifecycle/manager"),
  });
  const fileSystemSource = new FileSystemStoragePathSource(
    {
      servables: [],
      pollWaitSeconds: flags.file_system_poll_wait_seconds,
      servableVersionsAlwaysPresent: false,
      settleMilliseconds: flags.settle_milliseconds,
      isComplete: (path) => loaderThreads.call({ kind: "is-complete", path }),
    },
    fileStorage,
    createLogger(sink, "sources/file_system_storage_path_source"),
  );
  bus.subscribe(({ id, ...status }) => pool.announce(id.name, { version: id.version, ...status }));
  const core = new ServerCore({
    source: fileSystemSource,
    bus,
    pool: {
      setModels(names, labels, loggings) {
        if (loggings.size > 0) requestLog.start();
        return pool.setModels(names, labels, loggings);
      },
    },
    allowVersionLabelsForUnavailableModels: flags.allow_version_labels_for_unavailable_models,
    log: createLogger(sink, "model_servers/server_core"),
  });
  const profiler = new ServerProfiler(pool);
  const answerWorker = async (call: ControlCall): Promise<unknown> => {
    switch (call.kind) {
      case "profile":
        return profiler.profile(call.request);
      case "terminate-profile":
        return profiler.terminate(call.session);
      case "monitor":
        return profiler.monitor(call.request);
      case "reload-config":
        if (extensions.source !== undefined) {
          throw failedPrecondition(
            "The models of this server come from a source of its own; there is no config to reload",
          );
        }
        return core.reload(await parseModelConfigs(call.config));
    }
  };
  const polling = new AbortController();

  const closeSockets = () => {
    sockets.grpc?.close();
    sockets.rest?.close();
  };
  const tearDown = async (): Promise<void> => {
    polling.abort();
    await (extensions.source ?? fileSystemSource).stop();
    await pool.stop();
    await requestLog.stop();
    await loaderThreads.stop();
    closeSockets();
  };
  try {
    const emit = (aspired: AspiredVersions) => manager.setAspiredVersions(aspired);
    const { source: ownSource, models: awaited = [] } = extensions;
    const started =
      ownSource === undefined
        ? core.start(models, emit, flags.wait_for_models as StartWait)
        : startOwnSource({ source: ownSource, models: awaited, bus, pool }, emit);
    await Promise.race([started, aborted(signal)]);
    if (flags.model_config_file !== "" && flags.model_config_file_poll_wait_seconds > 0) {
      void pollConfigFile(
        {
          pollWaitSeconds: flags.model_config_file_poll_wait_seconds,
          read: () => readModelConfigFile(flags.model_config_file),
          reload: (changed) => core.reload(changed),
          log: createLogger(sink, "model_servers/server"),
        },
        polling.signal,
      );
    }
    await pool.listen({
      duplicate: () => ({ grpc: sockets.grpc?.duplicate(), rest: sockets.rest?.duplicate() }),
    });
  } catch (error) {
    await tearDown();
    throw error;
  }
  return {
    grpcPort: sockets.grpc?.port,
    restPort: sockets.rest?.port,
    async stop(drainMilliseconds) {
      polling.abort();
      await (extensions.source ?? fileSystemSource).stop();
      // As long as it is open here, the system takes connections that no worker will.
      closeSockets();
      await pool.drain(drainMilliseconds);
      await tearDown();
    },
  };
}

async function openSockets(
  flags: Flags,
): Promise<{ grpc: BoundSocket | undefined; rest: BoundSocket | undefined }> {
  const open = (port: number) => BoundSocket.open(flags.bind_address, port);
  const grpc = flags.port === 0 ? undefined : await open(flags.port);
  try {
    return { grpc, rest: flags.rest_api_port === 0 ? undefined : await open(flags.rest_api_port) };
  } catch (error) {
    grpc?.close();
    throw error;
  }
}

/** Bytes of main memory that the machine, or the container that we are in, has. */
function availableMemory(): number {
  return Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
}

/** Rejects with the signal's reason. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}
