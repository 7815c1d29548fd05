import assert from "node:assert/strict";
import { test } from "node:test";
import { ChunkedBody } from "./chunked-body.ts";

/** What a body is, how many bytes it took, and whether all of it has come. */
function read(text: string, size = text.length) {
  let data = "";
  const body = new ChunkedBody((piece) => {
    data += piece.toString("latin1");
  }, 100);
  let taken = 0;
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length && !body.isComplete; at += size) {
    taken += body.push(bytes.subarray(at, at + size));
  }
  return { data, taken, isComplete: body.isComplete };
}

test("chunks are put together, in whatever pieces they come; what is behind them is left", () => {
  const body = "3\r\nabc\r\n00A;x=y;z\r\n0123456789\r\n1\r\n\n\r\n0\r\nTrailer: t\r\nU:\r\n\r\n";
  for (const size of [1, 2, 5, 100]) {
    assert.deepEqual(read(body, size), { data: "abc0123456789\n", taken: body.length, isComplete: true });
  }
  assert.deepEqual(read("0\r\n\r\nGET / HTTP/1.1"), { data: "", taken: 5, isComplete: true });
  assert.deepEqual(read("3\r\nab"), { data: "ab", taken: 5, isComplete: false });
});

test("what isn't a chunk is refused", () => {
  for (const text of [
    "\r\n",
    "z\r\n",
    "-1\r\n",
    "+1\r\n",
    "0x1\r\n",
    " 1\r\n",
    "1\n",
    "1\rX",
    "1;a\nb\r\n",
    "1;\0\r\n",
    "1 \r\n",
    "1;\r\n",
    "1;=\r\n",
    "1;a=\r\n",
    "1;a=b=c\r\n",
    '1;a="b"\r\n',
    "1\r\nab\r\n",
    "1\r\na\n",
    "1\r\na\rX",
    "0\r\nT: \0\r\n\r\n",
    "0\r\nT: u\n\r\n",
    "0\r\n\rX",
    "1000000000000\r\n",
  ]) {
    assert.throws(() => read(text), { status: 400 }, JSON.stringify(text));
    assert.throws(() => read(text, 1), { status: 400 }, JSON.stringify(text));
  }
});

test("extensions and trailers have limits", () => {
  const chunk = `1;${"x".repeat(1000)}\r\na\r\n`;
  assert.equal(read(chunk.repeat(16)).data.length, 16);
  assert.throws(() => read(chunk.repeat(17)), { status: 413, message: /chunk extensions/ });
  assert.throws(() => read(`0\r\n${"T: u\r\n".repeat(20)}`), { status: 431 });
});

test("trailers take time by their length", () => {
  const times = [10_000, 80_000].map((length) => {
    const bytes = Buffer.from(`0\r\nT: ${"x".repeat(length)}\r\n\r\n`);
    const rounds = Array.from({ length: 5 }, () => {
      const start = performance.now();
      new ChunkedBody(() => {}, 100_000).push(bytes);
      return performance.now() - start;
    });
    return Math.min(...rounds);
  });
  // Eight times as many; were each byte to cost what there is already, 64 times as long.
  assert.ok(times[1]! < 32 * times[0]!, `${times} ms`);
});
