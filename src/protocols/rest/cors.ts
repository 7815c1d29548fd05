import type { HttpHandler, HttpResponse } from "../unary.ts";
import { isApiTarget } from "./routes.ts";

/** What TensorFlow Serving adds with --rest_api_enable_cors_support (model_servers/http_rest_api_util.cc). */
export const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "POST, GET",
  "access-control-allow-headers": "Content-Type",
} as const;

/**
 * Lets web pages of any origin read the replies. The headers are added to every reply under /v1/, errors and preflights
 * among them, whether or not the request has an Origin, as TensorFlow Serving has it.
 */
export function withCors(handler: HttpHandler): HttpHandler {
  return (request) => {
    const reply = handler(request);
    if (!isApiTarget(request.target)) return reply;
    return reply instanceof Promise ? reply.then(readableByAll) : readableByAll(reply);
  };
}

function readableByAll(reply: HttpResponse): HttpResponse {
  return { ...reply, headers: { ...reply.headers, ...CORS_HEADERS } };
}
