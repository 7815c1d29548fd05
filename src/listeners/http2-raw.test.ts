import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { frameMessage } from "../protocols/grpc/framing.ts";
import type { UnaryCall, UnaryMethod } from "../protocols/unary.ts";
import { frame, headerBlock, PREFACE } from "./http2/raw-frame-cases.ts";
import { createGrpcListener } from "./http2.ts";

// What no proper gRPC client sends. An error that escaped would end the test process.

let port = 0;
const listener = createGrpcListener(
  new Map<string, UnaryMethod>([
    ["/s/Echo", (message: Uint8Array) => frameMessage(message)],
    [
      "/s/Never",
      (_: Uint8Array, { signal }: UnaryCall) =>
        new Promise<Uint8Array>((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("gone"))),
        ),
    ],
  ]),
  { maxReceiveMessageLength: 1 << 20 },
);
before(async () => {
  ({ port } = await listener.listen({ host: "127.0.0.1", port: 0 }));
});
after(() => listener.close(0));

const GRPC = { ":method": "POST", ":path": "/s/Echo", "content-type": "application/grpc", te: "trailers" };

/** Sends one request over a connection of its own. Resolves to headers and trailers in one, and the body. */
async function exchange(headers: http2.OutgoingHttpHeaders, ...pieces: Uint8Array[]) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request(headers, { endStream: false });
    const answer: http2.IncomingHttpHeaders = {};
    stream.on("response", (received) => Object.assign(answer, received));
    stream.on("trailers", (received) => Object.assign(answer, received));
    const body: Buffer[] = [];
    stream.on("data", (piece: Buffer) => body.push(piece));
    for (const piece of pieces) {
      stream.write(piece);
      await sleep(2);
    }
    stream.end();
    await once(stream, "close");
    return { answer, body: Buffer.concat(body) };
  } finally {
    session.close();
  }
}

async function stillServes(): Promise<void> {
  const { answer, body } = await exchange(GRPC, frameMessage(Buffer.from("alive")));
  assert.equal(answer["grpc-status"], "0");
  assert.equal(String(body.subarray(5)), "alive");
}

