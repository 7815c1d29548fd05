import { availableParallelism } from "node:os";
import { DEFAULT_SESSIONS, type TensorFlowSessions } from "../engines/engine-choice.ts";
import type { ConfigProto } from "../proto/gen/tensorflow/core/protobuf/config_pb.ts";
import type { SessionBundleConfig } from "../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";
import { failedPrecondition, invalidArgument } from "../status/status.ts";

/** How models are loaded and run. */
export interface SessionSettings {
  /** Threads that one operation may use. */
  readonly intraOpThreads: number;
  readonly tensorflow: TensorFlowSessions;
  /** The tags of the graph that is served of a SavedModel. */
  readonly savedModelTags: readonly string[];
  /** What the platform's file says, where there is one: it takes the place of the flags for all that it has a word for. */
  readonly platform?: SessionBundleConfig;
}

/** Flags, by the names of TensorFlow Serving. */
export interface SessionFlags {
  readonly tensorflow_session_parallelism: number;
  readonly tensorflow_intra_op_parallelism: number;
  readonly tensorflow_inter_op_parallelism: number;
  readonly tensorflow_session_config_file: string;
  readonly per_process_gpu_memory_fraction: number;
  readonly platform_config_file: string;
  readonly saved_model_tags: string;
}

/**
 * What the flags and the files that they name come to. Rules and texts: TensorFlow Serving's server.cc.
 * @throws StatusError (rejects) INVALID_ARGUMENT, NOT_FOUND or FAILED_PRECONDITION for flags or files that can't be taken.
 */
export async function sessionSettings(flags: SessionFlags): Promise<SessionSettings> {
  const intraOp = flags.tensorflow_intra_op_parallelism;
  const session = flags.tensorflow_session_parallelism;
  if (intraOp > 0 && flags.tensorflow_inter_op_parallelism > 0 && session > 0) {
    throw invalidArgument(
      "Either configure server_options.tensorflow_session_parallelism or (server_options.tensorflow_intra_op_parallelism, " +
        "server_options.tensorflow_inter_op_parallelism) separately. You cannot configure all.",
    );
  }
  const platform =
    flags.platform_config_file === "" ? undefined : await readPlatform(flags.platform_config_file);
  if (platform !== undefined) {
    const tags = platform.savedModelTags;
    return {
      intraOpThreads: threads(platform.sessionConfig?.intraOpParallelismThreads ?? 0),
      tensorflow: { ...DEFAULT_SESSIONS, config: await serializedSession(platform.sessionConfig) },
      savedModelTags: tags.length === 0 ? ["serve"] : tags,
      platform,
    };
  }
  const file = flags.tensorflow_session_config_file;
  const configured = file === "" ? undefined : await readSession(file);
  return {
    intraOpThreads: threads(intraOp || session || (configured?.intraOpParallelismThreads ?? 0)),
    tensorflow: {
      config: await serializedSession(configured),
      intraOpThreads: intraOp || session,
      interOpThreads: flags.tensorflow_inter_op_parallelism || session,
      gpuMemoryFraction: flags.per_process_gpu_memory_fraction,
    },
    savedModelTags: flags.saved_model_tags.split(","),
  };
}

function threads(wanted: number): number {
  return wanted > 0 ? wanted : availableParallelism();
}

// protobuf-es and the generated files take 50 ms to load: a server without such files does without.

async function serializedSession(config: ConfigProto | undefined): Promise<Uint8Array> {
  if (config === undefined) return DEFAULT_SESSIONS.config;
  const [{ toBinary }, { ConfigProtoSchema }] = await Promise.all([
    import("@bufbuild/protobuf"),
    import("../proto/gen/tensorflow/core/protobuf/config_pb.ts"),
  ]);
  return toBinary(ConfigProtoSchema, config);
}

async function readSession(path: string) {
  const [{ readTextProto }, { ConfigProtoSchema }] = await Promise.all([
    import("./text-proto.ts"),
    import("../proto/gen/tensorflow/core/protobuf/config_pb.ts"),
  ]);
  return readTextProto(ConfigProtoSchema, path);
}

async function readPlatform(path: string) {
  const [{ createRegistry }, { anyUnpack }, { readTextProto }, { PlatformConfigMapSchema }, adapter] =
    await Promise.all([
      import("@bufbuild/protobuf"),
      import("@bufbuild/protobuf/wkt"),
      import("./text-proto.ts"),
      import("../proto/gen/tensorflow_serving/config/platform_config_pb.ts"),
      import("../proto/gen/tensorflow_serving/servables/tensorflow/saved_model_bundle_source_adapter_pb.ts"),
    ]);
  const schema = adapter.SavedModelBundleSourceAdapterConfigSchema;
  const { platformConfigs } = await readTextProto(PlatformConfigMapSchema, path, createRegistry(schema));
  const platform = platformConfigs.tensorflow;
  if (platform === undefined)
    throw failedPrecondition("PlatformConfigMap has no entry for platform tensorflow");
  const { sourceAdapterConfig } = platform;
  const config = sourceAdapterConfig && anyUnpack(sourceAdapterConfig, schema);
  if (config?.legacyConfig !== undefined) return config.legacyConfig;
  throw invalidArgument(
    `${path}: expected the platform tensorflow to have a source_adapter_config with a legacy_config of type ` +
      `${schema.typeName}; got ${sourceAdapterConfig?.typeUrl ?? "none"}`,
  );
}
