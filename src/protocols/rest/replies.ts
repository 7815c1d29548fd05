import { Code, type StatusError } from "../../status/status.ts";
import type { HttpResponse } from "../unary.ts";
import { quote } from "./json/print.ts";

const JSON_HEADERS = { "content-type": "application/json" } as const;

/** The status that TensorFlow Serving answers with (model_servers/http_server.cc). */
const HTTP_STATUS: Readonly<Record<Code, number>> = {
  [Code.OK]: 200,
  [Code.CANCELLED]: 499,
  [Code.UNKNOWN]: 500,
  [Code.INVALID_ARGUMENT]: 400,
  [Code.DEADLINE_EXCEEDED]: 504,
  [Code.NOT_FOUND]: 404,
  [Code.ALREADY_EXISTS]: 409,
  [Code.PERMISSION_DENIED]: 403,
  [Code.RESOURCE_EXHAUSTED]: 429,
  [Code.FAILED_PRECONDITION]: 400,
  [Code.ABORTED]: 409,
  [Code.OUT_OF_RANGE]: 400,
  [Code.UNIMPLEMENTED]: 501,
  [Code.INTERNAL]: 500,
  [Code.UNAVAILABLE]: 503,
  [Code.DATA_LOSS]: 500,
  [Code.UNAUTHENTICATED]: 401,
};

/** The code that a status stands for where no error tells it: of several the one that requests cause. */
export function codeOfHttpStatus(status: number): Code {
  if (status < 400) return Code.OK;
  const found = Object.entries(HTTP_STATUS).find(([, each]) => each === status);
  return found === undefined ? Code.UNKNOWN : (Number(found[0]) as Code);
}

export function jsonReply(body: Uint8Array | string): HttpResponse {
  return { status: 200, headers: JSON_HEADERS, body };
}

/** `{"error": "..."}` in the layout of RapidJSON's PrettyWriter. */
export function errorReply(error: StatusError): HttpResponse {
  return errorWithStatus(HTTP_STATUS[error.code], error.message);
}

/** The same for what only HTTP has a status for. */
export function errorWithStatus(status: number, message: string): HttpResponse {
  return { status, headers: JSON_HEADERS, body: `{\n    "error": ${quote(message)}\n}` };
}

/** TensorFlow Serving answers so where it finds an error before it has a body to write. */
export function emptyReply(
  status: number,
  headers: Readonly<Record<string, string>> = JSON_HEADERS,
): HttpResponse {
  return { status, headers, body: "" };
}

/** The page that libevent, TensorFlow Serving's HTTP library, sends for what is not under /v1/. */
export function htmlReply(status: number, reason: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/html" },
    body:
      `<HTML><HEAD>\n<TITLE>${status} ${reason}</TITLE>\n</HEAD><BODY>\n<H1>${reason}</H1>\n` +
      "</BODY></HTML>\n",
  };
}
