import { Code, invalidArgument, StatusError, unimplemented } from "../../status/status.ts";
import type { StreamMethod, StreamMethods } from "../streaming.ts";
import type { UnaryCall, UnaryMethod, UnaryMethods } from "../unary.ts";
import { ACCEPTED_ENCODINGS, type Encoding, parseEncoding } from "./compression.ts";
import { parseTimeout } from "./timeout.ts";

/** The response headers of every call. */
export const RESPONSE_HEADERS = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": ACCEPTED_ENCODINGS,
} as const;

/** What the headers of a call ask for. */
export type CallStart = UnaryStart | StreamStart;

export interface UnaryStart extends CallTerms {
  readonly kind: "unary";
  readonly method: UnaryMethod;
}

export interface StreamStart extends CallTerms {
  readonly kind: "stream";
  readonly method: StreamMethod;
}

interface CallTerms {
  readonly encoding: Encoding;
  /** In milliseconds. */
  readonly timeout: number | undefined;
}

/** What can be called. */
export interface Methods {
  readonly methods: UnaryMethods;
  readonly streams: StreamMethods;
}

const CONTENT_TYPE = /^application\/grpc(\+proto)?\s*(;|$)/i;

/**
 * The HTTP status that refuses a request which isn't gRPC at all, or undefined if it is: 415 for another content
 * type, as PROTOCOL-HTTP2.md asks for, and 405 for another method.
 */
export function httpRefusal(headers: UnaryCall["headers"]): 405 | 415 | undefined {
  const contentType = headers["content-type"];
  if (typeof contentType !== "string" || !CONTENT_TYPE.test(contentType)) return 415;
  return headers[":method"] === "POST" ? undefined : 405;
}

/**
 * @throws StatusError UNIMPLEMENTED for an unknown method or encoding; INVALID_ARGUMENT for a malformed timeout;
 * UNKNOWN without `te: trailers`, whose absence reveals a proxy that would drop our trailers.
 */
export function startCall(headers: UnaryCall["headers"], { methods, streams }: Methods): CallStart {
  const stream = streams.get(headers[":path"] as string);
  if (stream === undefined) return startUnaryCall(headers, methods);
  return { kind: "stream", method: stream, ...termsOf(headers) };
}

/** The same where only unary methods can be called. */
export function startUnaryCall(headers: UnaryCall["headers"], methods: UnaryMethods): UnaryStart {
  const path = headers[":path"] as string;
  const method = methods.get(path);
  if (method === undefined) throw unimplemented(`Method not found: ${path}`);
  return { kind: "unary", method, ...termsOf(headers) };
}

function termsOf(headers: UnaryCall["headers"]): CallTerms {
  // Code and text are those of gRPC's C++ server.
  if (headers.te !== "trailers") throw new StatusError(Code.UNKNOWN, "Missing :te header");
  const encoding = parseEncoding(single(headers["grpc-encoding"]));
  const timeoutHeader = single(headers["grpc-timeout"]);
  if (timeoutHeader === undefined) return { encoding, timeout: undefined };
  const timeout = parseTimeout(timeoutHeader);
  if (timeout === undefined) throw invalidArgument(`Malformed grpc-timeout: ${timeoutHeader}`);
  return { encoding, timeout };
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(",") : header;
}
