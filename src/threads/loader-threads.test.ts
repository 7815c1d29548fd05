import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { IMPORT_ONLY } from "../engines/engine-choice.ts";
import type { SeriesMemory } from "../metrics/scope.ts";
import { Code } from "../status/status.ts";
import { LoaderThreads } from "./loader-threads.ts";

// Answers a call with the thread's number when the path is asked for again by "release"; dies of the path "poison".
const SCRIPT = `
const { parentPort, threadId } = require("node:worker_threads");
parentPort.on("message", ({ kind, sequence, call }) => {
  if (kind !== "call") return;
  if (call.path === "count") {
    const memory = new SharedArrayBuffer(8);
    parentPort.postMessage({ kind: "notice", notice: { series: { metric: "servable_workers", labels: [], memory, at: 0 } } });
  }
  if (call.path === "poison") process.exit(1);
  setTimeout(() => parentPort.postMessage({ kind: "answer", sequence, value: { ramBytes: threadId } }), 50);
});
`;

function create(most: number) {
  const spawned: Worker[] = [];
  const spawn = () => {
    const worker = new Worker(SCRIPT, { eval: true });
    spawned.push(worker);
    return worker;
  };
  const settings = {
    intraOpThreads: 1,
    engines: IMPORT_ONLY,
    savedModelTags: [],
    warmsUp: false,
    warmupIterations: 0,
    checksMethodName: false,
    allowsFileOps: false,
    verifiesWarmup: false,
  };
  const events: string[] = [];
  const monitor = {
    seriesBegan: (_: Worker, { metric }: SeriesMemory) => events.push(metric),
    threadEnded: () => events.push("ended"),
  };
  const threads = new LoaderThreads(most, settings, { write: () => {} }, monitor, spawn);
  const ask = async (path: string) => (await threads.call({ kind: "estimate", path })).ramBytes;
  return { threads, spawned, events, ask };
}

test("calls that come while others run get threads of their own, up to the limit", async () => {
  const { threads, spawned, ask } = create(2);
  assert.equal(await ask("a"), await ask("b"));
  assert.equal(spawned.length, 1);
  const numbers = await Promise.all([ask("a"), ask("b"), ask("c")]);
  assert.equal(spawned.length, 2);
  assert.equal(new Set(numbers).size, 2);
  await threads.stop();
});

test("threads that have nothing to do end, but one", async () => {
  const { threads, spawned, ask } = create(3);
  const ended: number[] = [];
  const all = Promise.all([ask("a"), ask("b"), ask("c")]);
  for (const [i, worker] of spawned.entries()) worker.once("exit", () => ended.push(i));
  await all;
  while (ended.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  await ask("d");
  assert.equal(spawned.length, 3);
  await threads.stop();
});

test("a thread's metrics and its end are told", async () => {
  const { threads, events, ask } = create(1);
  await ask("count");
  assert.deepEqual(events, ["servable_workers"]);
  await threads.stop();
  assert.deepEqual(events, ["servable_workers", "ended"]);
});

test("a thread that dies fails its calls, and another takes its place", async () => {
  const { threads, spawned, ask } = create(1);
  await assert.rejects(ask("poison"), { code: Code.UNAVAILABLE, message: "The loader thread ended" });
  await ask("a");
  assert.equal(spawned.length, 2);
  await threads.stop();
});
