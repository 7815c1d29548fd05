import { badRequest, Refusal } from "./refusal.ts";

const [CR, LF] = [0x0d, 0x0a];
const EMPTY_LINE = "\r\n\r\n";
/** An LF without a CR before it, a NUL, or what can't begin a method: this is no head, however it goes on. */
const NO_HEAD = /(?:^|[^\r])\n|\0|^[^!#$%&'*+\-.^_`|~\w]/;

/** How many line ends come before a request: clients may send some (RFC 9112, 2.2). */
export function leadingLineEnds(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}

/**
 * Where the head of a request ends that begins with `bytes`.
 * @param searched how much of them had come when it was last looked for.
 * @returns the position of the empty line; undefined if it hasn't come.
 * @throws Refusal if the head is longer than `limit`, or can't become one.
 */
export function findHeadEnd(bytes: Buffer, searched: number, limit: number): number | undefined {
  const from = Math.max(0, searched - EMPTY_LINE.length + 1);
  const end = bytes.indexOf(EMPTY_LINE, from, "latin1");
  if ((end < 0 ? bytes.length : end) > limit) {
    throw new Refusal(431, `Request Header Fields Too Large: more than ${limit} bytes`);
  }
  if (end >= 0) return end;
  const fresh = bytes.toString("latin1", from === 0 ? 0 : from - 1);
  if (from === 0 ? NO_HEAD.test(fresh) && fresh !== "\r" : /[^\r]\n|\0/.test(fresh)) {
    throw badRequest("what came is no HTTP/1.1");
  }
  return undefined;
}
