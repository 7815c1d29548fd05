import { APIS, type Api } from "../../monitoring/api.ts";
import type { ObservedRequest } from "../../monitoring/observed-request.ts";
import { Code, StatusError } from "../../status/status.ts";
import type { HttpResponse } from "../unary.ts";
import { codeOfHttpStatus } from "./replies.ts";
import type { Route } from "./routes.ts";

const BY_ROUTE: Readonly<Partial<Record<Route["kind"], Api>>> = {
  predict: APIS.restPredict,
  classify: APIS.restClassify,
  regress: APIS.restRegress,
  metadata: APIS.restMetadata,
  status: APIS.restStatus,
  malformed: APIS.restOther,
  nameless: APIS.restOther,
  "bad-version": APIS.restOther,
};

/** Which API a request is for; undefined for what TensorFlow Serving's REST handler doesn't get to see. */
export function apiOf(route: Route): Api | undefined {
  return BY_ROUTE[route.kind];
}

/** Tells what the request was answered with; `error` if that was made of one. */
export function tellReply(request: ObservedRequest, response: HttpResponse, error?: unknown): void {
  const { body, status } = response;
  const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  const code = codeOfHttpStatus(status);
  request.httpStatus = status;
  if (error !== undefined) request.fail(error, bytes);
  else if (code === Code.OK) request.succeed(bytes);
  else request.fail(new StatusError(code, ""), bytes);
}
