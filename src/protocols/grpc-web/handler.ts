import { Code, internal, StatusError } from "../../status/status.ts";
import { startUnaryCall } from "../grpc/call-headers.ts";
import { decompress } from "../grpc/compression.ts";
import { OK_TRAILERS, statusTrailers } from "../grpc/status-trailers.ts";
import type { HttpHandler, HttpRequest, HttpResponse, UnaryCall, UnaryMethods } from "../unary.ts";
import { decodeText, readMessage, writeBody } from "./body.ts";

export interface GrpcWebOptions {
  /** Web pages of any origin may call. */
  readonly cors: boolean;
  /** Bytes of a request message after decompression; larger ones get RESOURCE_EXHAUSTED. */
  readonly maxReceiveMessageLength: number;
  /** Told of what a method threw that is no StatusError; the client gets only a generic message. */
  readonly onFailure: (error: unknown) => void;
}

const CONTENT_TYPE = /^application\/grpc-web(-text)?(\+proto)?\s*(;|$)/i;
const BINARY = "application/grpc-web+proto";
const TEXT = "application/grpc-web-text+proto";

/** What clients send of their own accord; the headers that they ask for are allowed too, as metadata can be any. */
const USUAL_HEADERS = "content-type,x-grpc-web,x-user-agent,grpc-timeout";
/** Browsers ask again after two hours at the latest. */
const PREFLIGHT_SECONDS = "7200";

/**
 * Unary gRPC-web calls (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md); what is none goes to `others`.
 */
export function grpcWebHandler(
  methods: UnaryMethods,
  options: GrpcWebOptions,
  others: HttpHandler,
): HttpHandler {
  return (request) => {
    if (request.method === "OPTIONS" && options.cors && methods.has(request.target))
      return preflight(request);
    const match = request.method === "POST" ? CONTENT_TYPE.exec(contentType(request)) : null;
    if (match === null || request.target.startsWith("/v1/")) return others(request);
    return answer(methods, options, request, match[1] !== undefined);
  };
}

function contentType({ headers }: HttpRequest): string {
  return String(headers["content-type"] ?? "");
}

function preflight({ headers }: HttpRequest): HttpResponse {
  const asked = headers["access-control-request-headers"];
  return {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": typeof asked === "string" ? asked : USUAL_HEADERS,
      "access-control-max-age": PREFLIGHT_SECONDS,
    },
    body: "",
  };
}

function answer(
  methods: UnaryMethods,
  options: GrpcWebOptions,
  request: HttpRequest,
  isText: boolean,
): HttpResponse | Promise<HttpResponse> {
  const reply = (body: Buffer): HttpResponse => ({
    status: 200,
    headers: {
      "content-type": isText ? TEXT : BINARY,
      ...(options.cors && {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "grpc-status,grpc-message",
      }),
    },
    body: isText ? body.toString("base64") : body,
  });
  const succeed = (frame: Uint8Array) => reply(writeBody(frame, OK_TRAILERS));
  const fail = (error: unknown) => {
    const status = error instanceof StatusError ? error : internal("Internal error", error);
    if (status !== error) options.onFailure(error);
    return reply(writeBody(undefined, statusTrailers(status)));
  };
  const late = () => fail(new StatusError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded"));
  try {
    const frame = call(methods, options, request, isText, late);
    return frame instanceof Promise ? frame.then(succeed, fail) : succeed(frame);
  } catch (error) {
    return fail(error);
  }
}

/** @returns the response's frame, without a promise where the method does. */
function call(
  methods: UnaryMethods,
  { maxReceiveMessageLength }: GrpcWebOptions,
  request: HttpRequest,
  isText: boolean,
  late: () => HttpResponse,
): Uint8Array | Promise<Uint8Array> {
  // HTTP/1.1 has no such header; it tells of proxies in HTTP/2 that drop trailers, which are in the body here.
  const headers = { ...request.headers, ":path": request.target, te: "trailers" };
  const start = startUnaryCall(headers, methods);
  const { bytes, compressed } = readMessage(isText ? decodeText(request.body) : request.body);
  request.limit?.(start.timeout, late);
  const run = (message: Uint8Array) => start.method(message, callOf(headers, request));
  const message = compressed ? decompress(start.encoding, bytes, maxReceiveMessageLength) : bytes;
  return message instanceof Promise ? message.then(run) : run(message);
}

function callOf(headers: UnaryCall["headers"], request: HttpRequest): UnaryCall {
  return {
    headers,
    get signal() {
      return request.signal ?? new AbortController().signal;
    },
  };
}
