import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { BatchThreads, createBatchThreads, releaseBatchThreads } from "./batch-threads.ts";

// Waiting for another thread doesn't keep this one alive, as a request worker's port does.
const keepAlive = setInterval(() => {}, 1000);
after(() => clearInterval(keepAlive));

describe("BatchThreads", () => {
  it("lets so many in, of all threads together, and tells one that waits when another leaves", async () => {
    const memory = createBatchThreads(2);
    const [a, b] = [new BatchThreads(memory, 0), new BatchThreads(memory, 1)];
    assert.ok(a.enter(assert.fail));
    assert.ok(b.enter(assert.fail));
    let told = 0;
    const tell = () => void told++;
    assert.equal(b.enter(tell), false);
    assert.equal(b.enter(tell), false);
    await setTimeout(20);
    assert.equal(told, 0);
    a.leave();
    await setTimeout(20);
    assert.equal(told, 1);
    assert.ok(b.enter(assert.fail));
    assert.equal(a.enter(tell), false);
    b.leave();
    b.leave();
    await setTimeout(20);
  });

  it("lets go of what a thread ran when it ended", async () => {
    const memory = createBatchThreads(1);
    const [dead, alive] = [new BatchThreads(memory, 0), new BatchThreads(memory, 1)];
    assert.ok(dead.enter(assert.fail));
    const free = new Promise<void>((resolve) => assert.equal(alive.enter(resolve), false));
    releaseBatchThreads(memory, 0);
    await free;
    assert.ok(alive.enter(assert.fail));
    releaseBatchThreads(memory, 0);
    assert.equal(
      new BatchThreads(memory, 2).enter(() => {}),
      false,
    );
  });
});
