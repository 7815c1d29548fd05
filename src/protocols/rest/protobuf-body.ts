import { type PredictOptions, type PredictResponse, predict } from "../../inference/predict.ts";
import type { ServableLookup, ServableRequest } from "../../lifecycle/servable.ts";
import type { Cancellation } from "../../status/cancellation.ts";
import { invalidArgument } from "../../status/status.ts";
import { PREFIX_LENGTH } from "../grpc/framing.ts";
import type { MutableSpec } from "../grpc/model-spec.ts";
import { decodePredictRequest, encodePredictResponse } from "../grpc/predict-codec.ts";
import type { RequestLimits } from "../request-limits.ts";
import type { HttpRequest, HttpResponse } from "../unary.ts";

/** The content type under which :predict, :classify and :regress take and give messages in place of JSON. */
const PROTOBUF = "application/x-protobuf";
const PROTOBUF_TYPE = /^application\/x-protobuf\s*(;|$)/i;

export interface ProtobufPredictOptions extends PredictOptions {
  /** Answer with tensor_content instead of typed fields. */
  readonly tensorContent: boolean;
  /** Default: DEFAULT_REQUEST_LIMITS. */
  readonly limits?: RequestLimits;
}

export function isProtobuf({ headers }: HttpRequest): boolean {
  return PROTOBUF_TYPE.test(String(headers["content-type"] ?? ""));
}

/**
 * A serialized PredictRequest to a serialized PredictResponse. Returns without a promise where `predict` does.
 * @param model what the URL names.
 * @throws StatusError (or rejects with one) as the Predict RPC, and INVALID_ARGUMENT if the message names another model.
 */
export function answerProtobufPredict(
  lookup: ServableLookup,
  model: ServableRequest,
  body: Uint8Array,
  options: ProtobufPredictOptions,
  cancellation: Cancellation | undefined,
): HttpResponse | Promise<HttpResponse> {
  const reply = (response: PredictResponse): HttpResponse => {
    try {
      return protobufReply(encodePredictResponse(response, options.tensorContent ? "content" : "typed"));
    } finally {
      response.dispose();
    }
  };
  const response = predict(
    lookup,
    decodePredictRequest(body, (spec) => settleSpec(spec, model), options.limits),
    options,
    cancellation,
  );
  return response instanceof Promise ? response.then(reply) : reply(response);
}

/** @param frame a message behind the prefix that gRPC wants. */
export function protobufReply(frame: Uint8Array): HttpResponse {
  return { status: 200, headers: { "content-type": PROTOBUF }, body: frame.subarray(PREFIX_LENGTH) };
}

/**
 * Makes one of what a message and its URL say of the model: a message may leave out what the URL says, and say what the
 * URL leaves out, such as the signature.
 * @throws StatusError INVALID_ARGUMENT where they contradict each other.
 */
export function settleSpec(spec: MutableSpec, { name, version, label }: ServableRequest): void {
  if (spec.name !== "" && spec.name !== name) {
    throw invalidArgument(`The URL names the model ${name}, the request's model_spec ${spec.name}`);
  }
  spec.present = true;
  spec.name = name;
  if (version === undefined && label === undefined) return;
  const isGiven = spec.version !== undefined || spec.label !== undefined;
  if (isGiven && (spec.version !== version || spec.label !== label)) {
    throw invalidArgument(
      `The URL asks for ${choice(version, label)}, the request's model_spec for ${choice(spec.version, spec.label)}`,
    );
  }
  spec.version = version;
  spec.label = label;
}

function choice(version: bigint | undefined, label: string | undefined): string {
  return version === undefined ? `the label ${label}` : `version ${version}`;
}
