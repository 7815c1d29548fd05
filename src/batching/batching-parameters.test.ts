import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromText } from "@bufbuild/protobuf/txtpb";
import { BatchingParametersSchema } from "../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";
import { Code } from "../status/status.ts";
import { allowedSize, completeParameters } from "./batching-parameters.ts";

const read = (text: string) => completeParameters(fromText(BatchingParametersSchema, text));

describe("completeParameters", () => {
  it("takes the scheduler's defaults for what a file doesn't say", () => {
    const defaults = {
      maxBatchSize: 1000,
      maxExecutionBatchSize: 1000,
      batchTimeoutMicros: 0,
      maxEnqueuedBatches: 10,
      allowedBatchSizes: [],
      padVariableLengthInputs: false,
      enableLargeBatchSplitting: false,
    };
    assert.deepEqual(read(""), defaults);
    assert.deepEqual(completeParameters({}), defaults);
  });

  it("reads what a file of TensorFlow Serving's documentation says", () => {
    assert.deepEqual(
      read(`
        max_batch_size { value: 128 }
        batch_timeout_micros { value: 1500 }
        max_enqueued_batches { value: 1000000 }
        num_batch_threads { value: 8 }
        thread_pool_name { value: "pool" }
        allowed_batch_sizes: [16, 32]
        pad_variable_length_inputs: true
        enable_large_batch_splitting { value: true }
        max_execution_batch_size { value: 32 }`),
      {
        maxBatchSize: 128,
        maxExecutionBatchSize: 32,
        batchTimeoutMicros: 1500,
        maxEnqueuedBatches: 1_000_000,
        allowedBatchSizes: [16, 32],
        padVariableLengthInputs: true,
        enableLargeBatchSplitting: true,
      },
    );
  });

  it("takes a max_enqueued_batches of 0 for 1, and ignores max_execution_batch_size, where nothing is split", () => {
    const { maxEnqueuedBatches, maxExecutionBatchSize } = read(`
      max_batch_size { value: 8 } max_enqueued_batches { value: 0 } max_execution_batch_size { value: 4 }`);
    assert.deepEqual([maxEnqueuedBatches, maxExecutionBatchSize], [1, 8]);
  });

  const SPLIT = "enable_large_batch_splitting { value: true }";
  for (const [text, message] of [
    ["max_batch_size { value: 0 }", "input_batch_size_limit must be positive; was 0"],
    ["batch_timeout_micros { value: -1 }", "batch_timeout_micros must be non-negative; was -1"],
    [`max_enqueued_batches { value: 0 } ${SPLIT}`, "max_enqueued_batches must be positive; was 0"],
    [
      `max_batch_size { value: 8 } max_execution_batch_size { value: 9 } ${SPLIT}`,
      "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to " +
        "max_execution_batch_size.",
    ],
    [
      "max_batch_size { value: 8 } allowed_batch_sizes: [2, 4]",
      "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8",
    ],
    [
      "allowed_batch_sizes: [8, 16]",
      "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 16; expected 1000",
    ],
    [
      "max_batch_size { value: 8 } allowed_batch_sizes: [4, 2, 8]",
      "allowed_batch_sizes entries must be monotonically increasing",
    ],
    [
      "max_batch_size { value: 8 } allowed_batch_sizes: [0, 8]",
      "allowed_batch_sizes entries must be monotonically increasing",
    ],
  ] as const) {
    it(`refuses ${text}`, () => {
      assert.throws(() => read(text), { code: Code.INVALID_ARGUMENT, message });
    });
  }
});

describe("allowedSize", () => {
  it("is the next size up, or the batch's own if there is none", () => {
    assert.deepEqual(
      [1, 2, 3, 8, 9].map((rows) => allowedSize([2, 8], rows)),
      [2, 2, 8, 8, 9],
    );
    assert.equal(allowedSize([], 3), 3);
  });
});
