import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { createBatchThreads, releaseBatchThreads } from "./batching/batch-threads.ts";
import { cacheFolder } from "./cache-folder.ts";
import { batchingSettings } from "./config/batching-settings.ts";
import { parseChannelArguments } from "./config/channel-arguments.ts";
import { configuredModels, parseModelConfigs, readModelConfigFile } from "./config/configured-models.ts";
import { engineSettings } from "./config/engine-settings.ts";
import { limitsOf } from "./config/limits.ts";
import { prometheusPath } from "./config/monitoring-config.ts";
import { sessionSettings } from "./config/session-settings.ts";
import { readTlsIdentity, type TlsIdentity } from "./config/tls-identity.ts";
import { warmupSettings } from "./config/warmup-settings.ts";
import type { Flags } from "./flags/flag-table.ts";
import { LazyVersions } from "./lifecycle/lazy-versions.ts";
import type { Loader } from "./lifecycle/loader.ts";
import { ServableManager } from "./lifecycle/manager.ts";
import type { ServableId } from "./lifecycle/servable.ts";
import type { AspiredVersions, Source } from "./lifecycle/source.ts";
import { StateBus } from "./lifecycle/state-bus.ts";
import { availabilityPreservingPolicy, type VersionPolicy } from "./lifecycle/version-policy.ts";
import type { Payload } from "./loaders/module-payload.ts";
import { ServerMetrics } from "./monitoring/server-metrics.ts";
import { traceSettings } from "./monitoring/trace-settings.ts";
import { packageVersion } from "./package-version.ts";
import { ServerProfiler } from "./profiling/server-profiler.ts";
import { parseHosts } from "./protocols/grpc/management-guard.ts";
import type { MetricsPage } from "./protocols/rest/metrics-pages.ts";
import { parseCodings } from "./protocols/rest/response-compression.ts";
import type { RestServiceOptions } from "./protocols/rest/service.ts";
import { pollConfigFile } from "./server/config-file-polling.ts";
import { watchIdentity } from "./server/identity-watch.ts";
import { startOwnSource } from "./server/own-source.ts";
import { ServerCore, type StartWait } from "./server/server-core.ts";
import { FileSystemStoragePathSource } from "./sources/file-system-storage-path-source.ts";
import { createLogger, type LogSink } from "./status/log.ts";
import { failedPrecondition, invalidArgument } from "./status/status.ts";
import { fileStorage } from "./storage/file.ts";
import { LoaderThreads } from "./threads/loader-threads.ts";
import type { ControlCall, Publication, WorkerSettings } from "./threads/messages.ts";
import { RequestLogThread } from "./threads/request-log-thread.ts";
import { ServerSockets } from "./threads/server-sockets.ts";
import { spawnRequestWorker } from "./threads/thread-entry.ts";
import { WorkerPool } from "./threads/worker-pool.ts";

