import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { NumericTensor } from "../../tensor/tensor.ts";
import { graphCase } from "./contract-cases.ts";
import { createEngine } from "./contract-subject.ts";
import { writeSavedModel } from "./graph-cases.ts";
import type { TensorFlowDescriptor } from "./saved-model.ts";

/** What may end a process, to be run in one of its own: `node process-scenarios.ts NAME`. */
type Scenario = () => Promise<void>;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  /** Loads, runs well and badly, and leaves. */
  "one-thread": work,
  /** Every thread that has the library ends; others load it again. */
  "threads-come-and-go": async () => {
    for (let i = 0; i < 3; i++) await Promise.all([inWorker("work"), inWorker("work")]);
  },
  /** The thread that loaded a model, the only one with the library, ends before another attaches it. */
  "creator-ends-first": async () => {
    const worker = new Worker(import.meta.filename, { workerData: "create" });
    const [[descriptor]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
    const engine = createEngine();
    const session = engine.attach(descriptor);
    (await session.runAsync([batch(50_000)], [0])).dispose();
    session.release();
    engine.destroy(descriptor);
  },
  /** A worker is terminated while its runs are under way. */
  terminated: async () => {
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(import.meta.filename, { workerData: "endless" });
      await once(worker, "message");
      await worker.terminate();
    }
    await work();
  },
  /** The process exits with an open session and runs under way. */
  "exit-amid-runs": () => endless(() => process.exit(0)),
};

const JOBS: Readonly<Record<string, Scenario>> = {
  work,
  create: async () => parentPort?.postMessage(load()),
  endless: () => endless(() => parentPort?.postMessage("started")),
};

function load(): TensorFlowDescriptor {
  const model = graphCase("bias");
  const directory = mkdtempSync(join(tmpdir(), "servable-process-"));
  try {
    writeSavedModel(directory, model);
    const engine = createEngine();
    const loaded = engine.load({ directory, tags: ["serve"], config: new Uint8Array(0) });
    return engine.describe(loaded, model.inputs, model.outputs);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function batch(rows: number): NumericTensor {
  return { dtype: "float32", shape: [rows, 3], data: new Float32Array(rows * 3) };
}

async function work(): Promise<void> {
  const descriptor = load();
  const engine = createEngine();
  const session = engine.attach(descriptor);
  (await session.runAsync([batch(2)], [0])).dispose();
  for (let i = 0; i < 10; i++) {
    await session.runAsync([{ ...batch(1), shape: [1, 1, 3], dtype: "int32" } as NumericTensor], [0]).then(
      () => Promise.reject(new Error("a wrong type was taken")),
      () => {},
    );
  }
  session.release();
  engine.destroy(descriptor);
}

async function endless(started: () => void): Promise<void> {
  const session = createEngine().attach(load());
  const lane = async () => {
    // Outputs of a size that is copied: see the caution in ../onnxruntime/result.ts.
    for (;;) (await session.runAsync([batch(1000)], [0])).dispose();
  };
  const lanes = Array.from({ length: 12 }, lane);
  setTimeout(started, 50);
  await Promise.all(lanes);
}

async function inWorker(job: string): Promise<void> {
  const [code] = await once(new Worker(import.meta.filename, { workerData: job }), "exit");
  if (code !== 0) throw new Error(`a worker ended with ${code}`);
}

await (isMainThread ? SCENARIOS[process.argv[2]!]! : JOBS[workerData]!)();
