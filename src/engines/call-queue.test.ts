import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { CallQueue } from "./call-queue.ts";
import type { RunResult } from "./engine.ts";

const RESULT: RunResult = { tensors: [], dispose: () => {} };

test("so many calls run at a time; the others follow in order as calls end", async () => {
  const queue = new CallQueue(2);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const calls = [0, 1, 2, 3].map((call) =>
    queue.run((done) => {
      started.push(call);
      ends[call] = () => done(() => RESULT);
    }),
  );
  assert.deepEqual(started, [0, 1]);
  ends[1]!();
  assert.deepEqual(started, [0, 1, 2]);
  ends[0]!();
  assert.deepEqual(started, [0, 1, 2, 3]);
  ends[2]!();
  ends[3]!();
  assert.deepEqual(await Promise.all(calls), [RESULT, RESULT, RESULT, RESULT]);
});

test("a call is told how long it waited, if it did", async () => {
  const queue = new CallQueue(1);
  let end = () => {};
  const told = (queuedMilliseconds: number | undefined) => ({ ...RESULT, queuedMilliseconds });
  const first = queue.run((done) => {
    end = () => done(told);
  });
  const second = queue.run((done) => done(told));
  await new Promise((resolve) => setTimeout(resolve, 30));
  end();
  assert.equal((await first).queuedMilliseconds, undefined);
  const waited = (await second).queuedMilliseconds!;
  assert.ok(waited >= 25 && waited < 5000, String(waited));
});

test("a call that fails to start, or whose end fails, rejects and gives its place to the next", async () => {
  const queue = new CallQueue(1);
  let end = () => {};
  const failing = queue.run((done) => {
    end = () =>
      done(() => {
        throw new Error("failed at its end");
      });
  });
  const refused = queue.run(() => {
    throw new Error("failed to start");
  });
  const fine = queue.run((done) => done(() => RESULT));
  const outcomes = Promise.allSettled([failing, refused, fine]);
  await setImmediate();
  end();
  assert.deepEqual(
    (await outcomes).map((outcome) => (outcome.status === "fulfilled" ? "fine" : outcome.reason.message)),
    ["failed at its end", "failed to start", "fine"],
  );
});
