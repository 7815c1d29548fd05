import type { DType } from "../../../tensor/dtype.ts";
import type { NumericTensor, Tensor } from "../../../tensor/tensor.ts";
import { decodeBase64 } from "./base64.ts";
import { JsonReader, latin1 } from "./document.ts";
import { FloatCollector } from "./scan-floats.ts";
import {
  afterSpace,
  type Collector,
  type Cursor,
  isSpace,
  type ListKind,
  NumericCollector,
  scanEach,
} from "./scan-numeric.ts";

/** @returns undefined for the types that JSON can't give. `expected`: a guess at the number of elements. */
export function collectorFor(dtype: DType, expected: number, maxStrings: number): Collector | undefined {
  switch (dtype) {
    case "float32":
    case "float64":
      return new FloatCollector(dtype, expected);
    case "int32":
    case "int16":
    case "int8":
    case "uint8":
      // The narrow ones are checked as int32, and wrap.
      return new IntCollector(dtype, expected, -0x80000000, 0x7fffffff);
    case "uint32":
      return new IntCollector(dtype, expected, 0, 0xffffffff);
    case "int64":
      return new Int64Collector(dtype, expected, -(2n ** 63n), 2n ** 63n - 1n);
    case "uint64":
      return new Int64Collector(dtype, expected, 0n, 2n ** 64n - 1n);
    case "bool":
      return new BoolCollector(dtype, expected);
    case "string":
      return new StringCollector(maxStrings);
    default:
      return undefined;
  }
}

/** Whether the byte after an integer's digits leaves it an integer, and the list well formed. */
function endsInteger(c: number | undefined): boolean {
  return c === 0x2c || c === 0x5d || c === 0x7d || isSpace(c);
}

/** Integers of at most 32 bits. */
class IntCollector extends NumericCollector<Int32Array | Int16Array | Int8Array | Uint8Array | Uint32Array> {
  readonly listKind: ListKind | undefined;
  readonly #min: number;
  readonly #max: number;

  constructor(dtype: NumericTensor["dtype"], expected: number, min: number, max: number) {
    super(dtype, expected);
    this.#min = min;
    this.#max = max;
    this.listKind = min < 0 ? "int32" : undefined;
  }

  scan(cursor: Cursor, many: boolean): boolean {
    return scanEach(cursor, many, this.#one);
  }

  readonly #one = (cursor: Cursor): boolean => {
    const bytes = cursor.bytes;
    let p = cursor.pos;
    let c = bytes[p]!;
    const negative = c === 0x2d;
    if (negative) c = bytes[++p]!;
    let value = c - 0x30;
    if (!(value >= 0 && value <= 9)) return false;
    c = bytes[++p]!;
    if (value > 0) {
      for (; c >= 0x30 && c <= 0x39; c = bytes[++p]!) {
        value = value * 10 + (c - 0x30);
        if (value > 0xffffffff) return false;
      }
    }
    if (negative) value = -value;
    if (value < this.#min || value > this.#max || !endsInteger(c)) return false;
    const values = this.count === this.values.length ? this.grow() : this.values;
    values[this.count++] = value;
    cursor.pos = p;
    return true;
  };
}

class Int64Collector extends NumericCollector<BigInt64Array | BigUint64Array> {
  readonly listKind: ListKind | undefined;
  readonly #min: bigint;
  readonly #max: bigint;

  constructor(dtype: NumericTensor["dtype"], expected: number, min: bigint, max: bigint) {
    super(dtype, expected);
    this.#min = min;
    this.#max = max;
    this.listKind = min < 0n ? "int64" : undefined;
  }

