import assert from "node:assert/strict";
import { it } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { TooLong } from "../inflate.ts";
import { decodedBody } from "./content-encoding.ts";

const request = (body: Uint8Array, encoding?: string) => ({
  method: "POST",
  target: "/",
  headers: { "content-encoding": encoding },
  body,
});

/** The decoded body, which must be one. */
async function decoded(body: Uint8Array, encoding: string, maxBytes: number): Promise<Buffer> {
  const bytes = await decodedBody(request(body, encoding), maxBytes);
  assert.ok(bytes instanceof Uint8Array);
  return Buffer.from(bytes);
}

const ENCODINGS = [
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
] as const;

it("decodes gzip and zstd, and leaves other bodies as they are", () => {
  const text = Buffer.from('{"instances": [1]}');
  for (const [encoding, encode] of ENCODINGS) {
    const small = decodedBody(request(encode(text), encoding), 1000);
    assert.ok(small instanceof Uint8Array, "small ones at once");
    assert.deepEqual(Buffer.from(small), text);
  }
  assert.deepEqual(decodedBody(request(gzipSync(text), "X-GZIP"), 1000), text);
  assert.equal(decodedBody(request(text), 1000), text);
  assert.equal(decodedBody(request(text, "identity"), 1000), text);
  assert.equal(decodedBody(request(text, "br"), 1000), text);
});

it("decodes large bodies off the calling thread", async () => {
  // Random digits, so that the body is large when compressed too.
  const text = Buffer.from(Array.from({ length: 200_000 }, () => 48 + Math.floor(Math.random() * 10)));
  for (const [encoding, encode] of ENCODINGS) {
    assert.ok(decodedBody(request(encode(text), encoding), 1e6) instanceof Promise);
    assert.deepEqual(await decoded(encode(text), encoding, 1e6), text);
    assert.ok((await decodedBody(request(encode(text), encoding), 1000)) instanceof TooLong);
    assert.equal((await decoded(encode(text).subarray(0, 70_000), encoding, 1e6)).length, 0);
    assert.equal((await decoded(text, encoding, 1e6)).length, 0);
  }
});

it("decodes what is small and grows large off the calling thread too", async () => {
  const zeros = Buffer.alloc(60 << 20);
  for (const [encoding, encode] of ENCODINGS) {
    const small = encode(zeros);
    assert.ok(small.length < 64 << 10);
    const later = decodedBody(request(small, encoding), 2 ** 30);
    assert.ok(later instanceof Promise);
    assert.deepEqual(await later, zeros);
  }
});

it("takes what can't be decoded for an empty body", async () => {
  for (const [encoding] of ENCODINGS) {
    for (const body of [Buffer.from("neither"), Buffer.alloc(0)]) {
      assert.equal((await decoded(body, encoding, 1000)).length, 0);
    }
  }
});

it("stops where a body gets longer than it may, or out of all proportion", async () => {
  for (const [encoding, encode] of ENCODINGS) {
    assert.deepEqual(
      await decodedBody(request(encode(Buffer.alloc(100_000)), encoding), 1000),
      new TooLong(1000),
    );
    const bomb = encode(Buffer.alloc(300 << 20));
    const before = process.memoryUsage().rss;
    assert.deepEqual(
      await decodedBody(request(bomb, encoding), 2 ** 30),
      new TooLong(Math.max(64 << 20, 200 * bomb.length)),
    );
    assert.ok(process.memoryUsage().rss - before < 200 << 20);
  }
});