suite("requests that are not quite gRPC", () => {
  const hello = frameMessage(Buffer.from("hello"));
  const compressed = Buffer.from(frameMessage(gzipSync("hello")));
  compressed[0] = 1;
  const broken = Buffer.from(frameMessage(Buffer.from("hello")));
  broken[0] = 1;
  const oddFlag = Buffer.from(hello);
  oddFlag[0] = 2;

  const http: [string, http2.OutgoingHttpHeaders, number][] = [
    ["another content type", { ...GRPC, "content-type": "application/json" }, 415],
    ["gRPC-Web", { ...GRPC, "content-type": "application/grpc-web+proto" }, 415],
    ["no content type", { ":method": "POST", ":path": "/s/Echo" }, 415],
    ["a GET", { ...GRPC, ":method": "GET" }, 405],
    ["a HEAD", { ...GRPC, ":method": "HEAD" }, 405],
  ];
  for (const [name, headers, status] of http) {
    test(name, async () => {
      const { answer } = await exchange(headers, ...(headers[":method"] === "POST" ? [hello] : []));
      assert.equal(answer[":status"], status);
      assert.equal(answer["grpc-status"], undefined);
    });
  }

  const { te: _, ...withoutTe } = GRPC;
  const refused: [string, http2.OutgoingHttpHeaders, Uint8Array[], number, RegExp][] = [
    ["no TE header", withoutTe, [hello], 2, /^Missing :te header$/],
    ["no message", GRPC, [], 12, /no request message/],
    ["two messages", GRPC, [hello, hello], 12, /more than one request message/],
    ["two messages in one piece", GRPC, [Buffer.concat([hello, hello])], 12, /more than one request message/],
    ["a part of a prefix", GRPC, [hello.subarray(0, 3)], 13, /inside a message prefix/],
    ["a part of a message", GRPC, [hello.subarray(0, 8)], 13, /after 3 of 5 bytes/],
    ["an odd compressed flag", GRPC, [oddFlag], 13, /Invalid compressed flag 2/],
    [
      "a length over the limit",
      GRPC,
      [Buffer.from([0, 255, 255, 255, 255])],
      8,
      /\(4294967295 vs. 1048576\)/,
    ],
    ["compression without an encoding", GRPC, [compressed], 13, /no grpc-encoding/],
    ["data that isn't gzip", { ...GRPC, "grpc-encoding": "gzip" }, [broken], 13, /not valid gzip data/],
    [
      "an encoding that isn't known",
      { ...GRPC, "grpc-encoding": "snappy" },
      [hello],
      12,
      /'snappy' is not supported/,
    ],
    [
      "a malformed timeout",
      { ...GRPC, "grpc-timeout": "1 second" },
      [hello],
      3,
      /^Malformed grpc-timeout: 1 second$/,
    ],
    [
      "a body that outlasts the deadline",
      { ...GRPC, "grpc-timeout": "20m" },
      [hello.subarray(0, 6), ...Array(20).fill(Buffer.alloc(0))],
      4,
      /^Deadline Exceeded$/,
    ],
    [
      "a method that outlasts the deadline",
      { ...GRPC, ":path": "/s/Never", "grpc-timeout": "20000u" },
      [hello],
      4,
      /^Deadline Exceeded$/,
    ],
  ];
  for (const [name, headers, pieces, code, message] of refused) {
    test(name, async () => {
      const { answer } = await exchange(headers, ...pieces);
      assert.equal(answer[":status"], 200);
      assert.equal(answer["content-type"], "application/grpc");
      assert.equal(answer["grpc-accept-encoding"], "identity,deflate,gzip");
      assert.equal(answer["grpc-status"], String(code));
      assert.match(decodeURIComponent(String(answer["grpc-message"])), message);
    });
  }

  const accepted: [string, http2.OutgoingHttpHeaders, Uint8Array[]][] = [
    ["application/grpc+proto", { ...GRPC, "content-type": "application/grpc+proto" }, [hello]],
    ["a message byte by byte", GRPC, [...hello].map((byte) => Buffer.from([byte]))],
    ["gzip", { ...GRPC, "grpc-encoding": "gzip" }, [compressed]],
    ["an encoding that the message doesn't use", { ...GRPC, "grpc-encoding": "gzip" }, [hello]],
    ["the longest timeout", { ...GRPC, "grpc-timeout": "99999999H" }, [hello]],
  ];
  for (const [name, headers, pieces] of accepted) {
    test(name, async () => {
      const { answer, body } = await exchange(headers, ...pieces);
      assert.equal(answer["grpc-status"], "0");
      assert.equal(String(body.subarray(5)), "hello");
    });
  }

  test("a client that goes on sending after its refusal is stopped", async () => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ...GRPC, ":path": "/s/Nothing" }, { endStream: false });
    stream.on("error", () => {});
    stream.resume();
    const closed = once(stream, "close");
    const [headers] = await once(stream, "response");
    assert.equal(headers["grpc-status"], "12");
    while (!stream.destroyed) {
      stream.write(Buffer.alloc(64 << 10));
      await sleep(1);
    }
    await closed;
    session.close();
  });
});

const SETTINGS = frame(4, 0, 0);
const requestHeaders = headerBlock({ ":scheme": "http", ":authority": "x", ...GRPC });

/** Sends bytes and waits until the server has closed the connection, or for a while. */
async function throwAt(...pieces: Uint8Array[]): Promise<void> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "connect");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  for (const piece of pieces) socket.write(piece);
  await Promise.race([closed, sleep(50)]);
  socket.destroy();
  await closed;
}

