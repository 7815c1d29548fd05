import { isUtf8 } from "node:buffer";
import { type Matcher, MatcherInput, RE2JS, RE2JSException } from "re2js";
import { invalidArgument, unimplemented } from "../../../status/status.ts";
import { bytesOfLatin1, latin1OfBytes } from "../latin1.ts";
import { textOfUtf8 } from "../utf8.ts";
import { asRe2Reads } from "./lenient-utf8.ts";
import { parseRewrite, type Rewrite } from "./rewrite.ts";
import { simpleRegExp } from "./simple-pattern.ts";

export type Replace = (bytes: Uint8Array) => Uint8Array;

/** A quotation, an escape, a set, the start of a named group, or any other character of a pattern. */
const TOKEN =
  /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\[:\^?\w*:\]|\\[\s\S]|[^\]\\])*\]|\(\?P<[\p{L}\p{M}\p{N}_]+>|[\s\S]/gu;
/** Matches nothing. */
const NEVER = "[^\\x00-\\x{10FFFF}]";

/** RE2's words for what the port calls otherwise. */
const ERROR_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^missing closing \]/, "missing ]"],
  [/^missing closing \)/, "missing )"],
  [/^missing argument to repetition operator/, "no argument for repetition operator"],
  [/^invalid nested repetition operator/, "bad repetition operator"],
  [/^invalid repeat count/, "invalid repetition size"],
  [/^trailing backslash at end of expression.*/s, "trailing \\"],
  [/^invalid or unsupported Perl syntax/, "invalid perl operator"],
  [/^invalid named capture/, "invalid named capture group"],
];

/**
 * @throws StatusError INVALID_ARGUMENT for a pattern that isn't one, UNIMPLEMENTED for `\C`, which the port lacks.
 */
function compile(pattern: Uint8Array): RE2JS {
  const text = textOfUtf8(pattern);
  try {
    // RE2 lets groups share a name; nothing asks for them by name.
    return RE2JS.compile(text.replace(TOKEN, (token) => (token.startsWith("(?P<") ? "(" : token)));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    if (/(?<!\\)(?:\\\\)*\\C/.test(text)) {
      throw unimplemented(`The pattern ${text} holds \\C, a single byte: it can't be run here`);
    }
    throw invalidArgument(`Invalid pattern: ${text}, error: ${explain(error, text)}`);
  }
}

function explain(error: RE2JSException, pattern: string): string {
  const message = error.message.replace(/^error parsing regexp: /, "").replace(/: `(.*)`$/s, ": $1");
  const known = ERROR_WORDS.find(([words]) => words.test(message));
  // RE2 knows names by `?P<` only.
  if (message.startsWith("invalid named capture: (?<")) return "invalid perl operator: (?<";
  if (known === undefined) return message === "unexpected )" ? `${message}: ${pattern}` : message;
  return message.replace(known[0], known[1]);
}

/** A pattern for the last run of UTF-8 in a text, and for those before it. */
interface Pattern {
  readonly whole: RE2JS;
  readonly interior: RE2JS;
}

