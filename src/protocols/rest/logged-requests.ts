import type { Classifications } from "../../inference/classify.ts";
import type { ExamplesRequest, ExamplesResponse } from "../../inference/examples.ts";
import type { ModelSpec, NamedInputs, PredictResponse } from "../../inference/predict.ts";
import type { Regressions } from "../../inference/regress.ts";
import type { ServableRequest } from "../../lifecycle/servable.ts";
import { PREFIX_LENGTH } from "../grpc/framing.ts";
import { logAnswer } from "../grpc/logged-methods.ts";
import { encodePredictResponse } from "../grpc/predict-codec.ts";
import { encodeExamplesRequest, encodePredictRequest, encodeSpecField } from "../grpc/request-encode.ts";
import type { RequestSample } from "../request-log.ts";
import type { HttpResponse } from "../unary.ts";

// Requests that came as JSON are logged as the messages that ask and answer the same.

export function logPredict(
  sample: RequestSample,
  model: ModelSpec,
  inputs: NamedInputs,
  response: PredictResponse,
): void {
  if (!sample.isWantedFor(model.name)) return;
  const answer = encodePredictResponse(response, "typed").subarray(PREFIX_LENGTH);
  logAnswer(sample, "predict", encodePredictRequest(model, inputs), answer);
}

export async function logClassify(
  sample: RequestSample,
  { model, examples }: ExamplesRequest,
  response: ExamplesResponse<Classifications>,
): Promise<void> {
  if (!sample.isWantedFor(model.name)) return;
  const { classificationResponse } = await import("../grpc/example-methods.ts");
  logAnswer(sample, "classify", encodeExamplesRequest(model, examples), classificationResponse(response));
}

export async function logRegress(
  sample: RequestSample,
  { model, examples }: ExamplesRequest,
  response: ExamplesResponse<Regressions>,
): Promise<void> {
  if (!sample.isWantedFor(model.name)) return;
  const { regressionResponse } = await import("../grpc/example-methods.ts");
  logAnswer(sample, "regress", encodeExamplesRequest(model, examples), regressionResponse(response));
}

/**
 * Logs a request that came as a message, once it is answered with one.
 * @returns the reply.
 */
export function logMessage(
  sample: RequestSample,
  kind: "predict" | "classify" | "regress",
  model: ServableRequest,
  request: Uint8Array,
  reply: HttpResponse | Promise<HttpResponse>,
): HttpResponse | Promise<HttpResponse> {
  if (!sample.isWantedFor(model.name)) return reply;
  const log = (answered: HttpResponse): HttpResponse => {
    // What the URL says of the model, the message may leave out: protobuf merges the two.
    const spec = encodeSpecField({ ...model, signatureName: "" });
    logAnswer(sample, kind, Buffer.concat([request, spec]), answered.body as Uint8Array);
    return answered;
  };
  return reply instanceof Promise ? reply.then(log) : log(reply);
}
