import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { HttpHandler } from "../unary.ts";
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

/**
 * All that the REST port answers.
 * @param isDraining whether the server takes no more connections.
 */
export function restService(
  lookup: ServableLookup,
  options: RestServiceOptions,
  isDraining: () => boolean,
): HttpHandler {
  const build = (served: ServableLookup): HttpHandler => {
    const handler = restHandler(served, options, isDraining);
    return options.compression.length > 0 ? withCompression(handler, options.compression) : handler;
  };
  const handler = options.serverTiming ? withServerTiming(lookup, build) : build(lookup);
  return options.cors ? withCors(handler) : handler;
}
