import { availableParallelism } from "node:os";
import type { BatchingParameters, GivenParameters } from "../batching/batching-parameters.ts";
import type { SessionBundleConfig } from "../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";
import { invalidArgument } from "../status/status.ts";

/** What of the server is batched, and how. */
export interface BatchingSettings {
  /**
   * For all models; or each has its own, or else isn't batched; or those signatures are batched that gain from it, without
   * parameters.
   */
  readonly parameters: BatchingParameters | "own" | "auto";
  /** Batches, of all models, that run at a time. Default: one per core. */
  readonly numBatchThreads: number;
}

export interface BatchingSelection {
  readonly enabled: boolean;
  /** If not empty, a file with BatchingParameters. */
  readonly parametersFile: string;
  /** Whatever waits at the same time is run together, where that pays. */
  readonly auto: boolean;
  /** Each model has a file of its own; of the server's only what concerns threads counts. */
  readonly perModel: boolean;
  /** The settings of the platform's file, which takes the place of all of these. */
  readonly platform: SessionBundleConfig | undefined;
}

/** A batch that is ready never waits for others to end. */
const AUTO: BatchingSettings = Object.freeze({
  parameters: "auto",
  numBatchThreads: Number.MAX_SAFE_INTEGER,
});

/**
 * @returns undefined if nothing is batched.
 * @throws StatusError (rejects) NOT_FOUND or INVALID_ARGUMENT, as TensorFlow Serving's server.cc words it.
 */
export async function batchingSettings({
  enabled,
  parametersFile,
  perModel,
  platform,
  auto,
}: BatchingSelection): Promise<BatchingSettings | undefined> {
  if (auto) {
    if (!enabled && platform?.batchingParameters === undefined) return AUTO;
    throw invalidArgument(
      "--auto_batching is for servers without batching parameters: leave it out, or --enable_batching",
    );
  }
  if (platform !== undefined) {
    const { batchingParameters: own, enablePerModelBatchingParams } = platform;
    return own && complete(own, enablePerModelBatchingParams);
  }
  if (!enabled) {
    if (parametersFile === "") return undefined;
    throw invalidArgument(
      "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.",
    );
  }
  return complete(parametersFile === "" ? {} : await readParameters(parametersFile), perModel);
}

async function complete(given: GivenParameters, perModel: boolean): Promise<BatchingSettings> {
  const { completeParameters, mustBePositive } = await import("../batching/batching-parameters.ts");
  const numBatchThreads = Number(given.numBatchThreads ?? availableParallelism());
  mustBePositive("num_batch_threads", numBatchThreads);
  return { parameters: perModel ? "own" : completeParameters(given), numBatchThreads };
}

/** protobuf-es takes 50 ms to load: a server without a file does without. */
async function readParameters(path: string) {
  const [{ readTextProto }, { BatchingParametersSchema }] = await Promise.all([
    import("./text-proto.ts"),
    import("../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts"),
  ]);
  return readTextProto(BatchingParametersSchema, path);
}
