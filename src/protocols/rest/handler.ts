import { classify } from "../../inference/classify.ts";
import type { ExamplesOptions } from "../../inference/examples.ts";
import { getModelMetadata, SIGNATURE_DEF } from "../../inference/model-metadata.ts";
import { getModelStatus } from "../../inference/model-status.ts";
import { type NamedInputs, type PredictResponse, predict } from "../../inference/predict.ts";
import { regress } from "../../inference/regress.ts";
import type { ServableLookup, ServableRequest } from "../../lifecycle/servable.ts";
import { Code, invalidArgument, StatusError } from "../../status/status.ts";
import { NO_REQUEST_LOG, type RequestLog } from "../request-log.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../unary.ts";
import { decodedBody } from "./content-encoding.ts";
import { writeClassifications, writeRegressions } from "./examples-reply.ts";
import { logClassify, logPredict, logRegress } from "./logged-requests.ts";
import { PredictBody } from "./predict-body.ts";
import { writeColumns, writeRows } from "./predict-reply.ts";
import { emptyReply, errorReply, htmlReply, jsonReply } from "./replies.ts";
import { findRoute } from "./routes.ts";

/** What a compressed body may grow to: the listener's default for bodies as they are sent. */
const MAX_BODY_BYTES = 2 ** 30;

/**
 * TensorFlow Serving's REST API, without sockets.
 * @returns a handler that answers every error that a client or a model causes. It throws (or rejects with) only
 * failures of our own, for the listener to log and to answer.
 */
export function restHandler(
  lookup: ServableLookup,
  options: ExamplesOptions = { checksMethodName: false },
  log: RequestLog = NO_REQUEST_LOG,
): HttpHandler {
  return (request) => {
    try {
      const response = answer(lookup, request, options, log);
      return response instanceof Promise ? response.catch(failure) : response;
    } catch (error) {
      return failure(error);
    }
  };
}

function failure(error: unknown): HttpResponse {
  if (!(error instanceof StatusError)) throw error;
  if (error.code === Code.INTERNAL && error.cause !== undefined) throw error;
  return errorReply(error);
}

function answer(
  lookup: ServableLookup,
  request: HttpRequest,
  options: ExamplesOptions,
  log: RequestLog,
): HttpResponse | Promise<HttpResponse> {
  const route = findRoute(request.method, request.target);
  switch (route.kind) {
    case "predict":
      return answerPredict(lookup, route.model, decodedBody(request, MAX_BODY_BYTES), log);
    case "classify":
    case "regress":
      return answerExamples(
        lookup,
        route.kind,
        route.model,
        decodedBody(request, MAX_BODY_BYTES),
        options,
        log,
      );
    case "status":
      return answerStatus(lookup, route.model);
    case "metadata":
      return answerMetadata(lookup, route.model);
    case "malformed":
      throw invalidArgument(`Malformed request: ${request.method} ${request.target}`);
    case "nameless":
      throw invalidArgument("Missing model name in request.");
    case "bad-version":
      return emptyReply(400);
    case "preflight":
      return answerPreflight(request);
    case "not-found":
      return htmlReply(404, "Not Found");
    case "bad-target":
      return htmlReply(400, "Bad Request");
  }
}

// protobuf-es and the generated files take 50 ms to load in each thread: not before someone asks.

async function answerStatus(lookup: ServableLookup, model: ServableRequest): Promise<HttpResponse> {
  const versions = getModelStatus(lookup, model);
  return jsonReply((await import("./protobuf-json.ts")).statusJson(versions));
}

async function answerMetadata(lookup: ServableLookup, model: ServableRequest): Promise<HttpResponse> {
  const metadata = getModelMetadata(lookup, model, [SIGNATURE_DEF]);
  return jsonReply((await import("./protobuf-json.ts")).metadataJson(metadata));
}

async function answerExamples(
  lookup: ServableLookup,
  kind: "classify" | "regress",
  model: ServableRequest,
  body: Uint8Array,
  options: ExamplesOptions,
  log: RequestLog,
): Promise<HttpResponse> {
  const sample = log.sample();
  const { readExamplesBody } = await import("./examples-body.ts");
  const { signatureName, examples } = readExamplesBody(body);
  const request = { model: { ...model, signatureName }, examples };
  if (kind === "classify") {
    const response = await classify(lookup, request, options);
    if (sample !== undefined) await logClassify(sample, request, response);
    return jsonReply(writeClassifications(response.result));
  }
  const response = await regress(lookup, request, options);
  if (sample !== undefined) await logRegress(sample, request, response);
  return jsonReply(writeRegressions(response.result));
}

/** The content type is the default of libevent, TensorFlow Serving's HTTP library. */
const NO_CONTENT = { "content-type": "text/html; charset=ISO-8859-1" } as const;

function answerPreflight(request: HttpRequest): HttpResponse {
  const fromWeb = /https?:\/\//.test(String(request.headers.origin ?? ""));
  return emptyReply(fromWeb ? 200 : 400, NO_CONTENT);
}

function answerPredict(
  lookup: ServableLookup,
  model: ServableRequest,
  bytes: Uint8Array,
  log: RequestLog,
): HttpResponse | Promise<HttpResponse> {
  const sample = log.sample();
  const body = new PredictBody(bytes);
  const signatureName = body.signatureName();
  let columnar: boolean | undefined;
  let given: NamedInputs | undefined;
  const reply = (response: PredictResponse): HttpResponse => {
    try {
      const json = jsonReply(columnar ? writeColumns(response) : writeRows(response));
      if (sample !== undefined) logPredict(sample, { ...model, signatureName }, given!, response);
      return json;
    } finally {
      response.dispose();
    }
  };
  try {
    const response = predict(lookup, {
      model: { ...model, signatureName },
      inputs: (signature) => {
        const inputs = body.inputs(signature);
        columnar = inputs.columnar;
        given = inputs.tensors;
        return inputs.tensors;
      },
      outputFilter: [],
      unknownSignature: (name) =>
        invalidArgument(`Serving signature name: "${name}" not found in signature def`),
    });
    return response instanceof Promise ? response.then(reply) : reply(response);
  } catch (error) {
    // What is wrong with the body comes before what is wrong with the model's name or signature.
    if (columnar === undefined) body.check();
    throw error;
  }
}
