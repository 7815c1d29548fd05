import type { Signature } from "../../lifecycle/servable.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { afterByteOrderMark } from "./json/document.ts";
import { afterSpace, type Cursor, cursorAt } from "./json/scan-numeric.ts";
import { TensorScan } from "./json/scan-tensor.ts";
import { scanString, startsBase64 } from "./json/scan-values.ts";

/** What a predict body holds, and which of its two forms it has. */
export interface PredictInputs {
  /** Columnar (`inputs`) or row by row (`instances`): the reply takes the same form. */
  readonly columnar: boolean;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * Reads a plain, correct predict body in one pass from bytes to typed arrays, two to five times as fast as JSON.parse and a
 * flatten. It takes no decision that can be seen: whatever is unusual or wrong is left to the document's reader.
 * @param maxItems strings that it may have: more are left to the reader, too. Default: any number.
 * @returns undefined for a body that is left to it.
 */
export function scanPredictBody(
  body: Uint8Array,
  signature: Signature,
  maxItems = Number.POSITIVE_INFINITY,
): PredictInputs | undefined {
  const cursor = cursorAt(body, afterSpace(body, afterByteOrderMark(body)));
  let found: PredictInputs | undefined;
  const complete = scanMembers(cursor, (key) => {
    if (key === "signature_name") return scanString(cursor) !== undefined;
    if (found !== undefined) return false;
    if (key === "inputs") found = scanColumns(cursor, signature, maxItems);
    else if (key === "instances") found = scanRows(cursor, signature, maxItems);
    return found !== undefined;
  });
  return complete ? found : undefined;
}

/**
 * The body's `signature_name`, empty if it has none.
 * @returns undefined if it takes the document to say.
 */
export function scanSignatureName(body: Uint8Array): string | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // A key may be spelt with escapes.
  if (!bytes.includes('"signature_name"') && !bytes.includes("\\u")) return "";
  const cursor = cursorAt(body, afterSpace(body, afterByteOrderMark(body)));
  let name: string | undefined;
  const complete = scanMembers(cursor, (key) => {
    if (key !== "signature_name") return skipValue(cursor);
    const value = scanString(cursor);
    if (value === undefined) return false;
    name ??= Buffer.from(value).toString();
    return true;
  });
  return complete ? (name ?? "") : undefined;
}

/** Calls `member` for each key of the object at the cursor, which then stands on its value. False if either fails. */
function scanMembers(cursor: Cursor, member: (key: string) => boolean): boolean {
  const { bytes } = cursor;
  if (bytes[cursor.pos] !== 0x7b) return false;
  do {
    cursor.pos = afterSpace(bytes, cursor.pos + 1);
    const key = scanString(cursor);
    if (key === undefined) return false;
    cursor.pos = afterSpace(bytes, cursor.pos);
    if (bytes[cursor.pos] !== 0x3a) return false;
    cursor.pos = afterSpace(bytes, cursor.pos + 1);
    if (!member(keyText(key))) return false;
    cursor.pos = afterSpace(bytes, cursor.pos);
  } while (bytes[cursor.pos] === 0x2c);
  return bytes[cursor.pos++] === 0x7d;
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString();
}

/** Passes over a value by its brackets alone. */
function skipValue(cursor: Cursor): boolean {
  const { bytes } = cursor;
  let depth = 0;
  for (; cursor.pos < bytes.length; cursor.pos++) {
    const c = bytes[cursor.pos];
    if (c === 0x22) {
      if (scanString(cursor) === undefined) return false;
      cursor.pos--;
    } else if (c === 0x5b || c === 0x7b) depth++;
    else if (c === 0x5d || c === 0x7d) {
      if (depth === 0) return true;
      depth--;
    } else if (c === 0x2c && depth === 0) return true;
  }
  return false;
}

/** A scan for each of the signature's inputs; undefined if there is none, or one of a type that JSON can't give. */
function scansFor(
  cursor: Cursor,
  signature: Signature,
  maxItems: number,
): ReadonlyMap<string, TensorScan> | undefined {
  const scans = new Map<string, TensorScan>();
  for (const [key, spec] of signature.inputs) {
    const scan = TensorScan.of(spec, cursor.bytes.length - cursor.pos, maxItems);
    if (scan === undefined) return undefined;
    scans.set(key, scan);
  }
  return scans.size > 0 ? scans : undefined;
}

function scanColumns(cursor: Cursor, signature: Signature, maxItems: number): PredictInputs | undefined {
  const scans = scansFor(cursor, signature, maxItems);
  if (scans === undefined) return undefined;
  const whole = cursor.bytes[cursor.pos] !== 0x7b || startsBase64(cursor);
  if (!(whole ? scanOnly(cursor, scans) : scanEachOnce(cursor, scans, true))) return undefined;
  return { columnar: true, tensors: tensors(scans) };
}

function scanRows(cursor: Cursor, signature: Signature, maxItems: number): PredictInputs | undefined {
  const scans = scansFor(cursor, signature, maxItems);
  const { bytes } = cursor;
  if (scans === undefined || bytes[cursor.pos] !== 0x5b) return undefined;
  const first = cursorAt(bytes, afterSpace(bytes, cursor.pos + 1));
  if (bytes[first.pos] !== 0x7b || startsBase64(first)) {
    return scanOnly(cursor, scans) ? { columnar: false, tensors: tensors(scans) } : undefined;
  }
  let batch = 0;
  do {
    cursor.pos = afterSpace(bytes, cursor.pos + 1);
    if (!scanEachOnce(cursor, scans, false)) return undefined;
    cursor.pos = afterSpace(bytes, cursor.pos);
    batch++;
  } while (bytes[cursor.pos] === 0x2c);
  return bytes[cursor.pos++] === 0x5d ? { columnar: false, tensors: tensors(scans, batch) } : undefined;
}

/** The value of the signature's only input. */
function scanOnly(cursor: Cursor, scans: ReadonlyMap<string, TensorScan>): boolean {
  const [scan] = scans.values();
  return scans.size === 1 && scan!.scan(cursor, true);
}

/** An object that has exactly the signature's inputs as its keys; `alone` if it is the only one. */
function scanEachOnce(cursor: Cursor, scans: ReadonlyMap<string, TensorScan>, alone: boolean): boolean {
  const seen = new Set<string>();
  const complete = scanMembers(cursor, (key) => {
    const scan = scans.get(key);
    if (scan === undefined || seen.has(key)) return false;
    seen.add(key);
    return scan.scan(cursor, alone);
  });
  return complete && seen.size === scans.size;
}

function tensors(scans: ReadonlyMap<string, TensorScan>, batch?: number): ReadonlyMap<string, Tensor> {
  const named = new Map<string, Tensor>();
  for (const [key, scan] of scans) named.set(key, scan.tensor(batch));
  return named;
}
