import assert from "node:assert/strict";
import { it } from "node:test";
import { Code } from "../../status/status.ts";
import { frameMessage } from "../grpc/framing.ts";
import { decodeText, readMessage, writeBody } from "./body.ts";

const message = Buffer.from("message");
const trailers = Buffer.concat([Buffer.of(0x80, 0, 0, 0, 6), Buffer.from("a: b\r\n")]);

it("finds the message, as a view, and leaves trailers alone", () => {
  const body = Buffer.concat([frameMessage(message), trailers]);
  const { bytes, compressed } = readMessage(body);
  assert.deepEqual([Buffer.from(bytes).toString(), compressed], ["message", false]);
  assert.equal(bytes.buffer, body.buffer);
  const gzipped = frameMessage(message);
  gzipped[0] = 1;
  assert.equal(readMessage(gzipped).compressed, true);
  assert.equal(readMessage(frameMessage(Buffer.alloc(0))).bytes.length, 0);
});

it("refuses what isn't one whole message", () => {
  const whole = frameMessage(message);
  for (const [body, code] of [
    [Buffer.alloc(0), Code.UNIMPLEMENTED],
    [trailers, Code.UNIMPLEMENTED],
    [Buffer.concat([whole, whole]), Code.UNIMPLEMENTED],
    [whole.subarray(0, 3), Code.INTERNAL],
    [whole.subarray(0, 9), Code.INTERNAL],
    [Buffer.of(0, 0xff, 0xff, 0xff, 0xff, 1), Code.INTERNAL],
    [Buffer.of(2, 0, 0, 0, 0), Code.INTERNAL],
  ] as const) {
    assert.throws(() => readMessage(body), { code });
  }
});

it("writes trailers as a last frame", () => {
  const text = "grpc-status:5\r\ngrpc-message:no%0A\r\n";
  const expected = Buffer.concat([Buffer.of(0x80, 0, 0, 0, text.length), Buffer.from(text)]);
  const status = { "grpc-status": "5", "grpc-message": "no%0A" };
  assert.deepEqual(writeBody(undefined, status), expected);
  assert.deepEqual(
    writeBody(frameMessage(message), status),
    Buffer.concat([frameMessage(message), expected]),
  );
});

it("decodes base64 in pieces that are padded each", () => {
  const text = (body: string) => Buffer.from(decodeText(Buffer.from(body))).toString();
  assert.equal(text(""), "");
  assert.equal(text(btoa("a message")), "a message");
  assert.equal(text(btoa("a") + btoa("bc") + btoa("def")), "abcdef");
  for (const bad of ["a", "=", "====", "ab*=", "YQ===", "YWJj====", "YQ==\n"]) {
    assert.throws(() => decodeText(Buffer.from(bad)), { code: Code.INTERNAL }, bad);
  }
});
