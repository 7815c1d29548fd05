import { dataLoss, type StatusError } from "../../status/status.ts";
import type { RandomAccessFile } from "../../storage/storage.ts";
import { maskedCrc32c } from "../saved-model/crc32c.ts";

// A record (tensorflow/core/lib/io/record_writer.h): uint64 length, masked CRC-32C of those 8 bytes, the data, masked
// CRC-32C of the data; all little-endian.
const LENGTH_BYTES = 8;
const CRC_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + CRC_BYTES;

/** Bytes that a record takes beside its data. */
export const RECORD_OVERHEAD = HEADER_BYTES + CRC_BYTES;

/**
 * The records of an uncompressed TFRecord file in their order, read one at a time.
 * @throws StatusError DATA_LOSS, as the iteration comes to it, for a record that is cut off or whose checksums are wrong;
 * the message has the record's index, from 0, and begins as TensorFlow's.
 */
export function* readRecords(file: RandomAccessFile): Generator<Uint8Array> {
  const header = Buffer.alloc(HEADER_BYTES);
  let offset = 0;
  for (let index = 0; offset < file.size; index++) {
    const start = offset;
    const refuse = (kind: "truncated" | "corrupted", why: string): StatusError =>
      dataLoss(`${kind} record at ${start} of ${file.path} (record ${index}): ${why}`);
    const left = file.size - offset;
    if (left < HEADER_BYTES)
      throw refuse("truncated", `the file ends after ${left} of its first ${HEADER_BYTES} bytes`);
    file.read(offset, header);
    if (header.readUInt32LE(LENGTH_BYTES) !== maskedCrc32c(header.subarray(0, LENGTH_BYTES))) {
      throw refuse("corrupted", "the checksum of its length is wrong");
    }
    const length = Number(header.readBigUInt64LE(0));
    if (length + RECORD_OVERHEAD > left) {
      throw refuse("truncated", `it takes ${length + RECORD_OVERHEAD} bytes, of which the file has ${left}`);
    }
    const body = Buffer.allocUnsafeSlow(length + CRC_BYTES);
    file.read(offset + HEADER_BYTES, body);
    const data = body.subarray(0, length);
    if (body.readUInt32LE(length) !== maskedCrc32c(data))
      throw refuse("corrupted", "the checksum of its data is wrong");
    yield data;
    offset += length + RECORD_OVERHEAD;
  }
}

/** A record in the parts in which it is to be written; the data is not copied. */
export function framedRecord(data: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const frame = Buffer.alloc(RECORD_OVERHEAD);
  frame.writeBigUInt64LE(BigInt(data.length));
  frame.writeUInt32LE(maskedCrc32c(frame.subarray(0, LENGTH_BYTES)), LENGTH_BYTES);
  frame.writeUInt32LE(maskedCrc32c(data), HEADER_BYTES);
  return [frame.subarray(0, HEADER_BYTES), data, frame.subarray(HEADER_BYTES)];
}
