import { classify } from "../../inference/classify.ts";
import type { ExamplesOptions } from "../../inference/examples.ts";
import { getModelMetadata, SIGNATURE_DEF } from "../../inference/model-metadata.ts";
import { getModelStatus } from "../../inference/model-status.ts";
import {
  type NamedInputs,
  type PredictRequest,
  type PredictResponse,
  predict,
} from "../../inference/predict.ts";
import { listModels } from "../../inference/readiness.ts";
import { regress } from "../../inference/regress.ts";
import { whenLoaded } from "../../lifecycle/not-loaded.ts";
import type { ServableLookup, ServableRequest } from "../../lifecycle/servable.ts";
import type { RequestObserver } from "../../monitoring/request-observer.ts";
import type { Cancellation } from "../../status/cancellation.ts";
import { Code, invalidArgument, StatusError } from "../../status/status.ts";
import { TooLong } from "../inflate.ts";
import { DEFAULT_REQUEST_LIMITS, type RequestLimits } from "../request-limits.ts";
import { NO_REQUEST_LOG, type RequestLog, type RequestSample } from "../request-log.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../unary.ts";
import { decodedBody } from "./content-encoding.ts";
import { writeClassifications, writeRegressions } from "./examples-reply.ts";
import { answerHealth, answerReadiness } from "./health.ts";
import { logClassify, logMessage, logPredict, logRegress } from "./logged-requests.ts";
import { apiOf, tellReply } from "./observed-request.ts";
import { PredictBody } from "./predict-body.ts";
import { writeColumns, writeRows } from "./predict-reply.ts";
import { answerProtobufPredict, isProtobuf, protobufReply, settleSpec } from "./protobuf-body.ts";
import { emptyReply, errorReply, errorWithStatus, htmlReply, jsonReply } from "./replies.ts";
import { findRoute, type Route } from "./routes.ts";

export interface RestHandlerOptions extends ExamplesOptions {
  /** Messages are answered with tensor_content in place of typed fields (--enable_serialization_as_tensor_content). */
  readonly tensorContent: boolean;
  /** What a compressed body may grow to, in bytes. Default: {@link MAX_BODY_BYTES}. */
  readonly maxBodyBytes?: number;
  /** Default: DEFAULT_REQUEST_LIMITS. */
  readonly limits?: RequestLimits;
}

/** Of a request's body, as it is sent and decompressed. */
export const MAX_BODY_BYTES = 2 ** 30;

/**
 * TensorFlow Serving's REST API, and what users ask for beyond it, without sockets.
 * @param isDraining whether the server takes no more connections. Default: it does take them.
 * @param observer told of each request.
 * @param log told of each request that a model has answered.
 * @returns a handler that answers every error that a client or a model causes. It throws (or rejects with) only
 * failures of our own, for the listener to log and to answer.
 */
export function restHandler(
  lookup: ServableLookup,
  options: RestHandlerOptions = { checksMethodName: false, tensorContent: false },
  isDraining: () => boolean = () => false,
  observer?: RequestObserver,
  log: RequestLog = NO_REQUEST_LOG,
): HttpHandler {
  return (request) => {
    const route = findRoute(request.method, request.target);
    const api = observer === undefined ? undefined : apiOf(route);
    if (observer === undefined || api === undefined)
      return answerOrError(lookup, route, request, options, isDraining, log);
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
      const response = whenLoaded(() => answer(observed, route, request, options, isDraining, log));
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
  options: RestHandlerOptions,
  isDraining: () => boolean,
  log: RequestLog,
): HttpResponse | Promise<HttpResponse> {
  try {
    const response = whenLoaded(() => answer(lookup, route, request, options, isDraining, log));
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
  options: RestHandlerOptions,
  isDraining: () => boolean,
  log: RequestLog,
): HttpResponse | Promise<HttpResponse> {
  switch (route.kind) {
    case "predict":
    case "classify":
    case "regress":
      return answerInference(lookup, route.kind, route.model, request, options, log);
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
  log: RequestLog,
): HttpResponse | Promise<HttpResponse> {
  const { cancellation } = request;
  const sample = log.sample();
  const answerBody = (body: Uint8Array): HttpResponse | Promise<HttpResponse> => {
    if (isProtobuf(request)) {
      const reply =
        kind === "predict"
          ? answerProtobufPredict(lookup, model, body, options, cancellation)
          : answerProtobufExamples(lookup, kind, model, body, options, cancellation);
      return sample === undefined ? reply : logMessage(sample, kind, model, body, reply);
    }
    return kind === "predict"
      ? answerPredict(lookup, model, body, options, cancellation, sample)
      : answerExamples(lookup, kind, model, body, options, cancellation, sample);
  };
  const answerDecoded = (decoded: Uint8Array | TooLong) =>
    decoded instanceof TooLong
      ? errorWithStatus(413, `Request body is larger than ${decoded.limit} bytes when it is decompressed`)
      : answerBody(decoded);
  const decoded = decodedBody(request, options.maxBodyBytes ?? MAX_BODY_BYTES);
  return decoded instanceof Promise ? decoded.then(answerDecoded) : answerDecoded(decoded);
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
  options: RestHandlerOptions,
  cancellation: Cancellation | undefined,
  sample: RequestSample | undefined,
): Promise<HttpResponse> {
  const { readExamplesBody } = await import("./examples-body.ts");
  const { signatureName, examples } = readExamplesBody(body, options.limits);
  const request = { model: { ...model, signatureName }, examples };
  if (kind === "classify") {
    const response = await classify(lookup, request, options, cancellation);
    if (sample !== undefined) await logClassify(sample, request, response);
    return jsonReply(writeClassifications(response.result));
  }
  const response = await regress(lookup, request, options, cancellation);
  if (sample !== undefined) await logRegress(sample, request, response);
  return jsonReply(writeRegressions(response.result));
}

async function answerProtobufExamples(
  lookup: ServableLookup,
  kind: "classify" | "regress",
  model: ServableRequest,
  body: Uint8Array,
  options: RestHandlerOptions,
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
  options: RestHandlerOptions,
  cancellation: Cancellation | undefined,
  sample: RequestSample | undefined,
): HttpResponse | Promise<HttpResponse> {
  const body = new PredictBody(bytes, (options.limits ?? DEFAULT_REQUEST_LIMITS).items);
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
    const predictRequest: PredictRequest = {
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
    };
    const response = predict(lookup, predictRequest, options, cancellation);
    return response instanceof Promise ? response.then(reply) : reply(response);
  } catch (error) {
    // What is wrong with the body comes before what is wrong with the model's name or signature.
    if (columnar === undefined) body.check();
    throw error;
  }
}