suite("bytes that are no requests", () => {
  const open = Buffer.concat([PREFACE, SETTINGS]);
  const cases: [string, Uint8Array[]][] = [
    ["nothing at all", []],
    ["HTTP/1.1", [Buffer.from("POST /s/Echo HTTP/1.1\r\nHost: x\r\n\r\n")]],
    ["a TLS hello", [Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 3])]],
    ["zeros", [new Uint8Array(100_000)]],
    ["half a preface", [PREFACE.subarray(0, 10)]],
    ["half a frame", [open, frame(1, 4, 1, requestHeaders).subarray(0, 12)]],
    ["a frame longer than allowed", [open, frame(0, 0, 1, new Uint8Array(100_000))]],
    ["DATA on a stream that isn't open", [open, frame(0, 0, 1, Buffer.from("data"))]],
    ["HEADERS on stream 0", [open, frame(1, 4, 0, requestHeaders)]],
    ["HEADERS on an even stream", [open, frame(1, 4, 2, requestHeaders)]],
    ["broken HPACK", [open, frame(1, 4, 1, new Uint8Array(50).fill(255))]],
    ["header names in upper case", [open, frame(1, 5, 1, headerBlock({ ...GRPC, "X-Upper": "1" }))]],
    ["no path", [open, frame(1, 5, 1, headerBlock({ ":method": "POST", te: "trailers" }))]],
    ["a connection header", [open, frame(1, 5, 1, headerBlock({ ...GRPC, connection: "close" }))]],
    [
      "a content-length that is wrong",
      [
        open,
        frame(1, 4, 1, Buffer.concat([requestHeaders, headerBlock({ "content-length": "3" })])),
        frame(0, 1, 1, frameMessage(Buffer.from("hello"))),
      ],
    ],
    ["an unfinished header block", [open, frame(1, 0, 1, requestHeaders), frame(6, 0, 0, new Uint8Array(8))]],
    ["a window that overflows", [open, frame(8, 0, 0, Buffer.from([0x7f, 255, 255, 255]))]],
    ["a PING of odd length", [open, frame(6, 0, 0, new Uint8Array(7))]],
    [
      "unknown frames and settings",
      [open, frame(0xbe, 0xff, 7, new Uint8Array(30)), frame(4, 0, 0, new Uint8Array(6).fill(0xee))],
    ],
    ["a GOAWAY", [open, frame(7, 0, 0, new Uint8Array(8))]],
    ["a reset of a stream that never was", [open, frame(3, 0, 9, new Uint8Array(4))]],
  ];
  for (const [name, pieces] of cases) {
    test(name, async () => {
      await throwAt(...pieces);
      await stillServes();
    });
  }

  test("a flood of streams that are reset at once", async () => {
    const flood = Array.from({ length: 5000 }, (_, i) => {
      const id = 2 * i + 1;
      return Buffer.concat([frame(1, 4, id, requestHeaders), frame(3, 0, id, Buffer.from([0, 0, 0, 8]))]);
    });
    await throwAt(open, ...flood);
    await stillServes();
  });

  test("connections cut in the middle of calls", async () => {
    const started = Buffer.concat([
      frame(1, 4, 1, headerBlock({ ":scheme": "http", ...GRPC, ":path": "/s/Never" })),
      frame(0, 1, 1, frameMessage(Buffer.from("hello"))),
      frame(1, 4, 3, requestHeaders),
      frame(0, 0, 3, frameMessage(Buffer.alloc(500)).subarray(0, 300)),
    ]);
    await Promise.all(Array.from({ length: 50 }, () => throwAt(open, started)));
    await stillServes();
  });

  test("random bytes behind a good beginning", async () => {
    let state = 12345;
    const random = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 16;
    };
    for (let round = 0; round < 40; round++) {
      const noise = Uint8Array.from({ length: 3000 }, random);
      const frames = Array.from({ length: 20 }, () =>
        frame(random() % 11, random() % 256, random() % 8, noise.subarray(0, random() % 200)),
      );
      await Promise.all([throwAt(open, noise), throwAt(open, frame(1, 4, 1, requestHeaders), ...frames)]);
    }
    await stillServes();
  });
});
