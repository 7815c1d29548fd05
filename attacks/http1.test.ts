import assert from "node:assert/strict";
import net from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Serving } from "../soak/serving.ts";
import { endure } from "./endure.ts";

// What HTTP/1.1 lets a client do to a server. Limits on time are short here.

const SECOND = 1000;
let serving: Serving;
let port: number;
before(async () => {
  serving = await Serving.start(1, [
    "--header_timeout_seconds=1",
    "--request_timeout_seconds=2",
    "--unread_timeout_seconds=1",
    "--rest_api_max_body_bytes=10000000",
  ]);
  port = serving.restPort;
});
after(() => serving.stop());

interface Exchange {
  readonly text: string;
  readonly isClosed: boolean;
  /** How long it took until the server closed the connection, in milliseconds. */
  readonly took: number;
}

/** Sends pieces, one every so often, until the server closes the connection or the time is over. */
async function exchange(
  pieces: Iterable<string | Buffer>,
  { pause = 0, milliseconds = 6 * SECOND, reads = true } = {},
): Promise<Exchange> {
  const socket = net.connect(port, "127.0.0.1");
  const start = performance.now();
  const chunks: Buffer[] = [];
  socket.on("error", () => {});
  if (reads) socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  else socket.pause();
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const sending = (async () => {
    for (const piece of pieces) {
      if (socket.destroyed) return;
      socket.write(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece);
      if (pause > 0) await wait(pause);
    }
  })();
  await Promise.race([closed, wait(milliseconds)]);
  const isClosed = socket.destroyed;
  socket.destroy();
  await sending;
  return { text: Buffer.concat(chunks).toString("latin1"), isClosed, took: performance.now() - start };
}

const BODY = '{"instances": [4]}';
const POST = "POST /v1/models/swapped:predict HTTP/1.1\r\nHost: x\r\n";
/** A second request, which must be answered only where the server and every proxy agree that it is one. */
const HIDDEN = "GET /v1/models/swapped HTTP/1.1\r\nHost: x\r\n\r\n";

const smuggling: Readonly<Record<string, string>> = {
  "both lengths, chunked last": `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "both lengths, chunked first": `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "two lengths": `${POST}Content-Length: 5\r\nContent-Length: 0\r\n\r\n${HIDDEN}`,
  "two lengths in one": `${POST}Content-Length: 5, 0\r\n\r\n${HIDDEN}`,
  "a length with a sign": `${POST}Content-Length: +5\r\n\r\n${HIDDEN}`,
  "a length below zero": `${POST}Content-Length: -5\r\n\r\n${HIDDEN}`,
  "a length in hex": `${POST}Content-Length: 0x5\r\n\r\n${HIDDEN}`,
  "a length that overflows": `${POST}Content-Length: 18446744073709551617\r\n\r\n${HIDDEN}`,
  "an encoding that isn't chunked": `${POST}Transfer-Encoding: identity\r\n\r\n${HIDDEN}`,
  "chunked, and something behind it": `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "an encoding with a tab": `${POST}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  "a space before the colon": `${POST}Content-Length : 5\r\n\r\n${HIDDEN}`,
  "a folded header": `${POST}X: a\r\n Content-Length: 5\r\n\r\n${HIDDEN}`.replace(
    "X: a\r\n ",
    "Transfer-Encoding:\r\n ",
  ),
  "a header that ends with a bare LF": `${POST}Content-Length: 5\nX: y\r\n\r\n${HIDDEN}`,
  "a header that ends with a bare CR": `${POST}X: y\rContent-Length: 5\r\n\r\n${HIDDEN}`,
  "a NUL in a header": `${POST}X: y\0Content-Length: 5\r\n\r\n${HIDDEN}`,
  "a NUL in a name": `${POST}Content\0-Length: 5\r\n\r\n${HIDDEN}`,
  "a size of a chunk that is none": `${POST}Transfer-Encoding: chunked\r\n\r\nz\r\n${HIDDEN}`,
  "a size of a chunk with a sign": `${POST}Transfer-Encoding: chunked\r\n\r\n-1\r\n${HIDDEN}`,
  "a size of a chunk in C's hex": `${POST}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${HIDDEN}`,
  "a size of a chunk that overflows": `${POST}Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\n${HIDDEN}`,
  "a chunk that is longer than it says": `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n${HIDDEN}`,
  "a chunk that ends with a bare LF": `${POST}Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n${HIDDEN}`,
  "a method that is none": `PO ST /v1/models/swapped:predict HTTP/1.1\r\nHost: x\r\n\r\n${HIDDEN}`,
  "a space in the target": `GET /v1/models /swapped HTTP/1.1\r\nHost: x\r\n\r\n${HIDDEN}`,
};
for (const [name, bytes] of Object.entries(smuggling)) {
  test(`smuggling: ${name}`, async () => {
    const { text, isClosed } = await endure(serving, () => exchange([bytes], { milliseconds: 3 * SECOND }));
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n.*\{\n {4}"error": "Bad Request: /s);
    assert.equal(text.split("HTTP/1.1 ").length, 2, "the second request is not looked at");
    assert.ok(isClosed);
  });
}

test("targets in absolute form name what is served here, whatever host they name", async () => {
  const { text } = await exchange(
    [`GET http://evil.example/v1/models/swapped HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n`],
    { milliseconds: 3 * SECOND },
  );
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
});

test("headers that aren't UTF-8 are none of the server's business", async () => {
  const request = `${POST}X: \xff\xfe\xc0\r\nContent-Type: \xff\r\nConnection: close\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
  const { text } = await exchange([request], { milliseconds: 3 * SECOND });
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
});

test("headers beyond the limit are a 431", async () => {
  for (const head of [`X: ${"y".repeat(70_000)}\r\n`, "X: y\r\n".repeat(20_000)]) {
    const { text, isClosed } = await endure(serving, () => exchange([POST + head]));
    assert.match(text, /^HTTP\/1\.1 431 /);
    assert.ok(isClosed);
  }
});

test("a body beyond the limit is a 413, declared or in chunks without end", async () => {
  const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`;
  const bodies = [
    ["Content-Length: 10000001\r\n\r\n"],
    ["Transfer-Encoding: chunked\r\n\r\n", ...Array(12).fill(chunk)],
  ];
  for (const body of bodies) {
    const { text } = await endure(serving, () => exchange([POST, ...body], { milliseconds: 2 * SECOND }));
    assert.match(text, /^HTTP\/1\.1 413 .*Request body is larger than 10000000 bytes/s);
  }
});

test("a client that sends nothing, or its headers byte by byte, gets a 408", async () => {
  for (const pieces of [[], [...`${POST}X: ${"y".repeat(100)}\r\n`]]) {
    const { text, isClosed, took } = await endure(serving, () => exchange(pieces, { pause: 100 }));
    assert.ok(isClosed && took > 0.8 * SECOND && took < 5 * SECOND, `after ${took} ms`);
    if (pieces.length > 0) assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\n/);
  }
});

