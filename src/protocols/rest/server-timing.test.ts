import assert from "node:assert/strict";
import { it } from "node:test";
import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { EchoLookup, echoSignature } from "./echo-servable.ts";
import { restHandler } from "./handler.ts";
import { withServerTiming } from "./server-timing.ts";

const signatures = { serving_default: echoSignature({ x: "float32" }) };

/** What the header says, in milliseconds. */
async function timed(lookup: ServableLookup, method: string, target: string, body = '{"inputs": 1}') {
  const handle = withServerTiming(lookup, (served) => restHandler(served));
  const { status, headers } = await handle({ method, target, headers: {}, body: Buffer.from(body) });
  const text = headers["server-timing"]!;
  assert.match(
    text,
    /^parse;dur=\d+\.\d{3}, queue;dur=\d+\.\d{3}, run;dur=\d+\.\d{3}, encode;dur=\d+\.\d{3}$/,
  );
  const [parse, queue, run, encode] = [...text.matchAll(/dur=([\d.]+)/g)].map((match) => Number(match[1]));
  return { status, parse: parse!, queue: queue!, run: run!, encode: encode! };
}

function slow(milliseconds: number) {
  return async (inputs: readonly Tensor[]) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return inputs;
  };
}

const PREDICT = "/v1/models/echo:predict";

it("tells what the run takes, whether it is on this thread or not", async () => {
  const later = await timed(new EchoLookup(signatures, slow(30)), "POST", PREDICT);
  assert.equal(later.status, 200);
  assert.ok(later.run >= 25 && later.run < 5000, String(later.run));
  assert.equal(later.queue, 0);
  const busy = new EchoLookup(signatures, (inputs) => {
    const end = performance.now() + 20;
    while (performance.now() < end);
    return inputs;
  });
  const now = await timed(busy, "POST", PREDICT);
  assert.ok(now.run >= 19 && now.run < 5000, String(now.run));
  assert.ok(now.parse < now.run && now.encode < now.run);
  assert.deepEqual([busy.open, busy.undisposed], [0, 0]);
});

it("tells waiting from running", async () => {
  const inner = new EchoLookup(signatures, slow(40));
  const queueing: ServableLookup = {
    acquire: (request) => {
      const handle = inner.acquire(request);
      const run = async (...args: Parameters<typeof handle.run>) => ({
        ...(await handle.run(...args)),
        queuedMilliseconds: 25,
      });
      return { ...handle, run };
    },
    status: (name) => inner.status(name),
    names: () => inner.names(),
  };
  const { queue, run } = await timed(queueing, "POST", PREDICT);
  assert.equal(queue, 25);
  assert.ok(run >= 10 && run < 5000, String(run));
});

it("counts all as parsing that never came to a run", async () => {
  const lookup = new EchoLookup(signatures);
  for (const [method, target, status] of [
    ["POST", PREDICT, 400],
    ["GET", "/v1/models/echo", 200],
    ["GET", "/nowhere", 404],
  ] as const) {
    const found = await timed(lookup, method, target, "{");
    assert.deepEqual([found.status, found.queue, found.run, found.encode], [status, 0, 0, 0]);
  }
});

it("has a run that fails too", async () => {
  const failing = new EchoLookup(signatures, async (inputs) => {
    await slow(20)(inputs);
    throw new Error("failed");
  });
  const handle = withServerTiming(failing, (served) => restHandler(served));
  const request = { method: "POST", target: PREDICT, headers: {}, body: Buffer.from('{"inputs": 1}') };
  await assert.rejects(async () => handle(request), /failed/);
  assert.equal(failing.open, 0);
});
