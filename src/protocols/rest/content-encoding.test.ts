import assert from "node:assert/strict";
import { it } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { decodedBody } from "./content-encoding.ts";

const request = (body: Uint8Array, encoding?: string) => ({
  method: "POST",
  target: "/",
  headers: { "content-encoding": encoding },
  body,
});

const ENCODINGS = [
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
] as const;

it("decodes gzip and zstd, and leaves other bodies as they are", () => {
  const text = Buffer.from('{"instances": [1]}');
  for (const [encoding, encode] of ENCODINGS) {
    const decoded = decodedBody(request(encode(text), encoding), 1000);
    assert.ok(!(decoded instanceof Promise), "small ones at once");
    assert.deepEqual(Buffer.from(decoded), text);
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
    const decoded = decodedBody(request(encode(text), encoding), 1e6);
    assert.ok(decoded instanceof Promise);
    assert.deepEqual(Buffer.from(await decoded), text);
    assert.equal((await decodedBody(request(encode(text), encoding), 1000)).length, 0);
    assert.equal((await decodedBody(request(encode(text).subarray(0, 70_000), encoding), 1e6)).length, 0);
    assert.equal((await decodedBody(request(text, encoding), 1e6)).length, 0);
  }
});

it("takes what can't be decoded, or is larger than allowed, for an empty body", async () => {
  for (const [encoding, encode] of ENCODINGS) {
    for (const body of [Buffer.from("neither"), Buffer.alloc(0), encode(Buffer.alloc(100_000))]) {
      assert.equal((await decodedBody(request(body, encoding), 1000)).length, 0);
    }
  }
});
