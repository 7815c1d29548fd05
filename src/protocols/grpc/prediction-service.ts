import { type PredictResponse, predict } from "../../inference/predict.ts";
import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { UnaryMethod, UnaryMethods } from "../unary.ts";
import { decodePredictRequest, encodePredictResponse } from "./predict-codec.ts";

export interface PredictionServiceOptions {
  /** Answer with tensor_content instead of typed fields (--enable_serialization_as_tensor_content). Default: false. */
  readonly tensorContent?: boolean;
  /** Classify and Regress refuse signatures of another method, Predict those of an unknown one (--enable_signature_method_name_check). Default: false. */
  readonly checksMethodName?: boolean;
}

/** Methods of tensorflow.serving.PredictionService. Predict answers without a promise where `predict` does. */
export function predictionService(
  lookup: ServableLookup,
  options: PredictionServiceOptions = {},
): UnaryMethods {
  const form = options.tensorContent ? "content" : "typed";
  const methodCheck = { checksMethodName: options.checksMethodName ?? false };
  const respond = (response: PredictResponse): Uint8Array => {
    try {
      return encodePredictResponse(response, form);
    } finally {
      response.dispose();
    }
  };
  return new Map<string, UnaryMethod>([
    [
      "/tensorflow.serving.PredictionService/Predict",
      (message, { cancellation }) => {
        const response = predict(lookup, decodePredictRequest(message), methodCheck, cancellation);
        return response instanceof Promise ? response.then(respond) : respond(response);
      },
    ],
    [
      "/tensorflow.serving.PredictionService/Classify",
      async (message, { cancellation }) =>
        (await import("./example-methods.ts")).answerClassify(lookup, message, methodCheck, cancellation),
    ],
    [
      "/tensorflow.serving.PredictionService/Regress",
      async (message, { cancellation }) =>
        (await import("./example-methods.ts")).answerRegress(lookup, message, methodCheck, cancellation),
    ],
    [
      "/tensorflow.serving.PredictionService/MultiInference",
      async (message, { cancellation }) =>
        (await import("./example-methods.ts")).answerMultiInference(
          lookup,
          message,
          methodCheck,
          cancellation,
        ),
    ],
    [
      "/tensorflow.serving.PredictionService/GetModelMetadata",
      async (message) => (await import("./model-methods.ts")).answerModelMetadata(lookup, message),
    ],
  ]);
}
