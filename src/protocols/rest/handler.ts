import { classify } from "../../inference/classify.ts";
import type { ExamplesOptions } from "../../inference/examples.ts";
import { getModelMetadata, SIGNATURE_DEF } from "../../inference/model-metadata.ts";
import { getModelStatus } from "../../inference/model-status.ts";
import { type PredictResponse, predict } from "../../inference/predict.ts";
import { regress } from "../../inference/regress.ts";
import type { ServableLookup, ServableRequest } from "../../lifecycle/servable.ts";
import type { RequestObserver } from "../../monitoring/request-observer.ts";
import { Code, invalidArgument, StatusError } from "../../status/status.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../unary.ts";
import { decodedBody } from "./content-encoding.ts";
import { writeClassifications, writeRegressions } from "./examples-reply.ts";
import { apiOf, tellReply } from "./observed-request.ts";
import { PredictBody } from "./predict-body.ts";
import { writeColumns, writeRows } from "./predict-reply.ts";
import { emptyReply, errorReply, htmlReply, jsonReply } from "./replies.ts";
import { findRoute, type Route } from "./routes.ts";

/** What a compressed body may grow to: the listener's default for bodies as they are sent. */
const MAX_BODY_BYTES = 2 ** 30;

/**
 * TensorFlow Serving's REST API, without sockets.
 * @param observer told of each request.
 * @returns a handler that answers every error that a client or a model causes. It throws (or rejects with) only
 * failures of our own, for the listener to log and to answer.
 */
export function restHandler(
  lookup: ServableLookup,
  options: ExamplesOptions = { checksMethodName: false },
  observer?: RequestObserver,
): HttpHandler {
  return (request) => {
    const route = findRoute(request.method, request.target);
    const api = observer === undefined ? undefined : apiOf(route);
    if (observer === undefined || api === undefined) return answerOrError(lookup, route, request, options);
    const model = "model" in route ? route.model.name : undefined;
    const observed = observer.begin(lookup, api, request.body.length, request.headers, model);
    const told = (response: HttpResponse): HttpResponse => {
      tellReply(observed, response);
      return response;
    };
    const refused = (error: unknown): HttpResponse => {
      try {
        const response = failure(error);
        tellReply(observed, response, error);
        return response;
      } catch (own) {
        observed.fail(own);
        throw own;
      }
    };
    try {
      const response = answer(observed, route, request, options);
      return response instanceof Promise ? response.then(told, refused) : told(response);
    } catch (error) {
      return refused(error);
    }
  };
}

function answerOrError(
  lookup: ServableLookup,
  route: Route,
  request: HttpRequest,
  options: ExamplesOptions,
): HttpResponse | Promise<HttpResponse> {
  try {
    const response = answer(lookup, route, request, options);
    return response instanceof Promise ? response.catch(failure) : response;
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): HttpResponse {
  if (!(error instanceof StatusError)) throw error;
  if (error.code === Code.INTERNAL && error.cause !== undefined) throw error;
  return errorReply(error);
}

function answer(
  lookup: ServableLookup,
  route: Route,
  request: HttpRequest,
  options: ExamplesOptions,
): HttpResponse | Promise<HttpResponse> {
  switch (route.kind) {
    case "predict":
      return answerPredict(lookup, route.model, decodedBody(request, MAX_BODY_BYTES));
    case "classify":
    case "regress":
      return answerExamples(lookup, route.kind, route.model, decodedBody(request, MAX_BODY_BYTES), options);
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
): Promise<HttpResponse> {
  const { readExamplesBody } = await import("./examples-body.ts");
  const { signatureName, examples } = readExamplesBody(body);
  const request = { model: { ...model, signatureName }, examples };
  return jsonReply(
    kind === "classify"
      ? writeClassifications((await classify(lookup, request, options)).result)
      : writeRegressions((await regress(lookup, request, options)).result),
  );
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
): HttpResponse | Promise<HttpResponse> {
  const body = new PredictBody(bytes);
  const signatureName = body.signatureName();
  let columnar: boolean | undefined;
  const reply = (response: PredictResponse): HttpResponse => {
    try {
      return jsonReply(columnar ? writeColumns(response) : writeRows(response));
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
