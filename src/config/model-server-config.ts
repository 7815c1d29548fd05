import {
  type ModelConfig as ModelConfigMessage,
  type ModelServerConfig as ModelServerConfigMessage,
  ModelType,
} from "../proto/gen/tensorflow_serving/config/model_server_config_pb.ts";
import type { RequestLogging } from "../request-log/request-logging.ts";
import type { ServableVersionPolicy } from "../sources/versions-to-aspire.ts";
import { invalidArgument } from "../status/status.ts";
import { localPath, requireAbsolute } from "./base-path.ts";
import { requestLoggingOf } from "./logging-config.ts";

/** The platforms that there is a loader for. */
const PLATFORMS: ReadonlySet<string> = new Set(["tensorflow"]);

/** A model to serve, complete and checked. */
export interface ModelConfig {
  /** What clients call it. */
  readonly name: string;
  /** The folder that has a folder for each version: an absolute path. */
  readonly basePath: string;
  readonly platform: string;
  readonly versionPolicy: ServableVersionPolicy;
  /** Label to version. */
  readonly versionLabels: ReadonlyMap<string, bigint>;
  /** Undefined if its requests aren't logged. */
  readonly requestLogging?: RequestLogging;
}

/**
 * The models of a tensorflow.serving.ModelServerConfig; undefined for one that says nothing at all, which means "no
 * change". Texts of the errors: TensorFlow Serving's server_core.cc.
 * @throws StatusError INVALID_ARGUMENT.
 */
export function modelConfigsOf({ config }: ModelServerConfigMessage): readonly ModelConfig[] | undefined {
  switch (config.case) {
    case undefined:
      return undefined;
    case "customModelConfig":
      throw invalidArgument("ModelServer does not yet support custom model config.");
    case "modelConfigList": {
      const messages = config.value.config;
      const names = new Set<string>();
      for (const { name } of messages) {
        if (names.has(name))
          throw invalidArgument(`Illegal to list model ${name} multiple times in config list`);
        names.add(name);
      }
      for (const { name, basePath } of messages) requireAbsolute(name, basePath);
      const models = messages.map(modelConfigOf);
      requireSeparateLogs(models);
      return models;
    }
  }
}

function modelConfigOf(message: ModelConfigMessage): ModelConfig {
  const { name, basePath, loggingConfig } = message;
  if (name === "") throw invalidArgument(`Expected the model at ${basePath} to have a name; got none`);
  const platform = platformOf(message);
  if (!PLATFORMS.has(platform))
    throw invalidArgument(`Model ${name} requests unsupported platform ${platform}`);
  const requestLogging = loggingConfig && requestLoggingOf(name, loggingConfig);
  return {
    name,
    basePath: localPath(basePath),
    platform,
    versionPolicy: versionPolicyOf(message),
    versionLabels: new Map(Object.entries(message.versionLabels)),
    ...(requestLogging !== undefined && { requestLogging }),
  };
}

/** Text: TensorFlow Serving's server_request_logger.cc. */
function requireSeparateLogs(models: readonly ModelConfig[]): void {
  const prefixes = new Set<string>();
  for (const { requestLogging } of models) {
    if (requestLogging === undefined) continue;
    const { filenamePrefix } = requestLogging;
    if (prefixes.has(filenamePrefix)) {
      throw invalidArgument(`Duplicate LogCollectorConfig::filename_prefix(): ${filenamePrefix}`);
    }
    prefixes.add(filenamePrefix);
  }
}

function platformOf({ modelType, modelPlatform }: ModelConfigMessage): string {
  if (modelType === ModelType.MODEL_TYPE_UNSPECIFIED) {
    if (modelPlatform !== "") return modelPlatform;
    throw invalidArgument(
      "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform.",
    );
  }
  if (modelPlatform !== "") {
    throw invalidArgument(
      "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform.",
    );
  }
  if (modelType === ModelType.TENSORFLOW) return "tensorflow";
  throw invalidArgument(`ModelServerConfig::model_type choice ${modelType} not supported.`);
}

function versionPolicyOf({ modelVersionPolicy }: ModelConfigMessage): ServableVersionPolicy {
  const choice = modelVersionPolicy?.policyChoice;
  switch (choice?.case) {
    case undefined:
      return { kind: "latest", numVersions: 1 };
    case "latest":
      return { kind: "latest", numVersions: choice.value.numVersions };
    case "all":
      return { kind: "all" };
    case "specific":
      return { kind: "specific", versions: choice.value.versions };
  }
}
