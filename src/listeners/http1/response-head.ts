/** Of the statuses that anything here answers with (RFC 9110, 15; 499 is nginx's). */
const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Payload Too Large",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  499: "Client Closed Request",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Longer than proxies and clients keep a connection idle by default, so that they are the ones to close it. */
export const KEEP_ALIVE_SECONDS = 75;

const KEPT = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_SECONDS}\r\n\r\n`;
const CLOSED = "Connection: close\r\n\r\n";
/** What would end a header, or isn't a character of a byte. */
const UNSAFE = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * What goes before a response's body, with the empty line: one character for each byte.
 * @param length of the body, in bytes.
 * @param isKept whether the client may send another request.
 * @throws TypeError for a header with a line end in it.
 */
export function responseHead(
  status: number,
  headers: Readonly<Record<string, string>>,
  length: number,
  isKept: boolean,
): string {
  let text = `HTTP/1.1 ${status} ${REASONS[status] ?? "Unknown"}\r\n`;
  for (const name in headers) {
    const value = headers[name]!;
    if (UNSAFE.test(value)) throw new TypeError(`The header ${name} can't be sent: ${JSON.stringify(value)}`);
    text += `${name}: ${value}\r\n`;
  }
  // RFC 9110, 8.6: none there.
  if (status !== 204) text += `content-length: ${length}\r\n`;
  return `${text}Date: ${date()}\r\n${isKept ? KEPT : CLOSED}`;
}

let second = 0;
let text = "";

/** Now, as HTTP writes it, made once a second. */
function date(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1000).toUTCString();
  }
  return text;
}
