import { dataLoss } from "../../status/status.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { uncompressSnappy } from "./snappy.ts";

// https://github.com/google/leveldb/blob/main/doc/table_format.md
export const FOOTER_SIZE = 48;
export const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
/** Behind each block: one byte for its compression, four for the CRC of the block and that byte. */
const TRAILER_SIZE = 5;

const COMPRESSION = { none: 0, snappy: 1 };

/** A key holds one char (0 to 255) per byte: such strings compare and sort as the bytes do. */
export type TableEntry = readonly [key: string, value: Uint8Array];

/**
 * The entries of a LevelDB table, in the order of their keys. Each block's CRC is checked before it is looked at.
 * @throws StatusError DATA_LOSS for whatever is not a whole table.
 */
export function* tableEntries(table: Uint8Array): Generator<TableEntry> {
  for (const [, handle] of blockEntries(readBlock(table, indexHandle(table)))) {
    yield* blockEntries(readBlock(table, blockHandle(new ByteCursor(handle))));
  }
}

interface BlockHandle {
  readonly offset: number;
  /** Without the trailer. */
  readonly size: number;
}

function blockHandle(cursor: ByteCursor): BlockHandle {
  const offset = cursor.varint();
  return { offset, size: cursor.varint() };
}

function indexHandle(table: Uint8Array): BlockHandle {
  if (table.length < FOOTER_SIZE) {
    throw dataLoss(`is truncated: a table has at least ${FOOTER_SIZE} bytes, this has ${table.length}`);
  }
  const footer = table.subarray(table.length - FOOTER_SIZE);
  if (!MAGIC.every((byte, i) => footer[FOOTER_SIZE - MAGIC.length + i] === byte)) {
    throw dataLoss("is truncated or no table: it does not end with the magic number of one");
  }
  const handles = new ByteCursor(footer.subarray(0, FOOTER_SIZE - MAGIC.length));
  blockHandle(handles); // The meta index lists filters; a checkpoint has none.
  return blockHandle(handles);
}

function readBlock(table: Uint8Array, { offset, size }: BlockHandle): Uint8Array {
  const end = offset + size;
  if (end + TRAILER_SIZE > table.length - FOOTER_SIZE) {
    throw dataLoss(`refers to a block from byte ${offset} to ${end}, where it has ${table.length} bytes`);
  }
  const trailer = new ByteCursor(table.subarray(end, end + TRAILER_SIZE));
  const compression = trailer.byte();
  const stored = trailer.fixed(4);
  const computed = maskedCrc32c(table.subarray(offset, end + 1));
  if (stored !== computed) {
    throw dataLoss(`has a block at byte ${offset} whose checksum is ${computed}, expected ${stored}`);
  }
  const contents = table.subarray(offset, end);
  if (compression === COMPRESSION.none) return contents;
  if (compression === COMPRESSION.snappy) return uncompressSnappy(contents);
  throw dataLoss(`has a block at byte ${offset} with unknown compression ${compression}`);
}

/** A block ends with the offsets of the keys written in full, four bytes each, and their number. */
function* blockEntries(block: Uint8Array): Generator<TableEntry> {
  if (block.length < 4) throw dataLoss(`has a block of ${block.length} bytes, expected at least 4`);
  const restarts = new ByteCursor(block.subarray(block.length - 4)).fixed(4);
  const end = block.length - 4 * (restarts + 1);
  if (end < 0) throw dataLoss(`has a block of ${block.length} bytes that claims ${restarts} restart points`);

  const cursor = new ByteCursor(block.subarray(0, end));
  let key = "";
  while (cursor.remaining > 0) {
    const shared = cursor.varint();
    const unshared = cursor.varint();
    const valueLength = cursor.varint();
    if (shared > key.length) {
      throw dataLoss(`has a key that shares ${shared} bytes with one of ${key.length}`);
    }
    key = key.slice(0, shared) + byteString(cursor.take(unshared));
    yield [key, cursor.take(valueLength)];
  }
}

/** One char per byte, as table keys are. */
export function byteString(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
