import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import { frameMessage } from "../protocols/grpc/framing.ts";
import type { UnaryCall, UnaryMethod } from "../protocols/unary.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { Code, StatusError } from "../status/status.ts";
import { BoundSocket } from "./bound-socket.ts";
import { createGrpcListener, type GrpcListener, type GrpcListenerOptions } from "./http2.ts";

// The client is @grpc/grpc-js: nothing of ours on its side.

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(methods: Record<string, UnaryMethod>, options?: GrpcListenerOptions) {
  const listener = createGrpcListener(new Map(Object.entries(methods)), options);
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  closers.push(() => listener.close(0));
  return { listener, address: `127.0.0.1:${port}` };
}

function connect(address: string, options: grpc.ClientOptions = {}): grpc.Client {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    ...options,
  });
  closers.push(() => client.close());
  return client;
}

const same = (bytes: Buffer): Buffer => bytes;

/** Resolves to the answer, or rejects with grpc-js's ServiceError. */
function call(client: grpc.Client, path: string, message: Uint8Array, options: grpc.CallOptions = {}) {
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, Buffer.from(message), options, (error, answer) => {
      if (error) reject(error);
      else resolve(answer!);
    });
  });
}

const echo: UnaryMethod = (message) => frameMessage(message);
const echoLater: UnaryMethod = async (message) => {
  await sleep(1);
  return frameMessage(message);
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Resolves once the method has been called, with its call. */
function neverAnswers() {
  const { promise: called, resolve } = Promise.withResolvers<UnaryCall>();
  const method: UnaryMethod = (_, unary) => {
    resolve(unary);
    return new Promise(() => {});
  };
  return { method, called };
}

suite("calls", () => {
  test("a method that answers at once, and one that answers later", async () => {
    const { address } = await start({ "/s/Now": echo, "/s/Later": echoLater });
    const client = connect(address);
    assert.equal(String(await call(client, "/s/Now", text("now"))), "now");
    assert.equal(String(await call(client, "/s/Later", text("later"))), "later");
    assert.equal((await call(client, "/s/Now", text(""))).length, 0);
  });

  test("headers reach the method", async () => {
    let seen: UnaryCall["headers"] = {};
    const { address } = await start({
      "/s/M": (message, { headers }) => {
        seen = headers;
        return frameMessage(message);
      },
    });
    const metadata = new grpc.Metadata();
    metadata.set("x-request-id", "42");
    await new Promise((resolve) =>
      connect(address).makeUnaryRequest("/s/M", same, same, Buffer.alloc(0), metadata, resolve),
    );
    assert.equal(seen["x-request-id"], "42");
    assert.equal(seen[":path"], "/s/M");
  });

  test("64 calls at a time on one connection", async () => {
    const { address } = await start({ "/s/Now": echo, "/s/Later": echoLater });
    const client = connect(address);
    const answers = Array.from({ length: 512 }, async (_, i) => {
      const message = Buffer.alloc(i * 100, i);
      const answer = await call(client, i % 2 ? "/s/Now" : "/s/Later", message);
      assert.ok(answer.equals(message), `call ${i}`);
    });
    await Promise.all(answers);
  });

  test("20 MB there and back", async () => {
    const { address } = await start({ "/s/Echo": echo });
    const message = Buffer.alloc(20 << 20);
    for (let i = 0; i < message.length; i += 4) message.writeUInt32LE(i, i);
    const answer = await call(connect(address), "/s/Echo", message);
    assert.ok(answer.equals(message));
  });

  test("a large message's end is aligned to 8 bytes", async () => {
    const ends: number[] = [];
    const { address } = await start({
      "/s/End": (message) => {
        ends.push((message.byteOffset + message.length) % 8);
        return frameMessage(new Uint8Array(0));
      },
    });
    const client = connect(address);
    for (const length of [200_000, 200_001, 200_003, 200_007])
      await call(client, "/s/End", Buffer.alloc(length));
    assert.deepEqual(ends, [0, 0, 0, 0]);
  });

  for (const [name, algorithm] of [
    ["deflate", grpc.compressionAlgorithms.deflate],
    ["gzip", grpc.compressionAlgorithms.gzip],
  ] as const) {
    test(`messages compressed with ${name}, small and large`, async () => {
      const encodings = new Set<unknown>();
      const { address } = await start({
        "/s/Echo": (message, { headers }) => {
          encodings.add(headers["grpc-encoding"]);
          return frameMessage(message);
        },
      });
      const client = connect(address, { "grpc.default_compression_algorithm": algorithm });
      const large = Buffer.alloc(1 << 20);
      for (let i = 0; i < large.length; i++) large[i] = (i * i) >> 7;
      assert.equal(String(await call(client, "/s/Echo", text("small"))), "small");
      assert.ok((await call(client, "/s/Echo", large)).equals(large));
      assert.deepEqual([...encodings], [name]);
    });
  }

  test("keepalive pings are answered while a call waits", async () => {
    const { address } = await start({
      "/s/Slow": async (message) => {
        await sleep(400);
        return frameMessage(message);
      },
    });
    const client = connect(address, { "grpc.keepalive_time_ms": 50, "grpc.keepalive_timeout_ms": 100 });
    assert.equal(String(await call(client, "/s/Slow", text("kept"))), "kept");
  });
});

suite("errors", () => {
  const failing = (error: unknown): UnaryMethod => {
    return () => {
      throw error;
    };
  };

  test("code and message arrive, whatever characters it has", async () => {
    const message = "naïve 100% „quoted“ \n\t\u0000 模型 🤖 <end>";
    const error = new StatusError(Code.FAILED_PRECONDITION, message);
    const { address } = await start({
      "/s/Throws": failing(error),
      "/s/Rejects": async () => {
        throw error;
      },
    });
    const client = connect(address);
    for (const path of ["/s/Throws", "/s/Rejects"]) {
      await assert.rejects(call(client, path, text("x")), {
        code: grpc.status.FAILED_PRECONDITION,
        details: message,
      });
    }
  });

  test("a long message is cut at a character", async () => {
    const { address } = await start({ "/s/M": failing(new StatusError(Code.NOT_FOUND, "é".repeat(20_000))) });
    await assert.rejects(call(connect(address), "/s/M", text("")), {
      code: grpc.status.NOT_FOUND,
      details: /^é{512}\.\.\.TRUNCATED$/,
    });
  });

  test("what isn't a StatusError is told to the log, not to the client", async () => {
    const failures: unknown[] = [];
    const secret = new TypeError("secret");
    const { address } = await start(
      {
        "/s/M": async () => {
          throw secret;
        },
      },
      { onFailure: (error, path) => failures.push(error, path) },
    );
    await assert.rejects(call(connect(address), "/s/M", text("")), {
      code: grpc.status.INTERNAL,
      details: "Internal error",
    });
    assert.deepEqual(failures, [secret, "/s/M"]);
  });

  test("an unknown method", async () => {
    const { address } = await start({});
    await assert.rejects(call(connect(address), "/s/Nothing", text("")), {
      code: grpc.status.UNIMPLEMENTED,
      details: "Method not found: /s/Nothing",
    });
  });

  test("a message over the limit, the connection being good for the next", async () => {
    const { address } = await start({ "/s/Echo": echo }, { maxReceiveMessageLength: 1000 });
    const client = connect(address);
    assert.equal((await call(client, "/s/Echo", Buffer.alloc(1000))).length, 1000);
    for (const length of [1001, 5 << 20]) {
      await assert.rejects(call(client, "/s/Echo", Buffer.alloc(length)), {
        code: grpc.status.RESOURCE_EXHAUSTED,
        details: `Received message larger than max (${length} vs. 1000)`,
      });
    }
    assert.equal((await call(client, "/s/Echo", Buffer.alloc(1000))).length, 1000);
  });

  for (const megabytes of [10, 100]) {
    test(`a small message that decompresses to ${megabytes} MB`, async () => {
      const { address } = await start({ "/s/Echo": echo }, { maxReceiveMessageLength: 1 << 20 });
      const client = connect(address, {
        "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip,
      });
      await assert.rejects(call(client, "/s/Echo", Buffer.alloc(megabytes << 20)), {
        code: grpc.status.RESOURCE_EXHAUSTED,
        details: /larger than max/,
      });
    });
  }
});

/** Resolves when the call is given up. */
function told(cancellation: Cancellation): Promise<void> {
  return new Promise((resolve) => cancellation.onCancel({ cancel: resolve }));
}

suite("deadlines and cancellation", () => {
  test("a deadline that passes ends the call and aborts its signal", async () => {
    const { method, called } = neverAnswers();
    const { address } = await start({ "/s/Never": method });
    const answer = call(connect(address), "/s/Never", text(""), { deadline: Date.now() + 100 });
    const failed = assert.rejects(answer, { code: grpc.status.DEADLINE_EXCEEDED });
    const { signal, cancellation } = await called;
    assert.deepEqual([signal.aborted, cancellation!.isCancelled], [false, false]);
    await Promise.all([once(signal, "abort"), told(cancellation!)]);
    await failed;
  });

  test("a deadline far away, and thousands of calls that meet theirs", async () => {
    const { address } = await start({ "/s/Later": echoLater });
    const client = connect(address);
    const calls = Array.from({ length: 2000 }, (_, i) =>
      call(client, "/s/Later", text("x"), { deadline: Date.now() + (i % 2 ? 60_000 : 30_000_000) }),
    );
    await Promise.all(calls);
  });

  test("a client that cancels aborts the signal", async () => {
    const { method, called } = neverAnswers();
    const { address } = await start({ "/s/Never": method });
    const error = new Promise<grpc.ServiceError | null>((resolve) => {
      const running = connect(address).makeUnaryRequest("/s/Never", same, same, Buffer.alloc(1), resolve);
      called.then(({ signal }) => {
        assert.equal(signal.aborted, false);
        running.cancel();
      });
    });
    assert.equal((await error)?.code, grpc.status.CANCELLED);
    const { signal, cancellation } = await called;
    if (!signal.aborted) await once(signal, "abort");
    await told(cancellation!);
  });

  test("thousands of calls that are cancelled don't end the connection", async () => {
    const { address } = await start({ "/s/Never": () => new Promise(() => {}), "/s/Echo": echo });
    const client = connect(address);
    await call(client, "/s/Echo", text("first"));
    for (let round = 0; round < 40; round++) {
      await Promise.all(
        Array.from({ length: 100 }, () =>
          assert.rejects(call(client, "/s/Never", text(""), { deadline: Date.now() + 5 }), {
            code: grpc.status.DEADLINE_EXCEEDED,
          }),
        ),
      );
    }
    assert.equal(String(await call(client, "/s/Echo", text("last"))), "last");
  });

  test("a signal that is asked for after the client has gone is aborted", async () => {
    const { method, called } = neverAnswers();
    const { address } = await start({ "/s/Never": method });
    const client = connect(address);
    const running = client.makeUnaryRequest("/s/Never", same, same, Buffer.alloc(1), () => {});
    const unary = await called;
    running.cancel();
    while (!unary.signal.aborted) await sleep(5);
  });
});

suite("listening and closing", () => {
  test("a call that has begun is finished, then the port is closed", async () => {
    const { promise: go, resolve: release } = Promise.withResolvers<void>();
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    const { listener, address } = await start({
      "/s/Wait": async (message) => {
        begin();
        await go;
        return frameMessage(message);
      },
    });
    const answer = call(connect(address), "/s/Wait", text("done"));
    await began;
    const closed = listener.close(10_000);
    await sleep(50);
    release();
    assert.equal(String(await answer), "done");
    await closed;
    await assert.rejects(call(connect(address), "/s/Wait", text("")), { code: grpc.status.UNAVAILABLE });
  });

  test("calls that cross the end on their way are not lost", async () => {
    const { listener, address } = await start({ "/s/Later": echoLater });
    const client = connect(address);
    await call(client, "/s/Later", text("connected"));
    const calls = Array.from({ length: 200 }, () => call(client, "/s/Later", text("x")));
    await sleep(0);
    await Promise.all([listener.close(10_000), ...calls]);
  });

  test("a call that outlasts the drain is cut, and its signal aborted", async () => {
    const { method, called } = neverAnswers();
    const { listener, address } = await start({ "/s/Never": method });
    const answer = assert.rejects(call(connect(address), "/s/Never", text("")));
    const { signal } = await called;
    const before = performance.now();
    await (listener satisfies GrpcListener).close(100);
    assert.ok(performance.now() - before < 5000);
    await answer;
    assert.ok(signal.aborted);
  });

  test("a socket that is bound already", async () => {
    const socket = await BoundSocket.open("127.0.0.1", 0);
    closers.push(() => socket.close());
    const listener = createGrpcListener(new Map([["/s/Echo", echo]]));
    closers.push(() => listener.close(0));
    const { port } = await listener.listen({ fd: socket.duplicate() });
    assert.equal(port, socket.port);
    assert.equal(String(await call(connect(`127.0.0.1:${port}`), "/s/Echo", text("here"))), "here");
  });

  test("a port that is taken", async () => {
    const { address } = await start({});
    const port = Number(address.split(":")[1]);
    await assert.rejects(createGrpcListener(new Map()).listen({ host: "127.0.0.1", port }), {
      code: "EADDRINUSE",
    });
  });
});
