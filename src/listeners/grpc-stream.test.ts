import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
// The client is @grpc/grpc-js: nothing of ours on its side.
import grpc from "@grpc/grpc-js";
import { frameMessage } from "../protocols/grpc/framing.ts";
import type { StreamCall, StreamMethod } from "../protocols/streaming.ts";
import { Code, invalidArgument } from "../status/status.ts";
import { createGrpcListener } from "./http2.ts";

const closers: (() => unknown)[] = [];
after(() => Promise.all(closers.map((close) => close())));

async function serve(method: StreamMethod, failures: unknown[] = []) {
  const listener = createGrpcListener(new Map(), {
    streams: new Map([["/s/M", method]]),
    onFailure: (error) => failures.push(error),
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
  });
  closers.push(() => {
    client.close();
    return listener.close(0);
  });
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    listener,
    open: (options: grpc.CallOptions = {}) =>
      client.makeBidiStreamRequest("/s/M", same, same, options) as unknown as grpc.ClientDuplexStream<
        Buffer,
        Buffer
      >,
  };
}

/** What comes, and how the call ends. */
function collect(stream: grpc.ClientDuplexStream<Buffer, Buffer>) {
  const messages: string[] = [];
  const status = new Promise<[number, string]>((resolve) => {
    stream.on("data", (bytes: Buffer) => messages.push(String(bytes)));
    stream.on("status", ({ code, details }) => resolve([code, details]));
    stream.on("error", () => {});
  });
  return { messages, status };
}

const echo: StreamMethod = (call) => ({
  message: (bytes) => call.send(frameMessage(bytes)),
  end: () => call.finish(),
  cancel() {},
});

describe("a call of several messages", () => {
  it("carries messages both ways, in order, and ends when the client does", async () => {
    const stream = (await serve(echo)).open();
    const { messages, status } = collect(stream);
    for (const text of ["a", "", "c".repeat(60_000)]) stream.write(Buffer.from(text));
    while (messages.length < 3) await sleep(5);
    stream.write(Buffer.from("late"));
    stream.end();
    assert.deepEqual(await status, [Code.OK, ""]);
    assert.deepEqual(messages, ["a", "", "c".repeat(60_000), "late"]);
  });

  it("may be answered with more than the client's windows hold, and without a request", async () => {
    const piece = Buffer.alloc(300_000, "x");
    const stream = (
      await serve((call) => {
        for (let i = 0; i < 10; i++) call.send(frameMessage(piece));
        call.finish();
        return { message() {}, end() {}, cancel() {} };
      })
    ).open();
    const { messages, status } = collect(stream);
    assert.deepEqual(await status, [Code.OK, ""]);
    assert.deepEqual(
      messages.map(({ length }) => length),
      new Array(10).fill(300_000),
    );
  });

  it("handles messages one after the other", async () => {
    const order: string[] = [];
    const stream = (
      await serve((call) => ({
        message: async (bytes) => {
          order.push(`begin ${bytes[0]}`);
          await sleep(20);
          order.push(`end ${bytes[0]}`);
        },
        end: () => call.finish(),
        cancel() {},
      }))
    ).open();
    const { status } = collect(stream);
    stream.write(Buffer.from([1]));
    stream.write(Buffer.from([2]));
    stream.end();
    await status;
    assert.deepEqual(order, ["begin 1", "end 1", "begin 2", "end 2"]);
  });

  it("ends with what the method throws; of what isn't meant for clients they learn nothing", async () => {
    const failures: unknown[] = [];
    const { open } = await serve((call) => {
      return {
        message: (bytes) => {
          throw bytes[0] === 2 ? invalidArgument("not that") : new TypeError(`oops ${call.headers[":path"]}`);
        },
        end() {},
        cancel() {},
      };
    }, failures);
    const ends = async (text: number) => {
      const stream = open();
      const { status } = collect(stream);
      stream.write(Buffer.from([text]));
      return status;
    };
    assert.deepEqual(await ends(2), [Code.INVALID_ARGUMENT, "not that"]);
    assert.deepEqual(await ends(1), [Code.INTERNAL, "Internal error"]);
    assert.equal((failures[0] as Error).message, "oops /s/M");
  });

  it("tells the method when the client goes, or its deadline passes", async () => {
    const cancelled: number[] = [];
    let calls = 0;
    const { open } = await serve(() => {
      const number = calls++;
      return { message() {}, end() {}, cancel: () => cancelled.push(number) };
    });
    const gone = open();
    collect(gone);
    gone.write(Buffer.from("x"));
    while (calls < 1) await sleep(5);
    gone.cancel();
    while (cancelled.length < 1) await sleep(5);
    const late = open({ deadline: Date.now() + 200 });
    const { status } = collect(late);
    assert.equal((await status)[0], Code.DEADLINE_EXCEEDED);
    while (cancelled.length < 2) await sleep(5);
    assert.deepEqual(cancelled, [0, 1]);
  });

  it("is let go if its responses aren't read", async () => {
    const reached = Promise.withResolvers<StreamCall>();
    let cancelled = false;
    const { open } = await serve((call) => {
      reached.resolve(call);
      return {
        message() {},
        end() {},
        cancel: () => {
          cancelled = true;
        },
      };
    });
    const stream = open();
    stream.on("error", () => {});
    stream.pause();
    stream.write(Buffer.from("x"));
    const call = await reached.promise;
    for (let i = 0; i < 40 && !cancelled; i++) {
      call.send(frameMessage(Buffer.alloc(1 << 20)));
      await sleep(1);
    }
    assert.equal(cancelled, true);
    stream.cancel();
  });

  it("tells the method when the call fails, once", async () => {
    let cancelled = 0;
    const { open } = await serve(() => ({
      message(bytes) {
        if (bytes[0] === 1) throw invalidArgument("not that");
      },
      end() {},
      cancel: () => cancelled++,
    }));
    for (const bytes of [Buffer.of(1), Buffer.alloc(70_000)]) {
      cancelled = 0;
      const stream = open();
      const { status } = collect(stream);
      stream.write(bytes);
      await status;
      await sleep(20);
      assert.equal(cancelled, 1);
    }
  });

  it("refuses messages that are too large", async () => {
    const stream = (await serve(echo)).open();
    const { status } = collect(stream);
    stream.write(Buffer.alloc(70_000));
    const [code, details] = await status;
    assert.equal(code, Code.RESOURCE_EXHAUSTED);
    assert.equal(details, "Received message larger than max (70000 vs. 65536)");
  });
});
