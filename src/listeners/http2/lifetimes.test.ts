import assert from "node:assert/strict";
import http2 from "node:http2";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { frameMessage } from "../../protocols/grpc/framing.ts";
import type { UnaryMethod } from "../../protocols/unary.ts";
import { createGrpcListener } from "../http2.ts";
import type { LifetimeOptions } from "./lifetimes.ts";

const HEADERS = { ":method": "POST", ":path": "/s/M", "content-type": "application/grpc", te: "trailers" };

/** A client of Node's own, and when it was asked to go and was cut, in milliseconds after it came. */
async function connect(
  lifetime: LifetimeOptions,
  method: UnaryMethod = () => frameMessage(new Uint8Array(0)),
) {
  const listener = createGrpcListener(new Map([["/s/M", method]]), { lifetime });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  const client = http2.connect(`http://127.0.0.1:${port}`);
  client.on("error", () => {});
  const began = performance.now();
  const after = (event: string) =>
    new Promise<number>((resolve) => client.once(event, () => resolve(performance.now() - began)));
  const asked = after("goaway");
  const gone = after("close");
  await new Promise((resolve) => client.once("connect", resolve));
  const call = () => {
    const stream = client.request(HEADERS);
    stream.on("error", () => {});
    stream.resume();
    stream.end(Buffer.alloc(5));
    return new Promise<number | undefined>((resolve) => {
      let status: number | undefined;
      stream.on("trailers", (trailers) => {
        status = Number(trailers["grpc-status"]);
      });
      stream.on("close", () => resolve(status));
    });
  };
  return { asked, gone, call, close: () => listener.close(0) };
}

test("a connection is asked to go when it is old, and its calls are answered", async () => {
  const { promise: answer, resolve } = Promise.withResolvers<void>();
  const { asked, gone, call, close } = await connect({ age: 300 }, async () => {
    await answer;
    return frameMessage(new Uint8Array(0));
  });
  const running = call();
  const when = await asked;
  assert.ok(when > 250 && when < 1500, `${when} ms`);
  resolve();
  assert.equal(await running, 0);
  await gone;
  await close();
});

test("after a grace it is cut", async () => {
  const { asked, gone, call, close } = await connect({ age: 100, grace: 200 }, () => new Promise(() => {}));
  const running = call();
  const first = await asked;
  const last = await gone;
  assert.ok(last - first > 150, `${last - first} ms`);
  assert.equal(await running, undefined);
  await close();
});

test("a connection without calls is asked to go, one with calls isn't", async () => {
  const { asked, gone, call, close } = await connect({ idle: 200 });
  let over = false;
  asked.then(() => {
    over = true;
  });
  for (let i = 0; i < 8; i++) {
    assert.equal(await call(), 0);
    await sleep(50);
  }
  assert.equal(over, false);
  const when = await asked;
  assert.ok(when > 500, `${when} ms`);
  await gone;
  await close();
});

test("without limits connections stay", async () => {
  const { asked, call, close } = await connect({});
  const first = await Promise.race([asked, sleep(300, "still there")]);
  assert.equal(first, "still there");
  assert.equal(await call(), 0);
  await close();
});