function withInterior(whole: RE2JS): Pattern {
  const text = whole.pattern();
  if (/\(\?[a-zA-Z]*m/.test(text)) return { whole, interior: whole };
  const interior = text.replace(TOKEN, (token) => (token === "$" || token === "\\z" ? NEVER : token));
  return { whole, interior: interior === text ? whole : RE2JS.compile(interior) };
}

/** Whether the pattern matches all of the bytes. RE2 has no match for bytes that aren't UTF-8. */
export function fullMatcher(pattern: Uint8Array): (bytes: Uint8Array) => boolean {
  const expression = compile(pattern);
  return (bytes) => {
    const text = asRe2Reads(bytes);
    return isUtf8(text) && expression.matches(text);
  };
}

/** Puts the rewrite in the place of each match, or of the first. */
export function replacer(pattern: Uint8Array, rewriteBytes: Uint8Array, isGlobal: boolean): Replace {
  const expression = compile(pattern);
  const rewrite = parseRewrite(rewriteBytes);
  if (rewrite.groups > expression.groupCount() || (!rewrite.isValid && !isGlobal)) return (bytes) => bytes;
  const split = withInterior(expression);
  const simple = simpleRegExp(textOfUtf8(pattern), isGlobal ? "g" : "");
  return simple === undefined
    ? (bytes) => replaceByRe2(split, bytes, rewrite, isGlobal)
    : replaceByRegExp(simple, rewrite);
}

function replaceByRegExp(expression: RegExp, { parts }: Rewrite): Replace {
  const replacement = parts
    .map((part) => (typeof part === "number" ? "$&" : latin1OfBytes(part).replaceAll("$", "$$$$")))
    .join("");
  return (bytes) => {
    const text = latin1OfBytes(bytes);
    const replaced = text.replace(expression, replacement);
    return replaced === text ? bytes : bytesOfLatin1(replaced);
  };
}

/** As RE2::GlobalReplace: an empty match where the last one ended doesn't count. */
function replaceByRe2(pattern: Pattern, bytes: Uint8Array, rewrite: Rewrite, isGlobal: boolean): Uint8Array {
  const finder = new Finder(pattern, bytes);
  const pieces: Uint8Array[] = [];
  let copied = 0;
  let at = 0;
  let lastEnd = -1;
  while (at <= bytes.length && finder.find(at)) {
    const { start, end } = finder;
    if (start === end && start === lastEnd) {
      at = start + finder.characterLength(start);
      continue;
    }
    pieces.push(bytes.subarray(copied, start));
    for (const part of rewrite.parts) pieces.push(typeof part === "number" ? finder.group(part) : part);
    copied = end;
    at = end;
    lastEnd = end;
    if (!isGlobal) break;
  }
  if (lastEnd < 0) return bytes;
  pieces.push(bytes.subarray(copied));
  return new Uint8Array(Buffer.concat(pieces));
}

/**
 * Finds matches in bytes. The port takes bytes that aren't UTF-8 for U+FFFD where RE2 has no match for them, so the runs of
 * UTF-8 between them are searched one by one. The end of a run isn't the end of the text: in all but the last run `$` has no
 * match, or with the flag `m`, where it may also stand before a line feed, one too many.
 */
class Finder {
  readonly #pattern: Pattern;
  readonly #bytes: Uint8Array;
  /** The bytes to search in, of which `#bytes` are the original. */
  readonly #text: Uint8Array;
  #matcher: Matcher;
  /** Where the bytes that `#matcher` sees end. */
  #limit: number;

  constructor(pattern: Pattern, bytes: Uint8Array) {
    this.#pattern = pattern;
    this.#bytes = bytes;
    this.#text = asRe2Reads(bytes);
    this.#limit = isUtf8(this.#text) ? bytes.length : malformedFrom(this.#text, 0);
    this.#matcher = this.#matcherTo(this.#limit);
  }

  get start(): number {
    return this.#matcher.start();
  }

  get end(): number {
    return this.#matcher.end();
  }

  group(number: number): Uint8Array {
    const start = this.#matcher.start(number);
    return this.#bytes.subarray(Math.max(0, start), start < 0 ? 0 : this.#matcher.end(number));
  }

  /** Looks for a match that begins at `from` or later. */
  find(from: number): boolean {
    let at = from;
    for (;;) {
      if (at > this.#limit) {
        this.#limit = malformedFrom(this.#text, at);
        this.#matcher = this.#matcherTo(this.#limit);
      }
      if (this.#matcher.find(at)) return true;
      if (this.#limit >= this.#bytes.length) return false;
      at = this.#limit + 1;
    }
  }

  /** How many bytes the character at `at` has; 1 for one that is malformed, and at the end. */
  characterLength(at: number): number {
    const lead = this.#bytes[at] ?? 0;
    const length = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
    return at + length <= this.#limit ? length : 1;
  }

  #matcherTo(limit: number): Matcher {
    const { whole, interior } = this.#pattern;
    const expression = limit === this.#bytes.length ? whole : interior;
    return expression.matcher(MatcherInput.utf8(this.#text.subarray(0, limit)));
  }
}

/** Where at `from` or later the first byte is that belongs to no character, or the length. */
function malformedFrom(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    const length =
      lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length === 0 || !isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return bytes.length;
}
