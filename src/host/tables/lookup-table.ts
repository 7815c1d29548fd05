import { invalidArgument } from "../../status/status.ts";
import { type DType, dtypeInfo, type NumericArray } from "../../tensor/dtype.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import type { Table } from "./table.ts";

/**
 * A table whose contents never change, in memory that all threads share: plain data that travels by `postMessage`
 * without a copy, so that a large vocabulary is held once.
 */
export interface LookupTableData {
  readonly keys: Column;
  readonly values: Column;
  /** Open addressing over a power of two of slots: the number of an entry plus one, or 0. */
  readonly slots: Uint32Array;
  readonly size: number;
}

/** One value per entry, as bytes. Numbers have the width of their dtype; strings end where the next begins. */
interface Column {
  readonly dtype: DType;
  readonly bytes: Uint8Array;
  /** For strings, one more than there are entries. */
  readonly offsets: Uint32Array | undefined;
}

/**
 * @param keys and `values`: vectors of the same length.
 * @throws StatusError INVALID_ARGUMENT if a key occurs twice with different values.
 */
export function buildLookupTable(keys: Tensor, values: Tensor): LookupTableData {
  const size = keys.data.length;
  if (values.data.length !== size) {
    throw invalidArgument(
      `A table needs as many values as keys, got ${size} keys and ${values.data.length} values`,
    );
  }
  const slotCount = 2 ** Math.max(1, Math.ceil(Math.log2(size * 2 + 1)));
  const table = {
    keys: column(keys),
    values: column(values),
    slots: new Uint32Array(new SharedArrayBuffer(slotCount * 4)),
    size,
  };
  const entries = cells(keys);
  for (let entry = 0; entry < size; entry++) {
    const key = entries(entry);
    const slot = findSlot(table, key);
    const other = table.slots[slot]!;
    if (other === 0) table.slots[slot] = entry + 1;
    else if (!Buffer.from(cellOf(table.values, other - 1)).equals(cellOf(table.values, entry))) {
      throw invalidArgument(
        `HashTable has different value for same key. Key ${Buffer.from(key)} has two values`,
      );
    }
  }
  return table;
}

/** A copy in memory that threads share, of a table whose memory is not. */
export function sharedTable({ keys, values, slots, size }: LookupTableData): LookupTableData {
  return { keys: sharedColumn(keys), values: sharedColumn(values), slots: sharedWords(slots), size };
}

function sharedColumn({ dtype, bytes, offsets }: Column): Column {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return { dtype, bytes: shared, offsets: offsets && sharedWords(offsets) };
}

function sharedWords(words: Uint32Array): Uint32Array {
  const shared = new Uint32Array(new SharedArrayBuffer(words.byteLength));
  shared.set(words);
  return shared;
}

/** The table as ops use it. */
export function frozenTable(data: LookupTableData): Table {
  return {
    find: (keys, defaultValue) => lookUp(data, keys, defaultValue),
    size: data.size,
    entries: () => exportTable(data),
  };
}

/** The value of each key, or the default; of the keys' shape. */
export function lookUp(table: LookupTableData, keys: Tensor, defaultValue: Tensor): Tensor {
  const { values } = table;
  const count = keys.data.length;
  const key = cells(keys);
  const entryOf = (i: number): number => table.slots[findSlot(table, key(i))]! - 1;
  if (values.dtype === "string") {
    const fallback = defaultValue.data as readonly Uint8Array[];
    const data = Array.from({ length: count }, (_, i) => {
      const entry = entryOf(i);
      return entry < 0 ? fallback[i % fallback.length]! : cellOf(values, entry).slice();
    });
    return { dtype: "string", shape: keys.shape, data };
  }
  const dtype = values.dtype as NumericTensor["dtype"];
  const array = dtypeInfo(dtype).array!;
  const all = new array(values.bytes.buffer as ArrayBuffer, 0, table.size) as Float64Array;
  const fallback = defaultValue.data as Float64Array;
  const data = new array(count) as Float64Array;
  for (let i = 0; i < count; i++) {
    const entry = entryOf(i);
    data[i] = entry < 0 ? fallback[i % fallback.length]! : all[entry]!;
  }
  return { dtype, shape: keys.shape, data };
}

/** All keys and values, in the order in which they were put in. */
export function exportTable(table: LookupTableData): readonly [Tensor, Tensor] {
  return [exportColumn(table.keys, table.size), exportColumn(table.values, table.size)];
}

function exportColumn(column: Column, size: number): Tensor {
  if (column.dtype === "string") {
    const data = Array.from({ length: size }, (_, entry) => cellOf(column, entry).slice());
    return { dtype: "string", shape: [size], data };
  }
  const dtype = column.dtype as NumericTensor["dtype"];
  const array = dtypeInfo(dtype).array!;
  return { dtype, shape: [size], data: new array(column.bytes.slice().buffer) as NumericArray };
}

function column({ dtype, data }: Tensor): Column {
  if (dtype !== "string") {
    const { buffer, byteOffset, byteLength } = data;
    const bytes = new Uint8Array(new SharedArrayBuffer(byteLength));
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength));
    return { dtype, bytes, offsets: undefined };
  }
  const offsets = new Uint32Array(new SharedArrayBuffer((data.length + 1) * 4));
  for (const [i, text] of data.entries()) offsets[i + 1] = offsets[i]! + text.length;
  const bytes = new Uint8Array(new SharedArrayBuffer(offsets[data.length]!));
  for (const [i, text] of data.entries()) bytes.set(text, offsets[i]);
  return { dtype, bytes, offsets };
}

function cellOf({ dtype, bytes, offsets }: Column, entry: number): Uint8Array {
  if (offsets !== undefined) return bytes.subarray(offsets[entry], offsets[entry + 1]);
  const { size } = dtypeInfo(dtype);
  return bytes.subarray(entry * size, (entry + 1) * size);
}

/** The bytes of each of a tensor's elements. */
function cells({ dtype, data }: Tensor): (index: number) => Uint8Array {
  if (dtype === "string") return (index) => data[index]!;
  const { size } = dtypeInfo(dtype);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return (index) => bytes.subarray(index * size, (index + 1) * size);
}

/** The slot that holds the key, or the free one where it would be. */
function findSlot(table: Pick<LookupTableData, "keys" | "slots">, key: Uint8Array): number {
  const { slots, keys } = table;
  const mask = slots.length - 1;
  for (let slot = hash(key) & mask; ; slot = (slot + 1) & mask) {
    const entry = slots[slot]!;
    if (entry === 0 || sameBytes(keys, entry - 1, key)) return slot;
  }
}

function sameBytes({ dtype, bytes, offsets }: Column, entry: number, key: Uint8Array): boolean {
  const size = key.length;
  const start = offsets === undefined ? entry * dtypeInfo(dtype).size : offsets[entry]!;
  if (offsets !== undefined && offsets[entry + 1]! - start !== size) return false;
  for (let i = 0; i < size; i++) if (bytes[start + i] !== key[i]) return false;
  return true;
}

/** FNV-1a, with its bits mixed once more since the low ones choose the slot. */
function hash(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}