test("a client whose body comes byte by byte, or stops, is let go", async () => {
  const head = `${POST}Content-Length: 1000\r\n\r\n`;
  for (const [pieces, most] of [
    [[head, ..."x".repeat(100)], 5],
    [[head, "x"], 3],
  ] as const) {
    const { isClosed, took } = await endure(serving, () => exchange(pieces, { pause: 100 }));
    assert.ok(isClosed && took < most * SECOND, `after ${took} ms`);
  }
});

test("hundreds of slow clients at a time harm no one", async () => {
  const slow = await endure(serving, () =>
    Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        exchange(i % 2 === 0 ? [...POST] : [`${POST}Content-Length: 9\r\n\r\n`, ..."xxxxx"], { pause: 200 }),
      ),
    ),
  );
  for (const { isClosed } of slow) assert.ok(isClosed);
});

test("a client that reads no answers is read no further, and let go", async () => {
  const request = `${POST}Content-Length: ${BODY.length}\r\n\r\n${BODY}`.repeat(1000);
  const { isClosed } = await endure(
    serving,
    () => exchange(Array(300).fill(request), { pause: 5, reads: false, milliseconds: 40 * SECOND }),
    { mebibytes: 100 },
  );
  // The end of a connection that isn't read is found out by writing.
  assert.ok(isClosed);
});

test("a request that its model takes longer for than clients may be silent is answered", async () => {
  const patient = await Serving.start(1, ["--unread_timeout_seconds=1", "--rest_api_timeout_in_ms=3000"]);
  try {
    // A loop that ends when its numbers are small, which infinity never is.
    const reply = await fetch(`http://127.0.0.1:${patient.restPort}/v1/models/loops:predict`, {
      method: "POST",
      body: '{"signature_name": "values", "inputs": [[Infinity, 1, 1]]}',
    });
    assert.equal(reply.status, 504);
  } finally {
    await patient.stop();
  }
});

test("connections beyond the limit take the places of those that aren't in use, or are told so", async () => {
  const small = await Serving.start(1, ["--max_connections=20", "--rest_api_timeout_in_ms=4000"]);
  const sockets: net.Socket[] = [];
  const connect = async (bytes: string) => {
    const socket = net.connect(small.restPort, "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write(bytes);
    return socket;
  };
  try {
    await endure(small, async () => {
      for (let i = 0; i < 300; i++) await connect("GET / HT");
      await wait(300);
    });
    for (const socket of sockets) socket.resume();
    await wait(300);
    const left = sockets.filter(({ destroyed }) => !destroyed);
    assert.ok(left.length <= 20, `${left.length} are left`);
    for (const socket of left) socket.destroy();
    // Connections that are all in use, with a request that takes as long as it may.
    const endless = '{"signature_name": "values", "inputs": [[Infinity, 1, 1]]}';
    const busy = `POST /v1/models/loops:predict HTTP/1.1\r\nContent-Length: ${endless.length}\r\n\r\n${endless}`;
    for (let i = 0; i < 20; i++) await connect(busy);
    await wait(300);
    const refused = await connect(HIDDEN);
    let text = "";
    refused.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    await new Promise((resolve) => refused.once("close", resolve));
    assert.match(text, /^HTTP\/1\.1 503 .*More than 20 connections are busy: see --max_connections/s);
  } finally {
    for (const socket of sockets) socket.destroy();
    await small.stop();
  }
});
