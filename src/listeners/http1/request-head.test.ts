import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRequestHead } from "./request-head.ts";

const parse = (...lines: string[]) => parseRequestHead(lines.join("\r\n"));

test("a head is its method, target and headers, and what they say", () => {
  const head = parse("POST /v1/x?y=%20 HTTP/1.1", "Host: a:1", "CONTENT-LENGTH:\t12 ", "X-Y: z");
  assert.deepEqual(
    { ...head, headers: { ...head.headers } },
    {
      method: "POST",
      target: "/v1/x?y=%20",
      headers: { host: "a:1", "content-length": "12", "x-y": "z" },
      length: 12,
      isKept: true,
      expectsContinue: false,
    },
  );
});

test("repeated headers are joined", () => {
  const { headers } = parse(
    "GET / HTTP/1.1",
    "Accept: a",
    "accept:  b",
    "Cookie: c=1",
    "Cookie: d=2",
    "Empty:",
  );
  assert.deepEqual({ ...headers }, { accept: "a, b", cookie: "c=1; d=2", empty: "" });
});

test("names of what objects have by themselves are only names", () => {
  const { headers } = parse("GET / HTTP/1.1", "__proto__: a", "constructor: b", "toString: c");
  assert.deepEqual(Object.entries(headers), [
    ["__proto__", "a"],
    ["constructor", "b"],
    ["tostring", "c"],
  ]);
  assert.equal(parse("GET / HTTP/1.1").headers.constructor, undefined);
});

test("bytes beyond ASCII are characters of values", () => {
  assert.equal(parse("GET / HTTP/1.1", "X: \xff\xfe").headers.x, "\xff\xfe");
});

test("targets are paths, URLs and *", () => {
  for (const target of ["/", "/a//b?c=d&e#f", "http://h:1/x", "*"]) {
    assert.equal(parse(`GET ${target} HTTP/1.1`).target, target);
  }
});

test("connections are kept unless the client says otherwise", () => {
  const isKept = (version: string, ...headers: string[]) => parse(`GET / HTTP/${version}`, ...headers).isKept;
  assert.equal(isKept("1.1"), true);
  assert.equal(isKept("1.1", "Connection: upgrade ,\tCLOSE"), false);
  assert.equal(isKept("1.1", "Connection: closed"), true);
  assert.equal(isKept("1.0"), false);
  assert.equal(isKept("1.0", "Connection: Keep-Alive"), true);
});

test("a body comes in chunks or has a length, or there is none", () => {
  const length = (...headers: string[]) => parse("POST / HTTP/1.1", ...headers).length;
  assert.equal(length(), 0);
  assert.equal(length("Content-Length: 0017"), 17);
  assert.equal(length("Transfer-Encoding: Chunked"), undefined);
});

test("100-continue is waited for, anything else can't be expected", () => {
  assert.equal(parse("POST / HTTP/1.1", "Expect: 100-Continue").expectsContinue, true);
  assert.equal(parse("POST / HTTP/1.0", "Expect: 100-continue").expectsContinue, false);
  assert.throws(() => parse("POST / HTTP/1.1", "Expect: x"), { status: 417, message: /got x/ });
});

test("what two parties could understand in two ways is refused", () => {
  const heads: readonly string[][] = [
    ["GET / HTTP/1.1", "Content-Length: 1", "Content-Length: 1"],
    ["GET / HTTP/1.1", "Content-Length: 1", "Transfer-Encoding: chunked"],
    ["GET / HTTP/1.1", "Transfer-Encoding: gzip, chunked"],
    ["GET / HTTP/1.1", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ["GET / HTTP/1.0", "Transfer-Encoding: chunked"],
    ["GET / HTTP/1.1", "Host: a", "Host: b"],
    ...["-1", "+1", "0x1", "1e1", "1,1", "", "9999999999999999"].map((length) => [
      "GET / HTTP/1.1",
      `Content-Length: ${length}`,
    ]),
    ...[
      "X : a",
      " X: a",
      "X",
      ": a",
      "X\0: a",
      "X: a\0",
      "X: a\nY: b",
      "X: a\rY: b",
      "X: \x7f",
      "\xe9: a",
    ].map((header) => ["GET / HTTP/1.1", header]),
    ["GET / HTTP/1.1", "X: a", "\tY: b"],
  ];
  for (const lines of heads) {
    assert.throws(() => parse(...lines), { status: 400, message: /^Bad Request: / }, JSON.stringify(lines));
  }
});

test("what isn't a request line is refused", () => {
  for (const line of [
    "",
    "GET",
    "GET /",
    "GET  / HTTP/1.1",
    "GET / HTTP/1.1 ",
    " GET / HTTP/1.1",
    "GET / HTTP/2.0",
    "GET / http/1.1",
    "GET /a b HTTP/1.1",
    "GET /\xff HTTP/1.1",
    "GET /\x01 HTTP/1.1",
    "GET a HTTP/1.1",
    "G(T / HTTP/1.1",
    "CONNECT / HTTP/1.1",
    "CONNECT a:1 HTTP/1.1",
  ]) {
    assert.throws(() => parse(line), { status: 400 }, line);
  }
});
