import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { ModelState } from "../lifecycle/servable.ts";
import type { ImportedPayload } from "../loaders/servable-payload.ts";
import { createLockMemory, StateLock } from "../state/lock.ts";
import { WorkerPool } from "./worker-pool.ts";

// Answers every call, and says which calls it got; dies when a model of the name "poison" is retired.
const SCRIPT = `
const { parentPort } = require("node:worker_threads");
const say = (message) => parentPort.postMessage({ kind: "notice", notice: { severity: "I", component: "test", message } });
parentPort.on("message", (message) => {
  const { kind, sequence, call } = message;
  if (kind === "tell") parentPort.postMessage({ kind: "notice", notice: message.notice });
  if (kind === "ask") parentPort.postMessage({ kind: "call", sequence: 7, call });
  if (kind === "answer") say(JSON.stringify(message));
  if (kind !== "call") return;
  const what = call.kind + " " + (call.payload?.id.name ?? call.id?.name ?? call.name ?? call.names ?? call.rest ?? "");
  say(what);
  if (call.kind === "end") process.exit(0);
  if (call.kind === "retire" && call.id.name === "poison") process.exit(1);
  parentPort.postMessage({ kind: "answer", sequence });
});
`;

function createPool(count: number) {
  const lines: string[] = [];
  const events: string[] = [];
  const workers: Worker[] = [];
  const spawn = () => {
    const worker = new Worker(SCRIPT, { eval: true });
    workers.push(worker);
    return worker;
  };
  const pool = new WorkerPool(
    count,
    spawn,
    (call) => `${call.kind} done`,
    {
      write: (_, __, message) => lines.push(message),
    },
    {
      workerStarted: (_, number) => events.push(`started ${number}`),
      seriesBegan: (_, { metric }) => events.push(metric),
      threadEnded: () => events.push("ended"),
    },
  );
  return { pool, workers, lines, events };
}

function payload(name: string): ImportedPayload {
  return {
    id: { name, version: 1n },
    engine: "onnxruntime",
    signatures: new Map(),
    programs: new Map(),
    freePrograms: new Map(),
    sessions: [],
    weights: undefined,
    state: {
      lock: createLockMemory(),
      tables: new Map(),
      mutableTables: new Map(),
      variables: new Map(),
      randomStreams: new Map(),
    },
    signatureDefMap: new Uint8Array(0),
  };
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const count = (lines: readonly string[], line: string) => lines.filter((each) => each === line).length;

describe("WorkerPool", () => {
  it("waits until every worker has a version, and until every worker has let go of it", async () => {
    const { pool, lines } = createPool(3);
    await pool.publish({ name: "m", version: 1n }, payload("m"));
    assert.equal(count(lines, "publish m"), 3);
    await pool.retire({ name: "m", version: 1n });
    assert.equal(count(lines, "retire m"), 3);
    await pool.stop();
  });

  it("replaces a worker that dies, teaches it what is served, and lets it listen", async () => {
    const { pool, workers, lines } = createPool(2);
    await pool.publish({ name: "m", version: 1n }, payload("m"));
    await pool.publish({ name: "gone", version: 1n }, payload("gone"));
    await pool.retire({ name: "gone", version: 1n });
    void pool.setModels(["m"], new Map(), new Map());
    pool.announce("m", { version: 1n, state: ModelState.AVAILABLE, status: { code: 0, message: "" } });
    await pool.listen({
      duplicate: () => ({
        kind: "listen",
        rest: [7],
        grpc: [],
        identities: { rest: undefined, grpc: undefined },
      }),
    });
    lines.length = 0;
    await workers[0]!.terminate();
    await until(() => lines.includes("listen 7"));
    assert.equal(workers.length, 3);
    const taught = ["publish m", "status m", "models m", "listen 7"];
    assert.deepEqual(
      lines.filter((line) => taught.includes(line)),
      taught,
    );
    assert.equal(count(lines, "publish gone"), 0);
    await pool.stop();
  });

  it("lets go of the state that a worker held when it died", async () => {
    const { pool, workers } = createPool(2);
    const version = payload("m");
    await pool.publish(version.id, version);
    void new StateLock(version.state.lock, 1).during("exclusive", () => new Promise(() => {}));
    const waiting = new StateLock(version.state.lock, 0).during("exclusive", () => "entered");
    assert.ok(waiting instanceof Promise);
    await workers[1]!.terminate();
    assert.equal(await waiting, "entered");
    await pool.stop();
  });

  it("counts a worker that dies during a call as told", async () => {
    const { pool, lines } = createPool(2);
    await pool.publish({ name: "poison", version: 1n }, payload("poison"));
    await pool.retire({ name: "poison", version: 1n });
    await until(() => lines.includes("A request worker ended; another takes its place"));
    await pool.stop();
  });

  it("tells its monitor of workers that come and go, and of the series that they begin", async () => {
    const { pool, workers, events } = createPool(2);
    const memory = new SharedArrayBuffer(8);
    workers[1]!.postMessage({
      kind: "tell",
      notice: { series: { metric: "servable_workers", labels: [], memory, at: 0 } },
    });
    await until(() => events.includes("servable_workers"));
    await workers[0]!.terminate();
    await until(() => events.length === 5);
    assert.deepEqual(events, ["started 0", "started 1", "servable_workers", "ended", "started 0"]);
    await pool.stop();
  });

  it("answers what a worker asks", async () => {
    const { pool, workers, lines } = createPool(2);
    workers[1]!.postMessage({ kind: "ask", call: { kind: "reload-config", config: new Uint8Array(0) } });
    await until(() => lines.includes('{"kind":"answer","sequence":7,"value":"reload-config done"}'));
    await pool.stop();
  });

  it("starts nobody after it was stopped", async () => {
    const { pool, workers } = createPool(1);
    await pool.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(workers.length, 1);
  });
});
