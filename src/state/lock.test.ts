import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { createLockMemory, releaseThread, StateLock } from "./lock.ts";

/** Adds to a number in shared memory in two steps, as often as asked, with a turn of the event loop between them. */
const ADDING = new URL("./contract-adder.ts", import.meta.url);

function adder(lock: SharedArrayBuffer, number: SharedArrayBuffer, thread: number, times: number) {
  const worker = new Worker(ADDING, { workerData: { lock, number, thread, times } });
  return new Promise<void>((resolve, reject) => {
    worker.once("error", reject);
    worker.once("exit", () => resolve());
  });
}

describe("the lock of a version's state", () => {
  it("runs at once what can enter, and releases even if that fails", () => {
    const lock = new StateLock(createLockMemory(), 0);
    assert.equal(
      lock.during("exclusive", () => 1),
      1,
    );
    assert.throws(
      () =>
        lock.during("exclusive", () => {
          throw new Error("x");
        }),
      /x/,
    );
    assert.equal(
      lock.during("shared", () => lock.during("shared", () => 2)),
      2,
    );
  });

  it("lets one in at a time, in order, and those who share together", async () => {
    const lock = new StateLock(createLockMemory(), 0);
    const log: string[] = [];
    const step = (name: string, access: "shared" | "exclusive") =>
      lock.during(access, async () => {
        log.push(`+${name}`);
        await setTimeout(1);
        log.push(`-${name}`);
      });
    await Promise.all([
      step("a", "exclusive"),
      step("b", "shared"),
      step("c", "shared"),
      step("d", "exclusive"),
      step("e", "shared"),
    ]);
    assert.deepEqual(log, ["+a", "-a", "+b", "+c", "-b", "-c", "+d", "-d", "+e", "-e"]);
  });

  it("holds between threads", async () => {
    const memory = createLockMemory();
    const number = new SharedArrayBuffer(8);
    await Promise.all([0, 1, 2].map((thread) => adder(memory, number, thread, 300)));
    assert.equal(new Float64Array(number)[0], 900);
  });

  it("is let go of for a thread that ended while it held it", async () => {
    const memory = createLockMemory();
    const [dead, alive] = [new StateLock(memory, 0), new StateLock(memory, 1)];
    void dead.during("exclusive", () => new Promise(() => {}));
    const entered = alive.during("shared", () => "in");
    assert.ok(entered instanceof Promise);
    assert.equal(await Promise.race([entered, setTimeout(30, "out")]), "out");
    releaseThread(memory, 0);
    assert.equal(await entered, "in");
    void dead.during("shared", () => new Promise(() => {}));
    releaseThread(memory, 0);
    assert.equal(
      alive.during("exclusive", () => "in"),
      "in",
    );
  });

  it("lets a writer in although readers keep coming", async () => {
    const memory = createLockMemory();
    const [readers, writer] = [new StateLock(memory, 0), new StateLock(memory, 1)];
    let isWritten = false;
    const read = async (): Promise<void> => {
      while (!isWritten) await readers.during("shared", () => setTimeout(2));
    };
    const reading = [read(), setTimeout(1).then(read)];
    await setTimeout(5);
    await writer.during("exclusive", () => {
      isWritten = true;
    });
    await Promise.all(reading);
  });
});
