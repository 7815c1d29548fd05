import assert from "node:assert/strict";
import { test } from "node:test";
import { unavailable } from "../status/status.ts";
import { NotLoaded, whenLoaded } from "./not-loaded.ts";

const ID = { name: "m", version: 1n };

test("an attempt that finds everything loaded is made once, and answers as it did", async () => {
  assert.equal(
    whenLoaded(() => 7),
    7,
  );
  assert.equal(await whenLoaded(async () => 8), 8);
  assert.throws(
    () =>
      whenLoaded(() => {
        throw unavailable("x");
      }),
    { message: "x" },
  );
  await assert.rejects(async () => whenLoaded(() => Promise.reject(unavailable("y"))), { message: "y" });
});

test("one that doesn't is made again when it is, however it said so", async () => {
  for (const later of [false, true]) {
    let attempts = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const result = whenLoaded<number>(() => {
      if (++attempts === 3) return attempts;
      const error = new NotLoaded(ID, promise);
      if (later) return Promise.reject(error);
      throw error;
    });
    assert.ok(result instanceof Promise);
    await new Promise(setImmediate);
    assert.equal(attempts, 1);
    resolve();
    assert.equal(await result, 3);
  }
});

test("a load that fails is what the attempt fails with", async () => {
  const failed = Promise.reject(unavailable("broken"));
  await assert.rejects(
    async () =>
      whenLoaded(() => {
        throw new NotLoaded(ID, failed);
      }),
    { message: "broken" },
  );
});
