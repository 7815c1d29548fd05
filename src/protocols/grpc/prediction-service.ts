import { type PredictResponse, predict } from "../../inference/predict.ts";
import type { ServableLookup } from "../../lifecycle/servable.ts";
import { APIS, type Api } from "../../monitoring/api.ts";
import type { RequestObserver } from "../../monitoring/request-observer.ts";
import type { RequestLimits } from "../request-limits.ts";
import type { UnaryMethods } from "../unary.ts";
import { type LookupMethod, observedMethod } from "./observed-method.ts";
import { decodePredictRequest, encodePredictResponse } from "./predict-codec.ts";

export interface PredictionServiceOptions {
  /** Answer with tensor_content instead of typed fields (--enable_serialization_as_tensor_content). Default: false. */
  readonly tensorContent?: boolean;
  /** Classify and Regress refuse signatures of another method, Predict those of an unknown one (--enable_signature_method_name_check). Default: false. */
  readonly checksMethodName?: boolean;
  /** What one request may make of its bytes. Default: DEFAULT_REQUEST_LIMITS. */
  readonly limits?: RequestLimits;
}

/**
 * Methods of tensorflow.serving.PredictionService. Predict answers without a promise where `predict` does.
 * @param observer told of each call.
 */
export function predictionService(
  lookup: ServableLookup,
  options: PredictionServiceOptions = {},
  observer?: RequestObserver,
): UnaryMethods {
  const form = options.tensorContent ? "content" : "typed";
  const { limits } = options;
  const methodCheck = { checksMethodName: options.checksMethodName ?? false };
  const examplesOptions = { ...methodCheck, ...(limits !== undefined && { limits }) };
  const respond = (response: PredictResponse): Uint8Array => {
    try {
      return encodePredictResponse(response, form);
    } finally {
      response.dispose();
    }
  };
  const predictMethod: LookupMethod = (found, message, { cancellation }) => {
    const response = predict(
      found,
      decodePredictRequest(message, undefined, limits),
      methodCheck,
      cancellation,
    );
    return response instanceof Promise ? response.then(respond) : respond(response);
  };
  const methods = [
    ["Predict", APIS.grpcPredict, predictMethod],
    [
      "Classify",
      APIS.grpcClassify,
      async (found, message, { cancellation }) =>
        (await import("./example-methods.ts")).answerClassify(found, message, examplesOptions, cancellation),
    ],
    [
      "Regress",
      APIS.grpcRegress,
      async (found, message, { cancellation }) =>
        (await import("./example-methods.ts")).answerRegress(found, message, examplesOptions, cancellation),
    ],
    [
      "MultiInference",
      APIS.grpcMultiInference,
      async (found, message, { cancellation }) =>
        (await import("./example-methods.ts")).answerMultiInference(
          found,
          message,
          examplesOptions,
          cancellation,
        ),
    ],
    [
      "GetModelMetadata",
      APIS.grpcMetadata,
      async (found, message) => (await import("./model-methods.ts")).answerModelMetadata(found, message),
    ],
  ] as const satisfies readonly (readonly [string, Api, LookupMethod])[];
  return new Map(
    methods.map(([name, api, answer]) => [
      `/tensorflow.serving.PredictionService/${name}`,
      observedMethod(observer, api, lookup, answer),
    ]),
  );
}
