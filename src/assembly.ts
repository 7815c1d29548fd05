import { availableParallelism } from "node:os";
import { configuredModels, parseModelConfigs, readModelConfigFile } from "./config/configured-models.ts";
import { readTlsIdentity, type TlsIdentity } from "./config/tls-identity.ts";
import type { Flags } from "./flags/flag-table.ts";
import { ServableManager } from "./lifecycle/manager.ts";
import { StateBus } from "./lifecycle/state-bus.ts";
import { availabilityPreservingPolicy } from "./lifecycle/version-policy.ts";
import type { ServablePayload } from "./loaders/servable-payload.ts";
import { parseCodings } from "./protocols/rest/response-compression.ts";
import type { RestServiceOptions } from "./protocols/rest/service.ts";
import { pollConfigFile } from "./server/config-file-polling.ts";
import { watchIdentity } from "./server/identity-watch.ts";
import { ServerCore, type StartWait } from "./server/server-core.ts";
import { FileSystemStoragePathSource } from "./sources/file-system-storage-path-source.ts";
import { createLogger, type LogSink } from "./status/log.ts";
import { fileStorage } from "./storage/file.ts";
import { LoaderThread } from "./threads/loader-thread-client.ts";
import type { ControlCall, WorkerSettings } from "./threads/messages.ts";
import { ServerSockets } from "./threads/server-sockets.ts";
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

/**
 * Puts a server together and resolves when every configured model is served and the ports are open.
 * @param signal ends the start.
 * @throws StatusError if a port is taken or a model can't be loaded; everything is torn down by then.
 */
export async function startServer(flags: Flags, sink: LogSink, signal: AbortSignal): Promise<RunningServer> {
  const rest = restOptions(flags);
  const models = await configuredModels({
    configFile: flags.model_config_file,
    name: flags.model_name,
    basePath: flags.model_base_path,
  });
  const bus = new StateBus();
  const files = { grpc: flags.ssl_config_file, rest: flags.rest_api_ssl_config_file };
  const identities = { grpc: await identityIn(files.grpc), rest: await identityIn(files.rest) };
  const sockets = await ServerSockets.open(
    flags.bind_address,
    {
      grpc: { port: flags.port, path: flags.grpc_socket_path },
      rest: { port: flags.rest_api_port, path: flags.rest_api_socket_path },
    },
    identities,
  );
  const intraOpThreads = flags.tensorflow_intra_op_parallelism || availableParallelism();
  const loaderThread = new LoaderThread(
    { intraOpThreads, savedModelTags: flags.saved_model_tags.split(",") },
    sink,
  );
  const settings: Omit<WorkerSettings, "number"> = {
    intraOpThreads,
    restTimeoutMilliseconds: flags.rest_api_timeout_in_ms,
    rest,
    tensorContent: flags.enable_serialization_as_tensor_content,
    checksMethodName: flags.enable_signature_method_name_check,
  };
  const pool = new WorkerPool(
    flags.request_workers || availableParallelism(),
    (number) => spawnRequestWorker({ ...settings, number }),
    (call) => answerWorker(call),
    sink,
  );
  const manager = new ServableManager<ServablePayload>({
    policy: availabilityPreservingPolicy,
    retry: {
      maxNumLoadRetries: flags.max_num_load_retries,
      loadRetryIntervalMicros: flags.load_retry_interval_micros,
    },
    createLoader: loaderThread.createLoader,
    pool,
    bus,
    log: createLogger(sink, "lifecycle/manager"),
  });
  const source = new FileSystemStoragePathSource(
    {
      servables: [],
      pollWaitSeconds: flags.file_system_poll_wait_seconds,
      servableVersionsAlwaysPresent: false,
    },
    fileStorage,
    createLogger(sink, "sources/file_system_storage_path_source"),
  );
  bus.subscribe(({ id, ...status }) => pool.announce(id.name, { version: id.version, ...status }));
  const core = new ServerCore({
    source,
    bus,
    pool,
    allowVersionLabelsForUnavailableModels: flags.allow_version_labels_for_unavailable_models,
    log: createLogger(sink, "model_servers/server_core"),
  });
  const answerWorker = async (call: ControlCall): Promise<void> => {
    switch (call.kind) {
      case "reload-config":
        return core.reload(await parseModelConfigs(call.config));
    }
  };
  const polling = new AbortController();

  const tearDown = async (): Promise<void> => {
    polling.abort();
    await source.stop();
    await pool.stop();
    await loaderThread.stop();
    sockets.close();
  };
  try {
    const started = core.start(
      models,
      (aspired) => manager.setAspiredVersions(aspired),
      flags.wait_for_models as StartWait,
    );
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
      await source.stop();
      await pool.drain(drainMilliseconds);
      await tearDown();
    },
  };
}

function restOptions(flags: Flags): RestServiceOptions {
  return {
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

/** Rejects with the signal's reason. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}
