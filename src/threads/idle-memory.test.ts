import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import { IdleMemory } from "./idle-memory.ts";

const MB = 1 << 20;

test("a thread to which nothing came is collected, and again when its heap has grown", () => {
  const idle = new IdleMemory();
  assert.equal(idle.shouldCollect({ events: 0, heapBytes: 12 * MB }), true);
  idle.collected(8 * MB);
  assert.equal(idle.shouldCollect({ events: 0, heapBytes: 11 * MB }), false, "hardly grown");
  assert.equal(idle.shouldCollect({ events: 0, heapBytes: 12 * MB }), true);
});

test("a thread to which something came waits for a time in which nothing does", () => {
  const idle = new IdleMemory();
  assert.equal(idle.shouldCollect({ events: 5, heapBytes: 12 * MB }), false);
  assert.equal(idle.shouldCollect({ events: 6, heapBytes: 12 * MB }), false);
  assert.equal(idle.shouldCollect({ events: 6, heapBytes: 12 * MB }), true);
});

test("so many events count as none, and a large heap is left alone", () => {
  const idle = new IdleMemory({ mostEvents: 10 });
  assert.equal(idle.shouldCollect({ events: 10, heapBytes: 12 * MB }), true);
  assert.equal(idle.shouldCollect({ events: 21, heapBytes: 12 * MB }), false);
  assert.equal(idle.shouldCollect({ events: 21, heapBytes: 40 * MB }), false);
});

test("a thread that has much to do is let alone from then on", () => {
  const idle = new IdleMemory({ lastEvent: 100 });
  assert.equal(idle.shouldCollect({ events: 100, heapBytes: 12 * MB }), false, "something came");
  assert.equal(idle.isOver, false);
  assert.equal(idle.shouldCollect({ events: 101, heapBytes: 12 * MB }), false);
  assert.equal(idle.shouldCollect({ events: 101, heapBytes: 12 * MB }), false);
  assert.equal(idle.isOver, true);
});

test("an idle thread gives back what its heap no longer holds, and trims native memory", async () => {
  v8.setFlagsFromString("--expose-gc");
  const worker = new Worker(
    `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(new URL("./idle-memory.ts", import.meta.url).href)}).then(({ giveBackWhenIdle }) => {
      let held = Array.from({ length: 100_000 }, (_, i) => ({ i }));
      held = undefined;
      const before = process.memoryUsage().heapTotal;
      // Some events may come of the start.
      giveBackWhenIdle({ mostEvents: 20 }, () =>
        parentPort.postMessage({ before, after: process.memoryUsage().heapTotal }));
      parentPort.once("message", () => process.exit());
    });
  `,
    { eval: true },
  );
  const [{ before, after }] = (await once(worker, "message")) as [{ before: number; after: number }];
  worker.postMessage("end");
  await once(worker, "exit");
  assert.ok(after < before - 2 * MB, `${before} bytes before, ${after} after`);
});
