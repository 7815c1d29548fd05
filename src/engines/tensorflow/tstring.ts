import koffi from "koffi";
import { resourceExhausted } from "../../status/status.ts";
import type { Pointer } from "./api.ts";
import type { Binding } from "./binding.ts";

// A string tensor is an array of TF_TStrings of 24 bytes. The lowest two bits of the first byte are a string's kind, and
// what is above them its size (tensorflow/core/platform/ctstring_internal.h, little-endian):
//
//   small   uint8 size; up to 22 bytes and a NUL
//   large   uint64 size; uint64 capacity; address of bytes and a NUL, which the string owns
//   offset  uint32 size; uint32 distance of the bytes from the string; uint32 count
//   view    uint64 size; address of bytes that something else owns

export const TSTRING_BYTES = 24;
const Kind = { small: 0, large: 1, offset: 2, view: 3 } as const;
const KIND_MASK = 3;
const KIND_BITS = 2;
const MAX_SMALL = 22;

/**
 * The strings in one block of C's memory: the TF_TStrings and then the bytes of those that aren't small. These are made
 * `large`, as TensorFlow copies such strings with their bytes wherever it keeps them, while copies of `offset` and `view`
 * go on pointing at the original's. The block is freed as a whole: TensorFlow must neither change the strings nor free
 * them one by one, and it does neither in a tensor whose memory isn't its own.
 */
export function createStrings(
  { malloc }: Binding,
  strings: readonly Uint8Array[],
): { address: Pointer; bytes: number } {
  let bytes = strings.length * TSTRING_BYTES;
  for (const { length } of strings) if (length > MAX_SMALL) bytes += length + 1;
  const address = malloc(Math.max(bytes, 1));
  if (address === null) throw resourceExhausted(`There is no memory for strings of ${bytes} bytes`);
  if (bytes > 0) writeStrings(address, bytes, strings);
  return { address, bytes };
}

function writeStrings(address: Pointer, bytes: number, strings: readonly Uint8Array[]): void {
  const view = koffi.view(address, bytes);
  const block = new Uint8Array(view);
  const fields = new DataView(view);
  let end = strings.length * TSTRING_BYTES;
  for (let i = 0, at = 0; i < strings.length; i++, at += TSTRING_BYTES) {
    const string = strings[i]!;
    const { length } = string;
    if (length <= MAX_SMALL) {
      block[at] = (length << KIND_BITS) | Kind.small;
      block.set(string, at + 1);
      block[at + 1 + length] = 0;
      continue;
    }
    fields.setBigUint64(at, (BigInt(length) << BigInt(KIND_BITS)) | BigInt(Kind.large), true);
    fields.setBigUint64(at + 8, BigInt(length), true);
    fields.setBigUint64(at + 16, address + BigInt(end), true);
    block.set(string, end);
    block[end + length] = 0;
    end += length + 1;
  }
  // The block is someone else's from now on.
  view.transfer(0);
}

/** Copies strings of a tensor out of native memory. @param address of the first; any value for none. */
export function readStrings({ memcpy }: Binding, address: Pointer, count: number): Uint8Array[] {
  if (count === 0) return [];
  const block = new Uint8Array(count * TSTRING_BYTES);
  memcpy(block, address, block.length);
  const fields = new DataView(block.buffer);
  const strings: Uint8Array[] = [];
  for (let i = 0, at = 0; i < count; i++, at += TSTRING_BYTES) {
    const kind = block[at]! & KIND_MASK;
    if (kind === Kind.small) {
      strings.push(block.subarray(at + 1, at + 1 + (block[at]! >> KIND_BITS)));
      continue;
    }
    const isOffset = kind === Kind.offset;
    const size = isOffset
      ? fields.getUint32(at, true) >>> KIND_BITS
      : Number(fields.getBigUint64(at, true) >> BigInt(KIND_BITS));
    const string = new Uint8Array(size);
    if (size > 0) memcpy(string, addressOf(fields, at, kind, address), size);
    strings.push(string);
  }
  return strings;
}

function addressOf(fields: DataView, at: number, kind: number, start: Pointer): Pointer {
  if (kind === Kind.offset) return start + BigInt(at + fields.getUint32(at + 4, true));
  return fields.getBigUint64(at + (kind === Kind.large ? 16 : 8), true);
}