/** How often it is looked for versions that nobody asks for. */
const SWEEP_MILLISECONDS = 1000;

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
  const requestWorkers = flags.request_workers || availableParallelism();
  const limits = limitsOf(flags, requestWorkers);
  const { channel, ignored } = parseChannelArguments(flags.grpc_channel_arguments);
  if (ignored.length > 0) {
    const log = createLogger(sink, "model_servers/server");
    log.warning(`--grpc_channel_arguments: ${ignored.join(", ")} make no difference here`);
  }
  const models = await configuredModels({
    configFile: flags.model_config_file,
    name: flags.model_name,
    basePath: flags.model_base_path,
  });
  const metricsPages = await configuredPages(flags);
  if (metricsPages.length > 0 && flags.rest_api_port === 0) {
    createLogger(sink, "model_servers/server").warning(
      "Pages of metrics are on the REST port, and --rest_api_port is 0: there are none.",
    );
  }
  const { intraOpThreads, tensorflow, savedModelTags, platform } = await sessionSettings(flags);
  const engines = await engineSettings(flags, tensorflow);
  const batching = await batchingSettings({
    enabled: flags.enable_batching,
    parametersFile: flags.batching_parameters_file,
    perModel: flags.enable_per_model_batching_parameters,
    auto: flags.auto_batching,
    platform,
  });
  const warmup = warmupSettings(flags, platform);
  const verifiesWarmup = flags.verify_engine === "warmup";
  if (verifiesWarmup) await sayIfNothingIsVerified(flags, warmup.warmsUp, sink);
  const bus = new StateBus();
  const metrics = new ServerMetrics(packageVersion);
  const files = { grpc: flags.ssl_config_file, rest: flags.rest_api_ssl_config_file };
  const identities = { grpc: await identityIn(files.grpc), rest: await identityIn(files.rest) };
  const sockets = await ServerSockets.open(
    flags.bind_address,
    {
      grpc: { port: flags.port, path: flags.grpc_socket_path },
      rest: { port: restPort(flags, sink), path: flags.rest_api_socket_path },
    },
    identities,
  );
  const batchThreads = batching && createBatchThreads(batching.numBatchThreads);
  const loaderThreads = new LoaderThreads(
    flags.num_load_threads || availableParallelism(),
    {
      engines,
      intraOpThreads,
      savedModelTags,
      ...warmup,
      verifiesWarmup,
      checksMethodName: flags.enable_signature_method_name_check,
      allowsFileOps: flags.allow_file_ops,
      importCache: importCacheFolder(flags),
      batching: batching && { parameters: batching.parameters, requestWorkers },
    },
    sink,
    metrics,
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
    rest: restOptions(flags, limits),
    limits: limits.request,
    listenerLimits: limits.listener,
    allowedHosts: parseHosts(flags.allowed_hosts),
    tensorContent: flags.enable_serialization_as_tensor_content,
    checksMethodName: flags.enable_signature_method_name_check,
    batchThreads,
    metricsPages,
    traces: traceSettings(process.env, (problem) => createLogger(sink, "monitoring/tracer").warning(problem)),
    channel,
    healthService: flags.enable_grpc_healthcheck_service,
    profilerService: flags.enable_profiler,
  };
  const pool = new WorkerPool(
    requestWorkers,
    (number) => {
      const worker = spawnRequestWorker({ ...settings, number, requestLog: requestLog.connect() });
      if (batchThreads !== undefined) worker.on("exit", () => releaseBatchThreads(batchThreads, number));
      return worker;
    },
    (call) => answerWorker(call),
    sink,
    metrics,
  );
  if (flags.unload_idle_seconds > 0 && !flags.lazy_load) {
    throw invalidArgument(
      "--unload_idle_seconds is set without --lazy_load: what it unloaded would not come back",
    );
  }
  const ramLimitBytes = flags.total_model_memory_limit_bytes || availableMemory();
  const createLoader = (id: ServableId, path: string) =>
    metrics.measured<Payload>(
      extensions.createLoader?.(id, path) ?? loaderThreads.createLoader(id, path),
      path,
      (payload) => ("signatures" in payload ? payload.signatures.size : 0),
    );
  const lazy = flags.lazy_load
    ? new LazyVersions<Payload>({
        pool,
        idleSeconds: flags.unload_idle_seconds,
        ramLimitBytes,
        log: createLogger(sink, "lifecycle/lazy_versions"),
      })
    : undefined;
  const manager = new ServableManager<Publication>({
    policy: extensions.versionPolicy ?? availabilityPreservingPolicy,
    retry: {
      maxNumLoadRetries: flags.max_num_load_retries,
      loadRetryIntervalMicros: flags.load_retry_interval_micros,
    },
    createLoader: lazy === undefined ? createLoader : (id, path) => lazy.lazy(createLoader(id, path)),
    pool: lazy?.pool ?? pool,
    bus,
    ramLimitBytes,
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
  bus.subscribe((event) => metrics.versionChanged(event));
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
  const reloadConfig = async (config: Uint8Array, names: readonly string[]) => {
    const before = metrics.totals(names);
    await core.reload(await parseModelConfigs(config));
    return new Map([...metrics.totals(names)].map(([name, after]) => [name, after - before.get(name)!]));
  };
  const profiler = new ServerProfiler(pool);
  const answerWorker = async (call: ControlCall): Promise<unknown> => {
    switch (call.kind) {
      case "metrics":
        return metrics.page(call.metrics);
      case "demand":
        return lazy?.demand(call.id);
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
        return reloadConfig(call.config, call.metrics);
    }
  };
  const polling = new AbortController();
  const sweeping = lazy && setInterval(() => void lazy.sweep(), SWEEP_MILLISECONDS).unref();

  const tearDown = async (): Promise<void> => {
    polling.abort();
    clearInterval(sweeping);
    await (extensions.source ?? fileSystemSource).stop();
    await pool.stop();
    await requestLog.stop();
    await loaderThreads.stop();
    sockets.close();
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
    await pool.listen(sockets);
    for (const protocol of ["grpc", "rest"] as const) {
      const [path, initial] = [files[protocol], identities[protocol]];
      if (initial === undefined) continue;
      void watchIdentity(
        {
          path,
          initial,
          read: () => readTlsIdentity(path),
          renew: (identity) => pool.renew(sockets.renew(protocol, identity)),
          log: createLogger(sink, "model_servers/server"),
        },
        polling.signal,
      );
    }
  } catch (error) {
    await tearDown();
    throw error;
  }
  return {
    grpcPort: sockets.grpcPort,
    restPort: sockets.restPort,
    async stop(drainMilliseconds) {
      polling.abort();
      await (extensions.source ?? fileSystemSource).stop();
      // As long as it is open here, the system takes connections that no worker will.
      sockets.close();
      await pool.drain(drainMilliseconds);
      await tearDown();
    },
  };
}

/**
 * The pages of metrics that flags ask for.
 * @throws StatusError (rejects) NOT_FOUND or INVALID_ARGUMENT.
 */
async function configuredPages(flags: Flags): Promise<readonly MetricsPage[]> {
  const pages: MetricsPage[] = [];
  const prometheus = await prometheusPath(flags.monitoring_config_file);
  if (prometheus !== undefined) pages.push({ path: prometheus, metrics: "all" });
  const own = flags.metrics_path;
  if (own !== "" && !/^\/[^?#]*$/.test(own)) {
    throw invalidArgument(`--metrics_path must begin with / and have no ? or #: ${own}`);
  }
  if (own !== "") pages.push({ path: own, metrics: "servable" });
  return pages;
}

/**
 * Once, however many models there are.
 * @throws StatusError (rejects) NOT_FOUND if a library is named and not there.
 */
async function sayIfNothingIsVerified(flags: Flags, warmsUp: boolean, sink: LogSink): Promise<void> {
  const log = createLogger(sink, "model_servers/server");
  if (!warmsUp) log.warning("--verify_engine=warmup compares nothing where no version is warmed up");
  const { findTensorFlow, INSTALL_COMMAND } = await import("./engines/tensorflow/library.ts");
  if (findTensorFlow(flags.tensorflow_library) !== undefined) return;
  log.warning(
    `--verify_engine=warmup compares nothing before TensorFlow is installed: '${INSTALL_COMMAND}' installs it. ` +
      "Imported versions serve meanwhile",
  );
}

function importCacheFolder({ import_cache_dir: folder }: Flags): string | undefined {
  if (folder === "") return undefined;
  return folder === "auto" ? join(cacheFolder(), "imports") : folder;
}

/** The text is TensorFlow Serving's. */
function restPort({ port, rest_api_port: rest }: Flags, sink: LogSink): number {
  if (rest === 0 || rest !== port) return rest;
  createLogger(sink, "model_servers/server").error(
    "server_options.http_port cannot be same as grpc_port. Please use a different port for HTTP/REST API. " +
      "Skipped exporting HTTP/REST API.",
  );
  return 0;
}

function restOptions(flags: Flags, limits: ReturnType<typeof limitsOf>): RestServiceOptions {
  return {
    limits: limits.request,
    maxBodyBytes: limits.maxBodyBytes,
    cors: flags.rest_api_enable_cors_support,
    serverTiming: flags.rest_api_server_timing,
    compression: parseCodings(flags.rest_api_response_compression),
    checksMethodName: flags.enable_signature_method_name_check,
    tensorContent: flags.enable_serialization_as_tensor_content,
  };
}

async function identityIn(path: string): Promise<TlsIdentity | undefined> {
  return path === "" ? undefined : readTlsIdentity(path);
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
