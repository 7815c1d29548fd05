import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { RequestObserver } from "../../monitoring/request-observer.ts";
import { MAX_MESSAGE_LENGTH } from "../grpc/framing.ts";
import { grpcWebHandler } from "../grpc-web/handler.ts";
import type { RequestLog } from "../request-log.ts";
import type { HttpHandler, UnaryMethods } from "../unary.ts";
import { withCors } from "./cors.ts";
import { type RestHandlerOptions, restHandler } from "./handler.ts";
import { type ContentCoding, withCompression } from "./response-compression.ts";
import { withServerTiming } from "./server-timing.ts";

/** What of the REST port can be chosen; plain data. */
export interface RestServiceOptions extends RestHandlerOptions {
  /** Web pages of any origin may read replies (--rest_api_enable_cors_support). */
  readonly cors: boolean;
  /** What replies are compressed with for clients that take it, the best first (--rest_api_response_compression). */
  readonly compression: readonly ContentCoding[];
  /** Each reply tells where its time went (--rest_api_server_timing). */
  readonly serverTiming: boolean;
}

/** What the REST port shares with the rest of its thread. */
export interface RestServiceHost {
  /** The gRPC methods, for gRPC-web. Cheap. */
  readonly methods: (lookup: ServableLookup) => UnaryMethods;
  /** Whether the server takes no more connections. */
  readonly isDraining: () => boolean;
  /** Told of each request of TensorFlow Serving's API. */
  readonly observer?: RequestObserver;
  /** Told of each request to TensorFlow Serving's API that a model has answered. */
  readonly requestLog?: RequestLog;
  /** Told of failures of our own, which clients see only as internal errors. */
  readonly onFailure: (error: unknown) => void;
}

/** All that the REST port answers: TensorFlow Serving's API, gRPC-web, and probes. */
export function restService(
  lookup: ServableLookup,
  options: RestServiceOptions,
  { methods, isDraining, observer, requestLog, onFailure }: RestServiceHost,
): HttpHandler {
  const grpcWeb = { cors: options.cors, maxReceiveMessageLength: MAX_MESSAGE_LENGTH, onFailure };
  const build = (served: ServableLookup): HttpHandler => {
    const handler = grpcWebHandler(
      methods(served),
      grpcWeb,
      restHandler(served, options, isDraining, observer, requestLog),
    );
    return options.compression.length > 0 ? withCompression(handler, options.compression) : handler;
  };
  const handler = options.serverTiming ? withServerTiming(lookup, build) : build(lookup);
  return options.cors ? withCors(handler) : handler;
}
