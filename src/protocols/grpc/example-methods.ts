import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Classifications, classify } from "../../inference/classify.ts";
import type { ExamplesOptions, ExamplesResponse } from "../../inference/examples.ts";
import { type InferenceResult, multiInference } from "../../inference/multi-inference.ts";
import { type Regressions, regress } from "../../inference/regress.ts";
import type { ServableId, ServableLookup } from "../../lifecycle/servable.ts";
import {
  ClassificationResponseSchema,
  type ClassificationResultSchema,
} from "../../proto/gen/tensorflow_serving/apis/classification_pb.ts";
import {
  type InferenceResultSchema,
  MultiInferenceResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/inference_pb.ts";
import type { ModelSpecSchema } from "../../proto/gen/tensorflow_serving/apis/model_pb.ts";
import {
  RegressionResponseSchema,
  type RegressionResultSchema,
} from "../../proto/gen/tensorflow_serving/apis/regression_pb.ts";
import type { Cancellation } from "../../status/cancellation.ts";
import type { RequestLimits } from "../request-limits.ts";
import { decodeExamplesRequest, decodeMultiInferenceRequest } from "./examples-codec.ts";
import { frameMessage } from "./framing.ts";
import type { MutableSpec } from "./model-spec.ts";

// The calls with tf.Examples: requests are decoded by hand, as examples are handed on as bytes; replies are small, and
// protobuf-es makes them. It takes long to load, so that the service imports this module when the first such call comes.

const text = new TextDecoder();

export interface DecodingOptions extends ExamplesOptions {
  /** Default: DEFAULT_REQUEST_LIMITS. */
  readonly limits?: RequestLimits;
}

/** ClassificationRequest to a framed ClassificationResponse. */
export async function answerClassify(
  lookup: ServableLookup,
  message: Uint8Array,
  options: DecodingOptions,
  cancellation?: Cancellation,
  settle?: (spec: MutableSpec) => void,
): Promise<Uint8Array> {
  const request = decodeExamplesRequest(
    message,
    "tensorflow.serving.ClassificationRequest",
    settle,
    options.limits,
  );
  return frameMessage(classificationResponse(await classify(lookup, request, options, cancellation)));
}

/** A serialized ClassificationResponse. */
export function classificationResponse(response: ExamplesResponse<Classifications>): Uint8Array {
  const result = classificationResult(response.result);
  return serialized(ClassificationResponseSchema, { result, modelSpec: specOf(response) });
}

/** RegressionRequest to a framed RegressionResponse. */
export async function answerRegress(
  lookup: ServableLookup,
  message: Uint8Array,
  options: DecodingOptions,
  cancellation?: Cancellation,
  settle?: (spec: MutableSpec) => void,
): Promise<Uint8Array> {
  const request = decodeExamplesRequest(
    message,
    "tensorflow.serving.RegressionRequest",
    settle,
    options.limits,
  );
  return frameMessage(regressionResponse(await regress(lookup, request, options, cancellation)));
}

/** A serialized RegressionResponse. */
export function regressionResponse(response: ExamplesResponse<Regressions>): Uint8Array {
  const result = regressionResult(response.result);
  return serialized(RegressionResponseSchema, { result, modelSpec: specOf(response) });
}

/** MultiInferenceRequest to a framed MultiInferenceResponse. */
export async function answerMultiInference(
  lookup: ServableLookup,
  message: Uint8Array,
  options: DecodingOptions,
  cancellation?: Cancellation,
): Promise<Uint8Array> {
  const { id, results } = await multiInference(
    lookup,
    decodeMultiInferenceRequest(message, options.limits),
    options,
    cancellation,
  );
  const response = { results: results.map((result) => inferenceResult(id, result)) };
  return frameMessage(serialized(MultiInferenceResponseSchema, response));
}

function inferenceResult(
  id: ServableId,
  result: InferenceResult,
): MessageInitShape<typeof InferenceResultSchema> {
  const modelSpec = specOf({ id, signatureName: result.signatureName });
  return result.kind === "classification"
    ? { modelSpec, result: { case: "classificationResult", value: classificationResult(result.result) } }
    : { modelSpec, result: { case: "regressionResult", value: regressionResult(result.result) } };
}

function classificationResult(
  examples: Classifications,
): MessageInitShape<typeof ClassificationResultSchema> {
  return {
    classifications: examples.map((classes) => ({
      classes: classes.map(({ label, score }) => ({
        label: label === undefined ? "" : text.decode(label),
        score: score ?? 0,
      })),
    })),
  };
}

function regressionResult(values: Regressions): MessageInitShape<typeof RegressionResultSchema> {
  return { regressions: values.map((value) => ({ value })) };
}

function specOf({
  id,
  signatureName,
}: Pick<ExamplesResponse<unknown>, "id" | "signatureName">): MessageInitShape<typeof ModelSpecSchema> {
  return { name: id.name, versionChoice: { case: "version", value: { value: id.version } }, signatureName };
}

function serialized<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, message));
}
