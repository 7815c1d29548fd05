import type { NumericArray, NumericArrayConstructor } from "../../../tensor/dtype.ts";
import { dtypeInfo } from "../../../tensor/dtype.ts";
import type { NumericTensor, Tensor } from "../../../tensor/tensor.ts";

/** Where a scan stands. */
export interface Cursor {
  readonly bytes: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
  pos: number;
}

export function cursorAt(bytes: Uint8Array, pos: number): Cursor {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), pos };
}

/** What elements of large lists are read as. Integers of up to 32 bits are read as int32s; those that are never negative are not read. */
export type ListKind = "float32" | "float64" | "int32" | "int64";

/** Collects the elements of one input in their order, straight from the text. */
export interface Collector {
  /** What nested lists of them can be read as; undefined if only here. */
  readonly listKind: ListKind | undefined;
  /** How many there are so far. */
  readonly count: number;
  /**
   * Reads one value, or with `many` a list of them up to the list's bracket, which is left for the caller.
   * @returns false for whatever is not plainly of the type; the cursor is then anywhere.
   */
  scan(cursor: Cursor, many: boolean): boolean;
  tensor(shape: readonly number[]): Tensor;
}

export function isSpace(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

/** The first byte at or after `pos` that is not white space. */
export function afterSpace(bytes: Uint8Array, pos: number): number {
  let p = pos;
  while (isSpace(bytes[p])) p++;
  return p;
}

/** Past the comma after a value and the space around it, or -1 where none follows. */
export function afterComma(bytes: Uint8Array, pos: number): number {
  const p = afterSpace(bytes, pos);
  return bytes[p] === 0x2c ? afterSpace(bytes, p + 1) : -1;
}

/** Reads one value at a time. */
export function scanEach(cursor: Cursor, many: boolean, one: (cursor: Cursor) => boolean): boolean {
  for (;;) {
    if (!one(cursor)) return false;
    const next = many ? afterComma(cursor.bytes, cursor.pos) : -1;
    if (next < 0) return true;
    cursor.pos = next;
  }
}

/** Into an array that grows. */
export abstract class NumericCollector<A extends NumericArray> implements Collector {
  readonly #dtype: NumericTensor["dtype"];
  protected values: A;
  count = 0;

  constructor(dtype: NumericTensor["dtype"], expected: number) {
    this.#dtype = dtype;
    this.values = this.#array(expected);
  }

  #array(length: number): A {
    const Values: NumericArrayConstructor = dtypeInfo(this.#dtype).array!;
    return new Values(length) as A;
  }

  abstract readonly listKind: ListKind | undefined;

  /** Adds elements that were read elsewhere, of this type or, for integers, of a wider one: they wrap. */
  append(values: NumericArray): void {
    if (this.count + values.length > this.values.length) this.grow(this.count + values.length);
    // Both are of numbers or both of bigints, which the checker can't tell.
    (this.values as Float64Array).set(values as Float64Array, this.count);
    this.count += values.length;
  }

  protected grow(least = 16): A {
    const old = this.values;
    this.values = this.#array(Math.max(least, old.length * 2));
    // The two are of one type, which the checker can't tell.
    (this.values as Float64Array).set(old as Float64Array);
    return this.values;
  }

  abstract scan(cursor: Cursor, many: boolean): boolean;

  tensor(shape: readonly number[]): Tensor {
    return { dtype: this.#dtype, shape, data: this.values.subarray(0, this.count) };
  }
}
