import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, notFound, StatusError } from "../../status/status.ts";
import { encodeMessage, statusTrailers } from "./status-trailers.ts";

test("code and message; no message, no header", () => {
  assert.deepEqual(statusTrailers(notFound("no model")), { "grpc-status": "5", "grpc-message": "no model" });
  assert.deepEqual(statusTrailers(new StatusError(Code.ABORTED, "")), { "grpc-status": "10" });
});

test("what is escaped", () => {
  assert.equal(
    encodeMessage(" !\"#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"),
    " !\"#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~",
  );
  assert.equal(encodeMessage("100%"), "100%25");
  assert.equal(encodeMessage("a\tb\r\nc\0\x7f"), "a%09b%0D%0Ac%00%7F");
  assert.equal(encodeMessage("é模🤖"), "%C3%A9%E6%A8%A1%F0%9F%A4%96");
  assert.equal(encodeMessage("half a pair: \ud83e!"), "half a pair: %EF%BF%BD!");
});

test("messages of more than 1024 bytes are cut, between characters, and say so", () => {
  assert.equal(encodeMessage("x".repeat(1024)), "x".repeat(1024));
  assert.equal(encodeMessage("x".repeat(1025)), `${"x".repeat(1024)}...TRUNCATED`);
  assert.equal(encodeMessage("é".repeat(512)), "%C3%A9".repeat(512));
  for (const [piece, pad] of [
    ["é", "1"],
    ["模", ""],
    ["🤖", "123"],
  ] as const) {
    const message = decodeURIComponent(encodeMessage(pad + piece.repeat(1000)));
    assert.match(message, new RegExp(`^${pad}(?:${piece})+\\.\\.\\.TRUNCATED$`, "u"));
    const kept = Buffer.byteLength(message) - "...TRUNCATED".length;
    assert.ok(kept <= 1024 && kept > 1020, `${piece}: ${kept}`);
  }
});
