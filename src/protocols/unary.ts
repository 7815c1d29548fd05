import type { Cancellation } from "../status/cancellation.ts";

/**
 * HTTP/1.1 as the REST protocol sees it: a whole request in, a whole response out. No sockets, so that the protocol
 * can be tested in memory.
 */
export interface HttpRequest {
  readonly method: string;
  /** The request target as sent, with its query string, not decoded. */
  readonly target: string;
  /** Lower-case names; a repeated header is joined with commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Not to be looked at once the handler has answered: its memory is used again. */
  readonly body: Uint8Array;
  /** Aborted when the request's time is over, or the client has gone. Absent where no one can know. */
  readonly signal?: AbortSignal;
  /**
   * Called while the handler is on the stack: says what is answered when the request's time is over and the handler
   * hasn't answered, and, where `milliseconds` are given, that it is over after these at the latest. Absent where
   * requests may take as long as they take.
   */
  limit?(milliseconds: number | undefined, late: () => HttpResponse): void;
  /** Whether someone waits for the answer. Default: someone does. */
  readonly cancellation?: Cancellation;
}

export interface HttpResponse {
  readonly status: number;
  /** `content-length` is added by the listener. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** What a gRPC method sees of its call. */
export interface UnaryCall {
  /** Lower-case names, pseudo-headers included. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Aborted when the deadline passes or the client goes away. */
  readonly signal: AbortSignal;
  /** The same, for what many calls need: it costs nothing. Default: someone waits. */
  readonly cancellation?: Cancellation;
}

/**
 * A gRPC method with one request and one response message. Takes the request's message, uncompressed and unframed;
 * returns the response as a frame (`allocateFrame` or `frameMessage` of grpc/framing.ts), so that the listener need
 * not copy it once more. Throws (or rejects with) a StatusError.
 */
export type UnaryMethod = (message: Uint8Array, call: UnaryCall) => Uint8Array | Promise<Uint8Array>;

/** Methods by their full path, e.g. `/tensorflow.serving.PredictionService/Predict`. */
export type UnaryMethods = ReadonlyMap<string, UnaryMethod>;
