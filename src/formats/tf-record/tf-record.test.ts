import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Code } from "../../status/status.ts";
import { fileStorage } from "../../storage/file.ts";
import type { RandomAccessFile } from "../../storage/storage.ts";
import { framedRecord, readRecords } from "./tf-record.ts";

const FIXTURES = fileURLToPath(new URL("../../../fixtures/tf-record", import.meta.url));

// As fixtures/tf-record/make.py writes them.
const RECORDS = [
  Buffer.alloc(0),
  Buffer.from("a"),
  Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 251)),
];
const WRITTEN = readFileSync(`${FIXTURES}/records.tfrecord`);
/** Where the records begin: each is 16 bytes longer than its data. */
const STARTS = [0, 16, 33, 305];

function inMemory(bytes: Uint8Array): RandomAccessFile {
  return {
    path: "memory",
    size: bytes.length,
    read: (offset, target) => target.set(bytes.subarray(offset, offset + target.length)),
    close: () => {},
  };
}

/** The records before the failure, and its message. */
function readBroken(bytes: Uint8Array): [number, string] {
  let count = 0;
  try {
    for (const _ of readRecords(inMemory(bytes))) count++;
  } catch (error) {
    assert.equal((error as { code: Code }).code, Code.DATA_LOSS);
    return [count, (error as Error).message];
  }
  assert.fail("read to its end");
}

describe("TFRecord files", () => {
  it("are read as TensorFlow wrote them", async () => {
    const file = await fileStorage.open(`${FIXTURES}/records.tfrecord`);
    assert.deepEqual([...readRecords(file)], RECORDS);
    file.close();
    const empty = await fileStorage.open(`${FIXTURES}/empty.tfrecord`);
    assert.deepEqual([...readRecords(empty)], []);
    empty.close();
  });

  it("are written as TensorFlow writes them", () => {
    assert.deepEqual(Buffer.concat(RECORDS.flatMap((record) => framedRecord(record))), WRITTEN);
  });

  it("tell which record is cut off, wherever the file ends", () => {
    for (const [index, start] of STARTS.entries()) {
      for (const end of [start + 1, start + 11, start + 12, start + 15]) {
        const [count, message] = readBroken(WRITTEN.subarray(0, end));
        assert.equal(count, index);
        assert.ok(message.startsWith(`truncated record at ${start} of memory (record ${index}): `), message);
      }
    }
  });

  it("tell which record is damaged, wherever a bit is wrong", () => {
    for (const [index, start] of STARTS.entries()) {
      const end = STARTS[index + 1] ?? WRITTEN.length;
      for (const at of [start, start + 7, start + 8, start + 12, end - 1]) {
        const damaged = Buffer.from(WRITTEN);
        damaged[at]! ^= 0x40;
        const [count, message] = readBroken(damaged);
        assert.equal(count, index);
        assert.ok(message.startsWith(`corrupted record at ${start} of memory (record ${index}): `), message);
      }
    }
  });

  it("don't make a length that lies take memory", () => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(1n << 62n);
    // The checksum is right: a record that holds the length has it as the checksum of its data.
    const [, , crc] = framedRecord(length);
    const [, message] = readBroken(Buffer.concat([length, crc, Buffer.alloc(100)]));
    assert.match(message, /^truncated record at 0 of memory \(record 0\): it takes 46116860184273\d+ bytes/);
  });
});
