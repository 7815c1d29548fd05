import { classify } from "../../inference/classify.ts";
import type { ExamplesOptions } from "../../inference/examples.ts";
import { getModelMetadata, SIGNATURE_DEF } from "../../inference/model-metadata.ts";
import { getModelStatus } from "../../inference/model-status.ts";
import {
  type PredictOptions,
  type PredictRequest,
  type PredictResponse,
  predict,
} from "../../inference/predict.ts";
import { listModels } from "../../inference/readiness.ts";
import { regress } from "../../inference/regress.ts";
import type { ServableLookup, ServableRequest } from "../../lifecycle/servable.ts";
import type { Cancellation } from "../../status/cancellation.ts";
import { Code, invalidArgument, StatusError } from "../../status/status.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../unary.ts";
import { decodedBody } from "./content-encoding.ts";
import { writeClassifications, writeRegressions } from "./examples-reply.ts";
import { answerHealth, answerReadiness } from "./health.ts";
import { PredictBody } from "./predict-body.ts";
import { writeColumns, writeRows } from "./predict-reply.ts";
import { answerProtobufPredict, isProtobuf, protobufReply, settleSpec } from "./protobuf-body.ts";
import { emptyReply, errorReply, htmlReply, jsonReply } from "./replies.ts";
import { findRoute } from "./routes.ts";

/** What a compressed body may grow to: the listener's default for bodies as they are sent. */
const MAX_BODY_BYTES = 2 ** 30;

export interface RestHandlerOptions extends ExamplesOptions {
  /** Messages are answered with tensor_content in place of typed fields (--enable_serialization_as_tensor_content). */
  readonly tensorContent: boolean;
}

/**
 * TensorFlow Serving's REST API, and what users ask for beyond it, without sockets.
 * @param isDraining whether the server takes no more connections. Default: it does take them.
 * @returns a handler that answers every error that a client or a model causes. It throws (or rejects with) only
 * failures of our own, for the listener to log and to answer.
 */
export function restHandler(
  lookup: ServableLookup,
  options: RestHandlerOptions = { checksMethodName: false, tensorContent: false },
  isDraining: () => boolean = () => false,
): HttpHandler {
  return (request) => {
    try {
      const response = answer(lookup, request, options, isDraining);
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
  options: RestHandlerOptions,
  isDraining: () => boolean,
): HttpResponse | Promise<HttpResponse> {
  const route = findRoute(request.method, request.target);
  switch (route.kind) {
    case "predict":
    case "classify":
    case "regress":
      return answerInference(lookup, route.kind, route.model, request, options);
    case "status":
      return answerStatus(lookup, route.model);
    case "metadata":
      return answerMetadata(lookup, route.model);
    case "list":
      return answerList(lookup);
    case "health":
      return answerHealth();
    case "readiness":
      return answerReadiness(lookup, isDraining());
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

function answerInference(
  lookup: ServableLookup,
  kind: "predict" | "classify" | "regress",
  model: ServableRequest,
  request: HttpRequest,
  options: RestHandlerOptions,
): HttpResponse | Promise<HttpResponse> {
  const { cancellation } = request;
  const answerBody = (body: Uint8Array): HttpResponse | Promise<HttpResponse> => {
    if (isProtobuf(request)) {
      if (kind !== "predict") return answerProtobufExamples(lookup, kind, model, body, options, cancellation);
      return answerProtobufPredict(lookup, model, body, options, cancellation);
    }
    return kind === "predict"
      ? answerPredict(lookup, model, body, options, cancellation)
      : answerExamples(lookup, kind, model, body, options, cancellation);
  };
  const decoded = decodedBody(request, MAX_BODY_BYTES);
  return decoded instanceof Promise ? decoded.then(answerBody) : answerBody(decoded);
}

// protobuf-es and the generated files take 50 ms to load in each thread: not before someone asks.

async function answerStatus(lookup: ServableLookup, model: ServableRequest): Promise<HttpResponse> {
  const versions = getModelStatus(lookup, model);
  return jsonReply((await import("./protobuf-json.ts")).statusJson(versions));
}

async function answerList(lookup: ServableLookup): Promise<HttpResponse> {
  const models = listModels(lookup);
  return jsonReply((await import("./protobuf-json.ts")).listJson(models));
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
  cancellation: Cancellation | undefined,
): Promise<HttpResponse> {
  const { readExamplesBody } = await import("./examples-body.ts");
  const { signatureName, examples } = readExamplesBody(body);
  const request = { model: { ...model, signatureName }, examples };
  return jsonReply(
    kind === "classify"
      ? writeClassifications((await classify(lookup, request, options, cancellation)).result)
      : writeRegressions((await regress(lookup, request, options, cancellation)).result),
  );
}

async function answerProtobufExamples(
  lookup: ServableLookup,
  kind: "classify" | "regress",
  model: ServableRequest,
  body: Uint8Array,
  options: ExamplesOptions,
  cancellation: Cancellation | undefined,
): Promise<HttpResponse> {
  const { answerClassify, answerRegress } = await import("../grpc/example-methods.ts");
  const answer = kind === "classify" ? answerClassify : answerRegress;
  return protobufReply(await answer(lookup, body, options, cancellation, (spec) => settleSpec(spec, model)));
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
  options: PredictOptions,
  cancellation: Cancellation | undefined,
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
    const predictRequest: PredictRequest = {
      model: { ...model, signatureName },
      inputs: (signature) => {
        const inputs = body.inputs(signature);
        columnar = inputs.columnar;
        return inputs.tensors;
      },
      outputFilter: [],
      unknownSignature: (name) =>
        invalidArgument(`Serving signature name: "${name}" not found in signature def`),
    };
    const response = predict(lookup, predictRequest, options, cancellation);
    return response instanceof Promise ? response.then(reply) : reply(response);
  } catch (error) {
    // What is wrong with the body comes before what is wrong with the model's name or signature.
    if (columnar === undefined) body.check();
    throw error;
  }
}