  scan(cursor: Cursor, many: boolean): boolean {
    return scanEach(cursor, many, this.#one);
  }

  readonly #one = (cursor: Cursor): boolean => {
    const { bytes, pos: start } = cursor;
    let p = start;
    let c = bytes[p]!;
    const negative = c === 0x2d;
    if (negative) c = bytes[++p]!;
    const digits = p;
    let safe = 0;
    for (; c >= 0x30 && c <= 0x39; c = bytes[++p]!) safe = safe * 10 + (c - 0x30);
    const width = p - digits;
    if (width === 0 || width > 20 || (width > 1 && bytes[digits] === 0x30) || !endsInteger(c)) return false;
    const value = width <= 15 ? BigInt(negative ? -safe : safe) : BigInt(latin1(bytes, start, p));
    if (value < this.#min || value > this.#max) return false;
    const values = this.count === this.values.length ? this.grow() : this.values;
    values[this.count++] = value;
    cursor.pos = p;
    return true;
  };
}

class BoolCollector extends NumericCollector<Uint8Array> {
  readonly listKind = undefined;

  scan(cursor: Cursor, many: boolean): boolean {
    return scanEach(cursor, many, this.#one);
  }

  readonly #one = (cursor: Cursor): boolean => {
    const yes = cursor.bytes[cursor.pos] === 0x74;
    if (!skipText(cursor, yes ? "true" : "false")) return false;
    const values = this.count === this.values.length ? this.grow() : this.values;
    values[this.count++] = yes ? 1 : 0;
    return true;
  };
}

function skipText(cursor: Cursor, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (cursor.bytes[cursor.pos + i] !== text.charCodeAt(i)) return false;
  }
  cursor.pos += text.length;
  return true;
}

/** Strings, and `{"b64": "..."}` for arbitrary bytes. Where nothing is escaped they are views of the text. */
class StringCollector implements Collector {
  readonly listKind = undefined;
  readonly #values: Uint8Array[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#values.length;
  }

  scan(cursor: Cursor, many: boolean): boolean {
    return scanEach(cursor, many, this.#one);
  }

  readonly #one = (cursor: Cursor): boolean => {
    const value = cursor.bytes[cursor.pos] === 0x7b ? base64Object(cursor) : scanString(cursor);
    if (value === undefined || this.#values.length >= this.#most) return false;
    this.#values.push(value);
    return true;
  };

  tensor(shape: readonly number[]): Tensor {
    return { dtype: "string", shape, data: this.#values };
  }
}

/** The string at the cursor; undefined if there is none or it is not well formed. */
export function scanString(cursor: Cursor): Uint8Array | undefined {
  const { bytes, pos: start } = cursor;
  if (bytes[start] !== 0x22) return undefined;
  for (let p = start + 1; ; p++) {
    const c = bytes[p];
    if (c === 0x22) {
      cursor.pos = p + 1;
      return bytes.subarray(start + 1, p);
    }
    if (c === 0x5c) return escapedString(cursor);
    if (c === undefined || c < 0x20) return undefined;
  }
}

function escapedString(cursor: Cursor): Uint8Array | undefined {
  const reader = new JsonReader(cursor.bytes, cursor.pos);
  try {
    const value = reader.string();
    cursor.pos = reader.pos;
    return value;
  } catch {
    return undefined;
  }
}

/** Whether an object begins at the cursor whose first key is `b64`. */
export function startsBase64(cursor: Cursor): boolean {
  const start = cursor.pos;
  cursor.pos = afterSpace(cursor.bytes, start + 1);
  const found = cursor.bytes[start] === 0x7b && skipText(cursor, '"b64"');
  cursor.pos = start;
  return found;
}

function base64Object(cursor: Cursor): Uint8Array | undefined {
  const { bytes } = cursor;
  cursor.pos = afterSpace(bytes, cursor.pos + 1);
  if (!skipText(cursor, '"b64"')) return undefined;
  cursor.pos = afterSpace(bytes, cursor.pos);
  if (!skipText(cursor, ":")) return undefined;
  cursor.pos = afterSpace(bytes, cursor.pos);
  const text = scanString(cursor);
  if (text === undefined) return undefined;
  cursor.pos = afterSpace(bytes, cursor.pos);
  return skipText(cursor, "}") ? decodeBase64(text) : undefined;
}
