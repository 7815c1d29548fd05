import { resolve } from "node:path";
import type { ModelConfig } from "./model-server-config.ts";

export interface ModelSelection {
  /** If not empty, a file with a ModelServerConfig. */
  readonly configFile: string;
  /** The one model that is served without a file. */
  readonly name: string;
  /** A relative path begins at the working directory. */
  readonly basePath: string;
}

/**
 * The models that a server is started for. A file that says nothing gives none.
 * @throws StatusError (rejects) NOT_FOUND or INVALID_ARGUMENT for a file that can't be taken.
 */
export async function configuredModels(selection: ModelSelection): Promise<readonly ModelConfig[]> {
  const { configFile, name, basePath } = selection;
  if (configFile !== "") return (await readModelConfigFile(configFile)) ?? [];
  return [
    {
      name,
      basePath: resolve(basePath),
      platform: "tensorflow",
      versionPolicy: { kind: "latest", numVersions: 1 },
      versionLabels: new Map(),
    },
  ];
}

/**
 * protobuf-es takes 50 ms to load: a server that is started for one model does without.
 * @returns undefined if the file says nothing.
 * @throws StatusError (rejects) NOT_FOUND or INVALID_ARGUMENT.
 */
export async function readModelConfigFile(path: string): Promise<readonly ModelConfig[] | undefined> {
  const [{ readTextProto }, { modelConfigsOf }, { ModelServerConfigSchema }] = await Promise.all([
    import("./text-proto.ts"),
    import("./model-server-config.ts"),
    import("../proto/gen/tensorflow_serving/config/model_server_config_pb.ts"),
  ]);
  return modelConfigsOf(await readTextProto(ModelServerConfigSchema, path));
}

/**
 * @param bytes a serialized tensorflow.serving.ModelServerConfig.
 * @returns undefined if it says nothing.
 * @throws StatusError (rejects) INVALID_ARGUMENT.
 */
export async function parseModelConfigs(bytes: Uint8Array): Promise<readonly ModelConfig[] | undefined> {
  const [{ fromBinary }, { modelConfigsOf }, { ModelServerConfigSchema }] = await Promise.all([
    import("@bufbuild/protobuf"),
    import("./model-server-config.ts"),
    import("../proto/gen/tensorflow_serving/config/model_server_config_pb.ts"),
  ]);
  return modelConfigsOf(fromBinary(ModelServerConfigSchema, bytes));
}
