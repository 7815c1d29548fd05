import { invalidArgument, resourceExhausted } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import { elementCount, formatShape, type Shape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { cutCells, joinCells } from "./cells.ts";
import type { WritableTable } from "./table.ts";

/** What a table holds that requests change. */
export interface MutableTableForm {
  readonly keyDtype: DType;
  readonly keyShape: Shape;
  readonly valueDtype: DType;
  readonly valueShape: Shape;
  /** Keys that no entry may have: a dense table's `empty_key` and `deleted_key`, by those names. */
  readonly reserved: ReadonlyMap<string, Tensor>;
}

/**
 * A table's changes, one after the other, in memory that all threads share: plain data that travels by `postMessage`
 * without a copy. Each thread keeps its own copy of the table and catches up before it looks something up.
 */
export interface MutableTableMemory {
  readonly form: MutableTableForm;
  /** A header of float64 words, then the changes. */
  readonly log: SharedArrayBuffer;
}

// The words of the header.
/** Counts how often the log was begun anew. */
const EPOCH = 0;
/** Where the log ends. */
const END = 1;
const HEADER_BYTES = 16;

/** A change: the key's length in bytes, the value's or REMOVED, the key, the value. */
const LENGTHS = 8;
const REMOVED = 0xffffffff;

/** A log that is shorter than this, or not twice as long as what is left of it, isn't written anew. */
const LEAST_COMPACTED = 1 << 16;

/** How far the log may grow; only what is used takes memory. */
const MOST_BYTES = 2 ** 34;

export function createMutableTable(
  form: MutableTableForm,
  contents?: readonly [keys: Tensor, values: Tensor],
): MutableTableMemory {
  const log = new SharedArrayBuffer(HEADER_BYTES, { maxByteLength: MOST_BYTES });
  const memory = { form, log };
  new Float64Array(log, 0, 2)[END] = HEADER_BYTES;
  if (contents !== undefined) new MutableTable(memory).replace(...contents);
  return memory;
}

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** One thread's copy of a table. */
export class MutableTable implements WritableTable {
  readonly #form: MutableTableForm;
  readonly #log: SharedArrayBuffer;
  readonly #header: Float64Array;
  readonly #keyElements: number;
  readonly #valueElements: number;
  readonly #reserved: readonly (readonly [name: string, key: Uint8Array])[];
  /** By the key's bytes as Latin-1. */
  readonly #entries = new Map<string, Entry>();
  /** The bytes that the entries take in a log. */
  #live = 0;
  #epoch = 0;
  #at = HEADER_BYTES;

  constructor({ form, log }: MutableTableMemory) {
    this.#form = form;
    this.#log = log;
    this.#header = new Float64Array(log, 0, 2);
    this.#keyElements = elementCount(form.keyShape);
    this.#valueElements = elementCount(form.valueShape);
    this.#reserved = [...form.reserved].map(([name, key]) => [name, cutCells(key, this.#keyElements)[0]!]);
  }

  get size(): number {
    this.#catchUp();
    return this.#entries.size;
  }

  /** @param defaultValue of one value's shape, or one for each key. */
  find(keys: Tensor, defaultValue: Tensor): Tensor {
    this.#catchUp();
    const { valueDtype, valueShape } = this.#form;
    const outer = this.#outerShape(keys);
    const cells = this.#keyCells(keys);
    this.#refuseReserved(cells);
    const fallback = cutCells(defaultValue, this.#valueElements);
    if (fallback.length !== 1 && fallback.length !== cells.length) {
      throw invalidArgument(
        `Expected shape ${formatShape(valueShape)} or ${formatShape([...outer, ...valueShape])} for default value, ` +
          `got ${formatShape(defaultValue.shape)}`,
      );
    }
    const found = cells.map(
      (key, i) => this.#entries.get(keyText(key))?.value ?? fallback[i % fallback.length]!,
    );
    return joinCells(valueDtype, [...outer, ...valueShape], found);
  }

  entries(): readonly [Tensor, Tensor] {
    this.#catchUp();
    const { keyDtype, keyShape, valueDtype, valueShape } = this.#form;
    const all = [...this.#entries.values()];
    return [
      joinCells(
        keyDtype,
        [all.length, ...keyShape],
        all.map(({ key }) => key),
      ),
      joinCells(
        valueDtype,
        [all.length, ...valueShape],
        all.map(({ value }) => value),
      ),
    ];
  }

  insert(keys: Tensor, values: Tensor): void {
    this.#catchUp();
    const entries = this.#pair(keys, values);
    this.#refuseReserved(entries.map(({ key }) => key));
    this.#append(entries);
  }

  remove(keys: Tensor): void {
    this.#catchUp();
    this.#outerShape(keys);
    const cells = this.#keyCells(keys);
    this.#refuseReserved(cells);
    const known = cells.filter((key) => this.#entries.has(keyText(key)));
    this.#append(known.map((key) => ({ key, value: undefined })));
  }

  /**
   * Takes what a table has exported: a dense one adds a dimension of 1 to scalars, and reserved keys stand for free places.
   */
  replace(keys: Tensor, values: Tensor): void {
    this.#catchUp();
    const { keyShape, valueShape } = this.#form;
    const rows = cutCells(keys, this.#keyElements).length;
    const fits = cutCells(values, this.#valueElements).length === rows;
    const entries = this.#pair(
      { ...keys, shape: [rows, ...keyShape] },
      fits ? { ...values, shape: [rows, ...valueShape] } : values,
    );
    this.#entries.clear();
    this.#live = 0;
    for (const { key, value } of entries) if (this.#reserving(key) === undefined) this.#keep(key, value);
    this.#begin();
  }

  #pair(keys: Tensor, values: Tensor): Entry[] {
    const { valueShape } = this.#form;
    const expected = [...this.#outerShape(keys), ...valueShape];
    if (!sameShape(values.shape, expected)) {
      throw invalidArgument(
        `Expected shape ${formatShape(expected)} for value, got ${formatShape(values.shape)}`,
      );
    }
    const cells = cutCells(values, this.#valueElements);
    return this.#keyCells(keys).map((key, i) => ({ key, value: cells[i] ?? new Uint8Array(0) }));
  }

  /** The keys' shape without that of one key. */
  #outerShape({ shape }: Tensor): Shape {
    const { keyShape } = this.#form;
    const rank = shape.length - keyShape.length;
    if (rank < 0 || !sameShape(shape.slice(rank), keyShape)) {
      throw invalidArgument(
        `Input key shape must be a suffix of the table's key shape: expected ${formatShape(keyShape)}, ` +
          `got ${formatShape(shape)}`,
      );
    }
    return shape.slice(0, rank);
  }

  #keyCells(keys: Tensor): Uint8Array[] {
    return cutCells(keys, this.#keyElements);
  }

  /** What a key is reserved as. */
  #reserving(key: Uint8Array): string | undefined {
    return this.#reserved.find(([, reserved]) => Buffer.compare(key, reserved) === 0)?.[0];
  }

  #refuseReserved(keys: readonly Uint8Array[]): void {
    if (this.#reserved.length === 0) return;
    for (const key of keys) {
      const name = this.#reserving(key);
      if (name !== undefined) throw invalidArgument(`Using the ${name} as a table key is not allowed`);
    }
  }

  /** Takes in what other threads have changed. */
  #catchUp(): void {
    if (this.#header[EPOCH] !== this.#epoch) {
      this.#entries.clear();
      this.#live = 0;
      this.#epoch = this.#header[EPOCH]!;
      this.#at = HEADER_BYTES;
    }
    const end = this.#header[END]!;
    if (this.#at === end) return;
    const bytes = new Uint8Array(this.#log, this.#at, end - this.#at);
    const view = new DataView(this.#log, this.#at, end - this.#at);
    for (let at = 0; at < bytes.length; ) {
      const [keyLength, valueLength] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
      const valueAt = at + LENGTHS + keyLength;
      const key = new Uint8Array(bytes.subarray(at + LENGTHS, valueAt));
      if (valueLength === REMOVED) this.#drop(key);
      else this.#keep(key, new Uint8Array(bytes.subarray(valueAt, valueAt + valueLength)));
      at = valueAt + (valueLength === REMOVED ? 0 : valueLength);
    }
    this.#at = end;
  }

  #keep(key: Uint8Array, value: Uint8Array): void {
    this.#drop(key);
    this.#entries.set(keyText(key), { key, value });
    this.#live += LENGTHS + key.length + value.length;
  }

  #drop(key: Uint8Array): void {
    const text = keyText(key);
    const known = this.#entries.get(text);
    if (known === undefined) return;
    this.#live -= LENGTHS + key.length + known.value.length;
    this.#entries.delete(text);
  }

  /** Writes changes and takes them in. */
  #append(changes: readonly { readonly key: Uint8Array; readonly value: Uint8Array | undefined }[]): void {
    const length = changes.reduce(
      (sum, { key, value }) => sum + LENGTHS + key.length + (value?.length ?? 0),
      0,
    );
    const start = this.#header[END]!;
    this.#reserve(start + length);
    const view = new DataView(this.#log);
    const bytes = new Uint8Array(this.#log);
    let at = start;
    for (const { key, value } of changes) {
      view.setUint32(at, key.length, true);
      view.setUint32(at + 4, value?.length ?? REMOVED, true);
      bytes.set(key, at + LENGTHS);
      if (value !== undefined) bytes.set(value, at + LENGTHS + key.length);
      at += LENGTHS + key.length + (value?.length ?? 0);
    }
    this.#header[END] = at;
    this.#catchUp();
    if (at > LEAST_COMPACTED && at > 2 * this.#live) this.#begin();
  }

  /** Writes the log anew, of nothing but what the table holds now. */
  #begin(): void {
    const entries = [...this.#entries.values()];
    this.#header[EPOCH] = this.#header[EPOCH]! + 1;
    this.#header[END] = HEADER_BYTES;
    this.#append(entries);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#log.byteLength) return;
    try {
      this.#log.grow(Math.min(MOST_BYTES, Math.max(bytes, 2 * this.#log.byteLength)));
    } catch (error) {
      throw resourceExhausted(`A table can't grow to ${bytes} bytes: ${error}`);
    }
  }
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}
