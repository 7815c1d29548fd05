import { invalidArgument, type StatusError } from "../../../status/status.ts";

/**
 * A parsed value that forgets nothing a tensor or an error message needs:
 * - bigint: a number written as an integer that fits int64 or uint64; number: every other number;
 * - Uint8Array: a string's bytes, unescaped. They may be invalid UTF-8.
 */
export type Json = null | boolean | bigint | number | Uint8Array | Json[] | JsonObject;

/** An object's members in their order. A key may occur twice: which one counts is the reader's business. */
export class JsonObject {
  readonly keys: string[] = [];
  readonly values: Json[] = [];

  /** The first member with this key. */
  get(key: string): Json | undefined {
    const at = this.keys.indexOf(key);
    return at < 0 ? undefined : this.values[at]!;
  }
}

/** Deeper nesting is refused, so that no body can exhaust the stack. Tensors have at most 254 dimensions. */
export const MAX_DEPTH = 1000;

/** Numbers, and words such as `null`, that cost as much memory as one list, object, string or member. */
const PLAIN_PER_ITEM = 8;

const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;
/** An integer's digits from which on a further one makes RapidJSON give up: a tenth of the largest double. */
const TOO_BIG = Number.MAX_VALUE / 10;
const MAX_SAFE = 2 ** 53 - 1;

/**
 * Reads JSON as TensorFlow Serving does (RapidJSON 1.1 with NaN and Infinity allowed). Accepted beyond the
 * standard: a byte-order mark, text after the document, `NaN`, `Inf` and `Infinity` bare, invalid UTF-8, lone low
 * surrogates. Strings without escapes are views of `bytes`.
 * @param maxItems lists, objects, members and strings that it may have, which take 50 to 250 bytes of memory each, and
 * eight times as many numbers. Default: any number.
 * @throws StatusError INVALID_ARGUMENT `JSON Parse error: ... at offset: N`.
 */
export function parseDocument(bytes: Uint8Array, maxItems = Number.POSITIVE_INFINITY): Json {
  if (bytes.length === 0) throw invalidArgument("JSON Parse error: The document is empty");
  const reader = new JsonReader(bytes, afterByteOrderMark(bytes), maxItems);
  reader.skipSpace();
  if (!bytes[reader.pos]) throw parseError("The document is empty.", reader.pos);
  return reader.value(0);
}

/** Each of the mark's three bytes may be missing. */
export function afterByteOrderMark(bytes: Uint8Array): number {
  let at = 0;
  if (bytes[at] === 0xef) at++;
  if (bytes[at] === 0xbb) at++;
  if (bytes[at] === 0xbf) at++;
  return at;
}

