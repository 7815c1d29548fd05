import { badRequest, Refusal } from "./refusal.ts";

/** What comes before a request's body, and what it says about that and about the connection. */
export interface RequestHead {
  readonly method: string;
  /** As sent. */
  readonly target: string;
  /** Lower-case names; a repeated header is joined with commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body, in bytes; undefined if it comes in chunks. */
  readonly length: number | undefined;
  /** Whether the client may send another request behind it. */
  readonly isKept: boolean;
  /** Whether it waits for word that its body is welcome. */
  readonly expectsContinue: boolean;
}

/** The target is a path, a URL, or `*` (RFC 9112, 3.2). */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]+) ((?:\/|[a-zA-Z]+:\/\/)[\x21-\x7e]*|\*) HTTP\/1\.([01])$/;
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const DIGITS = /^\d{1,15}$/;
/** Beyond commas: RFC 6265, 5.4. */
const COOKIE = "cookie";
/** Proxies differ in which of two they take. */
const SINGLE = new Set(["content-length", "transfer-encoding", "host"]);

/**
 * Reads a head (RFC 9112). Whatever two parties could read in different ways is refused: bare CR or LF, folded headers, space
 * before a colon, two lengths, a length beside chunks, encodings other than chunks.
 * @param text the head's bytes, a character each, without the empty line at its end.
 * @throws Refusal
 */
export function parseRequestHead(text: string): RequestHead {
  const end = text.indexOf("\r\n");
  const line = end < 0 ? text : text.slice(0, end);
  const match = REQUEST_LINE.exec(line);
  if (match === null || match[1] === "CONNECT") {
    throw badRequest("expected a first line of method, target and version");
  }
  const headers = end < 0 ? emptyHeaders() : parseHeaders(text, end + 2);
  const isOld = match[3] === "0";
  return {
    method: match[1]!,
    target: match[2]!,
    headers,
    length: bodyLength(headers, isOld),
    isKept: isKept(headers.connection, isOld),
    expectsContinue: expectsContinue(headers.expect, isOld),
  };
}

/** Without a prototype, so that each name is only a name. */
function emptyHeaders(): Record<string, string> {
  return Object.create(null);
}

/**
 * @param start where the first header begins.
 * @throws Refusal
 */
export function parseHeaders(text: string, start: number): Record<string, string> {
  const headers = emptyHeaders();
  for (let from = start; from < text.length; ) {
    const found = text.indexOf("\r\n", from);
    const end = found < 0 ? text.length : found;
    addHeader(headers, text.slice(from, end));
    from = end + 2;
  }
  return headers;
}

function addHeader(headers: Record<string, string>, line: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
  if (!NAME.test(name)) throw badRequest("expected a header's name and a colon");
  const value = line.slice(colon + 1);
  if (!VALUE.test(value)) throw badRequest(`the header ${name} has a control character`);
  const before = headers[name];
  if (before === undefined) {
    headers[name] = trim(value);
    return;
  }
  if (SINGLE.has(name)) throw badRequest(`the header ${name} is there twice`);
  headers[name] = `${before}${name === COOKIE ? "; " : ", "}${trim(value)}`;
}

/** Only what HTTP calls white space: `trim` of strings takes more. */
function trim(value: string): string {
  let [start, end] = [0, value.length];
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function bodyLength(headers: Readonly<Record<string, string>>, isOld: boolean): number | undefined {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  if (encoding !== undefined) {
    if (length !== undefined) throw badRequest("both content-length and transfer-encoding");
    if (isOld || encoding.toLowerCase() !== "chunked") {
      throw badRequest(`expected transfer-encoding chunked, got ${encoding}`);
    }
    return undefined;
  }
  if (length === undefined) return 0;
  if (!DIGITS.test(length)) throw badRequest(`content-length is ${length}`);
  return Number(length);
}

function isKept(connection: string | undefined, isOld: boolean): boolean {
  if (connection === undefined) return !isOld;
  const options = connection.toLowerCase().split(/[\t ]*,[\t ]*/);
  return isOld ? options.includes("keep-alive") : !options.includes("close");
}

function expectsContinue(expectation: string | undefined, isOld: boolean): boolean {
  if (expectation === undefined || isOld) return false;
  if (expectation.toLowerCase() === "100-continue") return true;
  throw new Refusal(417, `Expectation Failed: expected 100-continue, got ${expectation}`);
}
