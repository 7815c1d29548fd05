import { type BatchingParameters, completeParameters } from "../batching/batching-parameters.ts";
import type { ModelBatching } from "../batching/batching-servable.ts";
import { createQueueLengths } from "../batching/queue-lengths.ts";
import { parseTextProto } from "../config/text-proto.ts";
import { BatchingParametersSchema } from "../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";
import { asStatusError, Code } from "../status/status.ts";
import { joinPath, type Storage } from "../storage/storage.ts";

/** What a loader must know to have the requests for a model batched. */
export interface BatchingOptions {
  /** For all models; or each has its own; or those signatures are batched that gain from it. */
  readonly parameters: BatchingParameters | "own" | "auto";
  /** How many threads serve. */
  readonly requestWorkers: number;
}

/** A version's own parameters (tensorflow_serving/servables/tensorflow/bundle_factory_util.cc). */
const FILE_NAME = "batching_params.pbtxt";

/**
 * How a version is batched by parameters that someone has written.
 * @param path the version's folder.
 * @param signatures their keys.
 * @param alone those that change state: each request changes it once, which a batch that is run once, or again in halves,
 * would not.
 * @returns undefined for a version that isn't batched, having no file where each has its own.
 * @throws StatusError (rejects) INVALID_ARGUMENT for a file that can't be taken.
 */
export async function modelBatching(
  storage: Storage,
  path: string,
  signatures: readonly string[],
  alone: readonly string[],
  {
    parameters: given,
    requestWorkers,
  }: BatchingOptions & { readonly parameters: BatchingParameters | "own" },
): Promise<ModelBatching | undefined> {
  const parameters = given === "own" ? await ownParameters(storage, joinPath(path, FILE_NAME)) : given;
  if (parameters === undefined) return undefined;
  return {
    parameters,
    alone,
    misfits: "refuse",
    lengths: createQueueLengths(signatures.length, requestWorkers),
  };
}

async function ownParameters(storage: Storage, file: string): Promise<BatchingParameters | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await storage.readFile(file);
  } catch (error) {
    if (asStatusError(error).code === Code.NOT_FOUND) return undefined;
    throw error;
  }
  return completeParameters(parseTextProto(BatchingParametersSchema, new TextDecoder().decode(bytes), file));
}