function parseError(what: string, offset: number): StatusError {
  return invalidArgument(`JSON Parse error: ${what} at offset: ${offset}`);
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A cursor over JSON text. A zero byte ends the text, as it does for RapidJSON. */
export class JsonReader {
  readonly bytes: Uint8Array;
  pos: number;
  readonly #maxItems: number;
  #items = 0;

  /** @param maxItems as {@link parseDocument}. */
  constructor(bytes: Uint8Array, pos: number, maxItems = Number.POSITIVE_INFINITY) {
    this.bytes = bytes;
    this.pos = pos;
    this.#maxItems = maxItems;
  }

  #count(items: number): void {
    this.#items += items;
    if (this.#items <= this.#maxItems) return;
    throw parseError(
      `More than ${this.#maxItems} lists, objects and strings; send fewer at a time, or set --max_request_items.`,
      this.pos,
    );
  }

  skipSpace(): void {
    let c = this.bytes[this.pos];
    while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = this.bytes[++this.pos];
  }

  value(depth: number): Json {
    const first = this.bytes[this.pos];
    this.#count(first === 0x22 || first === 0x7b || first === 0x5b ? 1 : 1 / PLAIN_PER_ITEM);
    switch (first) {
      case 0x6e:
        this.#word("null");
        return null;
      case 0x74:
        this.#word("true");
        return true;
      case 0x66:
        this.#word("false");
        return false;
      case 0x22:
        return this.string();
      case 0x7b:
        return this.#object(depth);
      case 0x5b:
        return this.#array(depth);
      default:
        return this.number();
    }
  }

  #eat(c: number): boolean {
    if (this.bytes[this.pos] !== c) return false;
    this.pos++;
    return true;
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (!this.#eat(word.charCodeAt(i))) throw parseError("Invalid value.", this.pos);
    }
  }

  #enter(depth: number): void {
    if (depth >= MAX_DEPTH) throw parseError(`Nesting is deeper than ${MAX_DEPTH} levels.`, this.pos);
    this.pos++;
    this.skipSpace();
  }

  #object(depth: number): JsonObject {
    this.#enter(depth);
    const object = new JsonObject();
    if (this.#eat(0x7d)) return object;
    for (;;) {
      if (this.bytes[this.pos] !== 0x22) throw parseError("Missing a name for object member.", this.pos);
      this.#count(1);
      const key = decoder.decode(this.string());
      this.skipSpace();
      if (!this.#eat(0x3a)) throw parseError("Missing a colon after a name of object member.", this.pos);
      this.skipSpace();
      object.keys.push(key);
      object.values.push(this.value(depth + 1));
      this.skipSpace();
      if (this.#eat(0x7d)) return object;
      if (!this.#eat(0x2c)) throw parseError("Missing a comma or '}' after an object member.", this.pos);
      this.skipSpace();
    }
  }

  #array(depth: number): Json[] {
    this.#enter(depth);
    const array: Json[] = [];
    if (this.#eat(0x5d)) return array;
    for (;;) {
      array.push(this.value(depth + 1));
      this.skipSpace();
      if (this.#eat(0x5d)) return array;
      if (!this.#eat(0x2c)) throw parseError("Missing a comma or ']' after an array element.", this.pos);
      this.skipSpace();
    }
  }

  /** The string at the cursor, which stands on its opening quote. */
  string(): Uint8Array {
    const bytes = this.bytes;
    const start = ++this.pos;
    for (;;) {
      const c = bytes[this.pos];
      if (c === 0x22) return bytes.subarray(start, this.pos++);
      if (c === 0x5c) return this.#escapedString(start);
      this.#checkPlain(c);
      this.pos++;
    }
  }

  #checkPlain(c: number | undefined): void {
    if (c === undefined || c === 0) throw parseError("Missing a closing quotation mark in string.", this.pos);
    if (c < 0x20) throw parseError("Invalid escape character in string.", this.pos);
  }

  #escapedString(start: number): Uint8Array {
    const bytes = this.bytes;
    // Unescaping never makes a string longer.
    const out = new Uint8Array(this.#roughEnd() - start);
    out.set(bytes.subarray(start, this.pos));
    let length = this.pos - start;
    for (;;) {
      const c = bytes[this.pos];
      if (c === 0x22) {
        this.pos++;
        return out.subarray(0, length);
      }
      if (c !== 0x5c) {
        this.#checkPlain(c);
        out[length++] = c!;
        this.pos++;
        continue;
      }
      const code = bytes[this.pos + 1];
      const plain = code === undefined ? undefined : SHORT_ESCAPES.get(code);
      if (plain !== undefined) {
        out[length++] = plain;
        this.pos += 2;
      } else if (code === 0x75) {
        length = putUtf8(out, length, this.#codePoint());
      } else {
        throw parseError("Invalid escape character in string.", this.pos);
      }
    }
  }

  /** Where the string at the cursor ends, if it ends well; else the end of the text. */
  #roughEnd(): number {
    const bytes = this.bytes;
    let at = this.pos;
    for (let c = bytes[at]; c !== 0x22 && c !== undefined; c = bytes[at]) at += c === 0x5c ? 2 : 1;
    return Math.min(at, bytes.length);
  }

  #codePoint(): number {
    const escapeStart = this.pos;
    const high = this.#hex4(escapeStart);
    if (high < 0xd800 || high > 0xdbff) return high;
    if (this.bytes[this.pos] === 0x5c && this.bytes[this.pos + 1] === 0x75) {
      const low = this.#hex4(escapeStart);
      if (low >= 0xdc00 && low <= 0xdfff) return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    throw parseError("The surrogate pair in string is invalid.", escapeStart);
  }

  #hex4(escapeStart: number): number {
    let value = 0;
    for (let i = 2; i < 6; i++) {
      const digit = HEX_DIGITS.indexOf(String.fromCharCode(this.bytes[this.pos + i] ?? 0).toLowerCase());
      if (digit < 0) throw parseError("Incorrect hex digit after \\u escape in string.", escapeStart);
      value = value * 16 + digit;
    }
    this.pos += 6;
    return value;
  }

  #digit(): number {
    const digit = this.bytes[this.pos]! - 0x30;
    return digit >= 0 && digit <= 9 ? digit : -1;
  }

  /** The number at the cursor, correctly rounded if it is not an integer of 64 bits. */
  number(): bigint | number {
    const start = this.pos;
    const negative = this.#eat(0x2d);
    const first = this.#digit();
    if (first < 0) return this.#notFinite(negative);
    const digits = this.pos++;
    let rough = first;
    if (first > 0) {
      for (let digit = this.#digit(); digit >= 0; digit = this.#digit()) {
        if (rough >= TOO_BIG) throw parseError("Number too big to be stored in double.", start);
        rough = rough * 10 + digit;
        this.pos++;
      }
    }
    const integerEnd = this.pos;
    const fraction = this.#eat(0x2e) ? this.#fraction(rough, integerEnd - digits) : 0;
    if (this.bytes[this.pos] === 0x65 || this.bytes[this.pos] === 0x45) this.#exponent(308 + fraction, start);
    const text = latin1(this.bytes, start, this.pos);
    if (this.pos === integerEnd) {
      if (rough <= MAX_SAFE) return BigInt(negative ? -rough : rough);
      const integer = BigInt(text);
      if (integer >= INT64_MIN && integer <= UINT64_MAX) return integer;
    }
    return Number(text);
  }

  #notFinite(negative: boolean): number {
    if (this.#eat(0x4e)) {
      this.#word("aN");
      return Number.NaN;
    }
    this.#word("Inf");
    if (this.bytes[this.pos] === 0x69) this.#word("inity");
    return negative ? -Infinity : Infinity;
  }

  /**
   * Passes over the digits after the point; gives how many of them RapidJSON takes into its significand, since the
   * largest exponent that it allows grows by that.
   */
  #fraction(integer: number, integerDigits: number): number {
    if (this.#digit() < 0) throw parseError("Miss fraction part in number.", this.pos);
    let significand = integer;
    let significant = integerDigits - 1;
    let taken = 0;
    for (let digit = this.#digit(); digit >= 0; digit = this.#digit()) {
      this.pos++;
      if (significand > MAX_SAFE && significant >= 17) continue;
      significand = significand * 10 + digit;
      taken++;
      if (significand > 0) significant++;
    }
    return taken;
  }

  #exponent(largest: number, start: number): void {
    this.pos++;
    const negative = this.#eat(0x2d);
    if (!negative) this.#eat(0x2b);
    if (this.#digit() < 0) throw parseError("Miss exponent in number.", this.pos);
    let exponent = 0;
    for (let digit = this.#digit(); digit >= 0; digit = this.#digit()) {
      this.pos++;
      exponent = exponent * 10 + digit;
      if (!negative && exponent > largest) {
        throw parseError("Number too big to be stored in double.", start);
      }
    }
  }
}

const HEX_DIGITS = "0123456789abcdef";
/** The byte after a backslash, and what the two stand for. */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0x2f, 0x2f],
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);

/** Writes a code point, lone surrogates included, and gives the new length. */
function putUtf8(out: Uint8Array, length: number, code: number): number {
  let at = length;
  if (code < 0x80) {
    out[at++] = code;
    return at;
  }
  if (code < 0x800) {
    out[at++] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x10000) {
      out[at++] = 0xe0 | (code >> 12);
    } else {
      out[at++] = 0xf0 | (code >> 18);
      out[at++] = 0x80 | ((code >> 12) & 0x3f);
    }
    out[at++] = 0x80 | ((code >> 6) & 0x3f);
  }
  out[at++] = 0x80 | (code & 0x3f);
  return at;
}

/** The bytes as text, one character each. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
