import assert from "node:assert/strict";
import { test } from "node:test";
import { responseHead } from "./response-head.ts";

test("a head has the status, the headers, the length, the date, and whether there may be another request", () => {
  const kept = responseHead(200, { "content-type": "a/b" }, 12, true);
  assert.match(
    kept,
    /^HTTP\/1\.1 200 OK\r\ncontent-type: a\/b\r\ncontent-length: 12\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\n$/,
  );
  assert.match(
    responseHead(499, {}, 0, false),
    /^HTTP\/1\.1 499 Client Closed Request\r\n.*Connection: close\r\n\r\n$/s,
  );
  assert.doesNotMatch(responseHead(204, {}, 0, true), /content-length/);
  assert.match(responseHead(299, {}, 0, true), /^HTTP\/1\.1 299 Unknown\r\n/);
});

test("a value can't end its header", () => {
  for (const value of ["a\r\nb: c", "a\nb", "\0", "Ā"]) {
    assert.throws(() => responseHead(200, { x: value }, 0, true), /The header x can't be sent/);
  }
  assert.match(responseHead(200, { x: "\xff" }, 0, true), /x: \xff\r\n/);
});
