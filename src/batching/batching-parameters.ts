import type { BatchingParameters as BatchingParametersMessage } from "../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";
import { invalidArgument } from "../status/status.ts";

/** How the requests of one signature are put together. Sizes are rows: what dimension 0 counts. */
export interface BatchingParameters {
  /** Of one request. Default: 1000. */
  readonly maxBatchSize: number;
  /** Of one run. Default: `maxBatchSize`, which it differs from only where large requests are split. */
  readonly maxExecutionBatchSize: number;
  /** How long a batch that isn't full waits for more. Default: 0. */
  readonly batchTimeoutMicros: number;
  /** Batches that wait, before requests are refused. Default: 10. */
  readonly maxEnqueuedBatches: number;
  /** Rising; a batch is filled up to the next of these. Empty: none is. */
  readonly allowedBatchSizes: readonly number[];
  readonly padVariableLengthInputs: boolean;
  readonly enableLargeBatchSplitting: boolean;
}

/** What a file says; nothing of it need be there. */
export type GivenParameters = Partial<BatchingParametersMessage>;

// The scheduler's defaults: tensorflow/core/kernels/batching_util/shared_batch_scheduler.h.
const MAX_BATCH_SIZE = 1000;
const MAX_ENQUEUED_BATCHES = 10;

/**
 * Fills in what isn't given. Rules and texts: tensorflow/core/kernels/batching_util/shared_batch_scheduler.h,
 * tensorflow_serving/servables/tensorflow/bundle_factory_util.cc and batching/batching_session.cc.
 * @throws StatusError INVALID_ARGUMENT for a combination that can't be.
 */
export function completeParameters(given: GivenParameters): BatchingParameters {
  const splits = given.enableLargeBatchSplitting ?? false;
  const maxBatchSize = Number(given.maxBatchSize ?? MAX_BATCH_SIZE);
  const parameters: BatchingParameters = {
    maxBatchSize,
    maxExecutionBatchSize: splits ? Number(given.maxExecutionBatchSize ?? maxBatchSize) : maxBatchSize,
    batchTimeoutMicros: Number(given.batchTimeoutMicros ?? 0),
    maxEnqueuedBatches: maxEnqueuedBatches(Number(given.maxEnqueuedBatches ?? MAX_ENQUEUED_BATCHES), splits),
    allowedBatchSizes: (given.allowedBatchSizes ?? []).map(Number),
    padVariableLengthInputs: given.padVariableLengthInputs ?? false,
    enableLargeBatchSplitting: splits,
  };
  check(parameters);
  return Object.freeze(parameters);
}

/** Without splitting, 0 has always meant 1. */
function maxEnqueuedBatches(given: number, splits: boolean): number {
  return given === 0 && !splits ? 1 : given;
}

function check(parameters: BatchingParameters): void {
  const { maxBatchSize, maxExecutionBatchSize, enableLargeBatchSplitting } = parameters;
  mustBePositive("input_batch_size_limit", maxBatchSize);
  if (parameters.batchTimeoutMicros < 0) {
    throw invalidArgument(`batch_timeout_micros must be non-negative; was ${parameters.batchTimeoutMicros}`);
  }
  mustBePositive("max_enqueued_batches", parameters.maxEnqueuedBatches);
  mustBePositive("max_execution_batch_size", maxExecutionBatchSize);
  if (enableLargeBatchSplitting && maxBatchSize < maxExecutionBatchSize) {
    throw invalidArgument(
      "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to " +
        "max_execution_batch_size.",
    );
  }
  checkAllowedSizes(parameters);
}

function checkAllowedSizes({
  allowedBatchSizes: sizes,
  maxBatchSize,
  maxExecutionBatchSize,
}: BatchingParameters): void {
  const last = sizes.at(-1);
  if (last === undefined) return;
  if (sizes.some((size, i) => size <= (sizes[i - 1] ?? 0))) {
    throw invalidArgument("allowed_batch_sizes entries must be monotonically increasing");
  }
  if (last === maxBatchSize || last === maxExecutionBatchSize) return;
  throw invalidArgument(
    `Last entry in allowed_batch_sizes must match max_batch_size; last entry was ${last}; expected ${maxBatchSize}`,
  );
}

/** @throws StatusError INVALID_ARGUMENT, as TensorFlow words it. */
export function mustBePositive(name: string, value: number): void {
  if (value < 1) throw invalidArgument(`${name} must be positive; was ${value}`);
}

/** The rows that a batch is run with. */
export function allowedSize(sizes: readonly number[], rows: number): number {
  return sizes.find((size) => size >= rows) ?? rows;
}
