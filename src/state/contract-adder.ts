/** A thread of the lock's test: adds 1 in two steps with time for others between them. */
import { setImmediate } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import { StateLock } from "./lock.ts";

const { lock, number, thread, times } = workerData;
const held = new StateLock(lock, thread);
const cell = new Float64Array(number);
// Waiting for another thread doesn't keep this one alive, as a request worker's port does.
const alive = setInterval(() => {}, 1000);
for (let i = 0; i < times; i++) {
  await held.during("exclusive", async () => {
    const before = cell[0]!;
    await setImmediate();
    cell[0] = before + 1;
  });
}
clearInterval(alive);
