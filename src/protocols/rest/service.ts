import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { HttpHandler } from "../unary.ts";
import { withCors } from "./cors.ts";
import { restHandler } from "./handler.ts";

/** What of the REST port can be chosen; plain data. */
export interface RestServiceOptions {
  /** Web pages of any origin may read replies (--rest_api_enable_cors_support). */
  readonly cors: boolean;
  /** Classify and Regress refuse signatures of another method (--enable_signature_method_name_check). */
  readonly checksMethodName: boolean;
}

/** All that the REST port answers. */
export function restService(lookup: ServableLookup, options: RestServiceOptions): HttpHandler {
  const handler = restHandler(lookup, options);
  return options.cors ? withCors(handler) : handler;
}
