import {
  type Attributes,
  type Context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Logger } from "../status/log.ts";
import { Code, codeName } from "../status/status.ts";
import { APIS, type Api } from "./api.ts";
import type { Headers, ObservedRequest } from "./observed-request.ts";
import type { TraceSampler, TraceSettings } from "./trace-settings.ts";

// OpenTelemetry takes long to load: a thread imports this module only if requests are to be traced.

const NAME = "servable";

/** Failures of the server, by OpenTelemetry's conventions for gRPC; others are the client's. */
const SERVER_FAILURES: ReadonlySet<Code> = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.UNIMPLEMENTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

const PREDICTION_SERVICE = "tensorflow.serving.PredictionService";

/** Where each API is found: a gRPC service, or an HTTP method and a path. */
const PLACES: ReadonlyMap<Api, string | readonly [string, string]> = new Map<
  Api,
  string | readonly [string, string]
>([
  [APIS.grpcPredict, PREDICTION_SERVICE],
  [APIS.grpcClassify, PREDICTION_SERVICE],
  [APIS.grpcRegress, PREDICTION_SERVICE],
  [APIS.grpcMultiInference, PREDICTION_SERVICE],
  [APIS.grpcMetadata, PREDICTION_SERVICE],
  [APIS.grpcSessionRun, "tensorflow.serving.SessionService"],
  [APIS.grpcStatus, "tensorflow.serving.ModelService"],
  [APIS.restPredict, ["POST", "/v1/models/{model}:predict"]],
  [APIS.restClassify, ["POST", "/v1/models/{model}:classify"]],
  [APIS.restRegress, ["POST", "/v1/models/{model}:regress"]],
  [APIS.restMetadata, ["GET", "/v1/models/{model}/metadata"]],
  [APIS.restStatus, ["GET", "/v1/models/{model}"]],
]);

/** Makes spans of requests that have ended, and sends them to where OTEL_EXPORTER_OTLP_* says. */
export class RequestTracer {
  readonly #provider: TracerProvider;
  readonly #log: Logger;
  readonly #propagator = new W3CTraceContextPropagator();

  /** @param log told of spans that can't be sent. */
  constructor(settings: TraceSettings, programVersion: string, log: Logger) {
    this.#log = log;
    diag.setLogger(
      {
        error: (message) => log.error(message),
        warn: (message) => log.warning(message),
        info: () => {},
        debug: () => {},
        verbose: () => {},
      },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
    const resource = defaultResource()
      .merge(resourceFromAttributes({ "service.name": NAME, "service.version": programVersion }))
      .merge(detectResources({ detectors: [envDetector] }));
    this.#provider = new TracerProvider({
      resource,
      sampler: samplerOf(settings.sampler),
      spanProcessors: [
        new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...definedOf(settings.batch) }),
      ],
    });
  }

  /** Traces a request that has ended: a span for it, within the client's, and one within it for each phase. */
  readonly trace = (request: ObservedRequest): void => {
    const { api, began, ended, code } = request;
    const parent = this.#propagator.extract(ROOT_CONTEXT, request.headers, HEADERS) as Context;
    const { name, attributes } = describe(request);
    const span = this.#tracer().startSpan(
      name,
      { kind: SpanKind.SERVER, startTime: wallTime(began), attributes },
      parent,
    );
    if (span.isRecording()) {
      if (code !== Code.OK) span.setAttribute("error.type", codeName(code));
      if (SERVER_FAILURES.has(code)) span.setStatus({ code: SpanStatusCode.ERROR, message: codeName(code) });
      if (api.protocol === "grpc") span.setAttribute("rpc.grpc.status_code", code);
      if (request.httpStatus !== undefined)
        span.setAttribute("http.response.status_code", request.httpStatus);
      this.#tracePhases(request, span);
    }
    span.end(wallTime(ended));
  };

  /** Sends what hasn't been sent, for so long at most. Nothing may be traced after it. */
  async stop(milliseconds: number): Promise<void> {
    const enough = AbortSignal.timeout(milliseconds);
    const late = new Promise<void>((resolve) => enough.addEventListener("abort", () => resolve()));
    const done = this.#provider.shutdown().catch((error: unknown) => {
      this.#log.error(`Spans could not be sent: ${error instanceof Error ? error.message : error}`);
    });
    await Promise.race([done, late]);
  }

  #tracePhases({ began, runBegan, runEnded, queued, ended, code }: ObservedRequest, span: Span): void {
    if (runBegan === 0) return;
    const within = trace.setSpan(ROOT_CONTEXT, span);
    const phase = (name: string, from: number, to: number) =>
      this.#tracer()
        .startSpan(name, { startTime: wallTime(from) }, within)
        .end(wallTime(to));
    const runEnd = runEnded || ended;
    phase("parse", began, runBegan);
    if (queued > 0) phase("queue", runBegan, runBegan + queued);
    phase("run", Math.min(runBegan + queued, runEnd), runEnd);
    if (code === Code.OK) phase("encode", runEnd, ended);
  }

  #tracer() {
    return this.#provider.getTracer(NAME);
  }
}

const HEADERS = {
  keys: (headers: Headers) => Object.keys(headers),
  get: (headers: Headers, name: string) => headers[name],
};

/** By OpenTelemetry's conventions for RPC and HTTP servers. */
function describe(request: ObservedRequest): { readonly name: string; readonly attributes: Attributes } {
  const { api, model, version, signature } = request;
  const attributes: Attributes = {
    "servable.model": model,
    ...(version !== undefined && { "servable.version": String(version) }),
    ...(signature !== "" && { "servable.signature": signature }),
  };
  const place = PLACES.get(api);
  if (typeof place === "string") {
    const rpc = { "rpc.system": "grpc", "rpc.service": place, "rpc.method": api.name };
    return { name: `${place}/${api.name}`, attributes: { ...attributes, ...rpc } };
  }
  if (place === undefined) return { name: "HTTP", attributes };
  const [method, route] = place;
  const http = { "http.request.method": method, "http.route": route };
  return { name: `${method} ${route}`, attributes: { ...attributes, ...http } };
}

/** Milliseconds since 1970 of a time on this thread's clock. */
function wallTime(milliseconds: number): number {
  return performance.timeOrigin + milliseconds;
}

function samplerOf({ parentBased, ratio }: TraceSampler): Sampler {
  const root = new TraceIdRatioBasedSampler(ratio);
  return parentBased ? new ParentBasedSampler({ root }) : root;
}

/** Without what is undefined, which would go over a default. */
function definedOf<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
