import assert from "node:assert/strict";
import test from "node:test";
import { RequestHeaderReader } from "./request-header-reader.ts";

/** Fields in HPACK: a string as it is, without Huffman's code. */
const text = (value: string) => [value.length, ...Buffer.from(value)];
/** POST, http and / of the static table. */
const REQUEST = [0x83, 0x86, 0x84];
const remembered = (name: string, value: string) => [0x40, ...text(name), ...text(value)];
const plain = (name: string, value: string) => [0x00, ...text(name), ...text(value)];
const block = (...fields: readonly number[][]) => Buffer.from([...REQUEST, ...fields.flat()]);
/** The first field of the dynamic table, which is the last that was remembered. */
const NEWEST = [0xbe];

const pseudo = { ":method": "POST", ":scheme": "http", ":path": "/" };

test("equal blocks have the same headers, without being decoded again", () => {
  const reader = new RequestHeaderReader(1 << 16);
  const first = reader.read(block(plain("te", "trailers")));
  assert.deepEqual({ ...(first as object) }, { ...pseudo, te: "trailers" });
  assert.equal(reader.read(block(plain("te", "trailers"))), first);
  assert.notEqual(reader.read(block(plain("te", "nothing"))), first);
  assert.throws(() => {
    (first as Record<string, string>).te = "another";
  }, TypeError);
});

test("a block that means something else since then is decoded", () => {
  const reader = new RequestHeaderReader(1 << 16);
  const secondOf = (bytes: Buffer) => (reader.read(bytes) as Record<string, string>).a;
  assert.equal(secondOf(block(remembered("a", "1"))), "1");
  assert.equal(secondOf(block(NEWEST)), "1");
  assert.equal(secondOf(block(NEWEST)), "1");
  assert.equal(secondOf(block(remembered("a", "2"))), "2");
  assert.equal(secondOf(block(NEWEST)), "2");
  // It adds a field each time, the older ones going away.
  for (let i = 0; i < 200; i++) assert.equal(secondOf(block(remembered("a", "3"))), "3");
  assert.equal(secondOf(block(NEWEST)), "3");
});

test("what isn't a request's headers is never taken for those before", () => {
  const reader = new RequestHeaderReader(200);
  for (let i = 0; i < 2; i++) {
    assert.equal(typeof reader.read(block()), "object");
    assert.equal(reader.read(block(plain("A", "upper case"))), "malformed");
    assert.equal(reader.read(block(plain("a", "x".repeat(120)))), "too large");
    assert.throws(() => reader.read(Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff)));
  }
});
