import assert from "node:assert/strict";
import { test } from "node:test";
import { findHeadEnd, leadingLineEnds } from "./head-end.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

test("the empty line is found in whatever pieces the head comes", () => {
  const head = bytes("GET / HTTP/1.1\r\nX: y\r\n\r\nGET");
  assert.equal(findHeadEnd(head, 0, 100), 20);
  for (let length = 1; length <= 24; length++) {
    const expected = length < 24 ? undefined : 20;
    assert.equal(findHeadEnd(head.subarray(0, length), length - 1, 100), expected);
  }
});

test("line ends before a request are passed over", () => {
  assert.equal(leadingLineEnds(bytes("\r\n\r\nGET")), 4);
  assert.equal(leadingLineEnds(bytes("\r\n\r")), 2);
  assert.equal(leadingLineEnds(bytes("GET\r\n")), 0);
  assert.equal(findHeadEnd(bytes("\r"), 0, 100), undefined);
});

test("a head may have so many bytes and no more, whether it has ended or not", () => {
  assert.equal(findHeadEnd(bytes("GET / HTTP/1.1\r\n\r\n"), 0, 14), 14);
  assert.throws(() => findHeadEnd(bytes("GET / HTTP/1.1\r\n\r\n"), 0, 13), { status: 431 });
  assert.throws(() => findHeadEnd(bytes("G".repeat(14)), 0, 13), {
    status: 431,
    message: /more than 13 bytes/,
  });
});

test("what can't become a head is refused before it has ended", () => {
  for (const text of ["\x16\x03\x01", "\n", "GET / HTTP/1.1\n", "GET /\0", " GET", "\rG", "\0"]) {
    assert.throws(() => findHeadEnd(bytes(text), 0, 100), { status: 400 }, JSON.stringify(text));
  }
  assert.throws(() => findHeadEnd(bytes("GET / HTTP/1.1\n"), 14, 100), { status: 400 });
  assert.throws(() => findHeadEnd(bytes("GET / HTTP/1.1\r\nX\n"), 17, 100), { status: 400 });
});
