import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { HttpHandler } from "../unary.ts";
import { withCors } from "./cors.ts";
import { type RestHandlerOptions, restHandler } from "./handler.ts";

/** What of the REST port can be chosen; plain data. */
export interface RestServiceOptions extends RestHandlerOptions {
  /** Web pages of any origin may read replies (--rest_api_enable_cors_support). */
  readonly cors: boolean;
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
  const handler = restHandler(lookup, options, isDraining);
  return options.cors ? withCors(handler) : handler;
}
