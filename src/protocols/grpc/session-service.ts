import type { PredictResponse } from "../../inference/predict.ts";
import { type SessionRunRequest, sessionRun } from "../../inference/session-run.ts";
import type { ServableLookup } from "../../lifecycle/servable.ts";
import { APIS } from "../../monitoring/api.ts";
import type { RequestObserver } from "../../monitoring/request-observer.ts";
import { RequestAllowance, type RequestLimits } from "../request-limits.ts";
import type { UnaryMethods } from "../unary.ts";
import { bytesTag } from "./model-spec.ts";
import { observedMethod } from "./observed-method.ts";
import { decodePredictRequest, encodeNamedTensors } from "./predict-codec.ts";
import type { ValueForm } from "./tensor-encode.ts";
import { Wire, WireReader } from "./wire-reader.ts";

// Field numbers: tensorflow_serving/apis/session_service.proto. ModelSpec, feeds and fetches of a SessionRunRequest are on
// the wire what ModelSpec, inputs and output filter of a PredictRequest are; so are the tensors of the responses.
const REQUEST_TARGET = 4;
const REQUEST_NAME_IS_ALIAS = 6;
const RESPONSE_MODEL_SPEC = 3;

/**
 * The methods of tensorflow.serving.SessionService.
 * @param observer told of each call.
 * @param limits default: DEFAULT_REQUEST_LIMITS.
 */
export function sessionService(
  lookup: ServableLookup,
  form: ValueForm,
  observer?: RequestObserver,
  limits?: RequestLimits,
): UnaryMethods {
  const respond = (response: PredictResponse): Uint8Array => {
    try {
      return encodeNamedTensors(response, form, RESPONSE_MODEL_SPEC);
    } finally {
      response.dispose();
    }
  };
  return new Map([
    [
      "/tensorflow.serving.SessionService/SessionRun",
      observedMethod(observer, APIS.grpcSessionRun, lookup, (found, message, { cancellation }) => {
        const response = sessionRun(found, decodeSessionRunRequest(message, limits), cancellation);
        return response instanceof Promise ? response.then(respond) : respond(response);
      }),
    ],
  ]);
}

/** @throws StatusError as `decodePredictRequest` does. */
export function decodeSessionRunRequest(message: Uint8Array, limits?: RequestLimits): SessionRunRequest {
  const { model, inputs, outputFilter } = decodePredictRequest(message, undefined, limits);
  const allowance = new RequestAllowance(limits);
  const reader = new WireReader(message, "tensorflow.serving.SessionRunRequest");
  const targets: string[] = [];
  let namesAreAliases = false;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === bytesTag(REQUEST_TARGET)) {
      allowance.takeItems();
      targets.push(reader.string());
    } else if (tag === ((REQUEST_NAME_IS_ALIAS << 3) | Wire.VARINT))
      namesAreAliases = reader.varint32() !== 0;
    else reader.skip(tag);
  }
  const feeds = new Map([...inputs.keys()].map((key) => [key, inputs.get(key)!]));
  return { model, feeds, fetches: outputFilter, targets, namesAreAliases };
}
