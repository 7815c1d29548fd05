import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { afterEach, suite, test } from "node:test";
import { frameMessage } from "../../protocols/grpc/framing.ts";
import type { UnaryMethod } from "../../protocols/unary.ts";
import { createGrpcListener, type GrpcListenerOptions } from "../http2.ts";
import { FrameBudget } from "./frame-budget.ts";
import { ErrorCode } from "./frames.ts";

// The client is node's, that is nghttp2.

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function connect(
  methods: Record<string, UnaryMethod>,
  settings: http2.Settings = {},
  options: GrpcListenerOptions = {},
): Promise<http2.ClientHttp2Session> {
  const listener = createGrpcListener(new Map(Object.entries(methods)), options);
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  closers.push(() => listener.close(0));
  const session = http2.connect(`http://127.0.0.1:${port}`, {
    settings,
    maxSendHeaderBlockLength: 1 << 20,
  });
  closers.push(() => session.destroy());
  return session;
}

const GRPC = { ":method": "POST", ":path": "/s/M", "content-type": "application/grpc", te: "trailers" };

/** Resolves to headers and trailers in one, and the message. */
async function call(session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders = {}) {
  const stream = session.request({ ...GRPC, ...headers });
  const answer: http2.IncomingHttpHeaders = {};
  stream.on("response", (received) => Object.assign(answer, received));
  stream.on("trailers", (received) => Object.assign(answer, received));
  const body: Buffer[] = [];
  stream.on("data", (piece: Buffer) => body.push(piece));
  stream.end(frameMessage(Buffer.from("x")));
  await once(stream, "close");
  return { answer, message: Buffer.concat(body).subarray(5) };
}

function numbers(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32LE(i, i);
  return bytes;
}

suite("flow control", () => {
  for (const [name, settings] of [
    ["windows of 100 bytes", { initialWindowSize: 100 }],
    ["windows of nothing", { initialWindowSize: 0 }],
    ["frames of 1 MB", { initialWindowSize: 2 ** 31 - 1, maxFrameSize: 1 << 20 }],
  ] as const) {
    test(`answers to a client with ${name}`, async () => {
      const large = numbers(20_000);
      const session = await connect({ "/s/M": () => frameMessage(large) }, settings);
      await once(session, "remoteSettings");
      // A window of nothing is widened once the call is open.
      if (settings.initialWindowSize === 0)
        setTimeout(() => session.settings({ initialWindowSize: 1000 }), 20);
      const answers = await Promise.all(Array.from({ length: 5 }, () => call(session)));
      for (const { answer, message } of answers) {
        assert.ok(message.equals(large));
        assert.equal(answer["grpc-status"], "0");
      }
    });
  }

  test("a client that cancels half of an answer gets the others whole", async () => {
    const large = numbers(5 << 20);
    const session = await connect({ "/s/M": () => frameMessage(large) });
    const cancelled = session.request(GRPC);
    cancelled.on("error", () => {});
    cancelled.end(frameMessage(Buffer.from("x")));
    cancelled.once("data", () => cancelled.close(http2.constants.NGHTTP2_CANCEL));
    const { message } = await call(session);
    assert.ok(message.equals(large));
  });
});

suite("headers", () => {
  test("arrive as they were sent, whatever nghttp2 makes of them", async () => {
    let seen: Readonly<Record<string, string | string[] | undefined>> = {};
    const session = await connect({
      "/s/M": (message, { headers }) => {
        seen = headers;
        return frameMessage(message);
      },
    });
    let state = 1;
    const character = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return String.fromCharCode(0x21 + ((state >>> 16) % 94));
    };
    for (let round = 0; round < 100; round++) {
      const sent = Object.fromEntries(
        Array.from({ length: 5 }, (_, i) => [
          `x-${i}`,
          Array.from({ length: round * i }, character).join(""),
        ]),
      );
      await call(session, sent);
      for (const [name, value] of Object.entries(sent)) assert.equal(seen[name], value);
    }
  });

  test("that need several frames are taken, up to 64 KiB", async () => {
    const session = await connect({ "/s/M": (message) => frameMessage(message) });
    const { answer } = await call(session, { "x-long": "|".repeat(40_000) });
    assert.equal(answer["grpc-status"], "0");
    const refused = await call(session, { "x-long": "a".repeat(70_000) });
    assert.equal(refused.answer[":status"], 431);
    assert.equal((await call(session)).answer["grpc-status"], "0");
  });

  test("that are repeated are joined", async () => {
    let seen: unknown;
    const session = await connect({
      "/s/M": (message, { headers }) => {
        seen = headers["x-twice"];
        return frameMessage(message);
      },
    });
    await call(session, { "x-twice": ["a", "b"] });
    assert.equal(seen, "a, b");
  });
});

suite("limits", () => {
  test("calls beyond the limit are refused, to be tried again", async () => {
    const { promise: go, resolve: release } = Promise.withResolvers<void>();
    const session = await connect(
      {
        "/s/M": async (message) => {
          await go;
          return frameMessage(message);
        },
      },
      {},
      { maxConcurrentStreams: 2 },
    );
    const codes: (number | undefined)[] = [];
    const open = Array.from({ length: 3 }, () => {
      const stream = session.request(GRPC);
      stream.on("error", () => {});
      stream.resume();
      stream.end(frameMessage(Buffer.from("x")));
      return new Promise((resolve) => stream.on("close", resolve)).then(() => codes.push(stream.rstCode));
    });
    // nghttp2 keeps to the limit once it knows it.
    await once(session, "remoteSettings");
    assert.equal(session.remoteSettings.maxConcurrentStreams, 2);
    release();
    await Promise.all(open);
    assert.equal(codes.filter((code) => code === 0).length >= 2, true);
    for (const code of codes) assert.ok(code === 0 || code === ErrorCode.REFUSED_STREAM);
  });

  test("resets", () => {
    const budget = FrameBudget.forResets();
    const spend = () => {
      for (let i = 0; i < 200_000; i++) budget.spend();
    };
    for (let i = 0; i < 50_000; i++) budget.spend();
    assert.throws(spend, { code: ErrorCode.ENHANCE_YOUR_CALM });
  });
});
