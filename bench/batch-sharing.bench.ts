/**
 * What it costs to hand a request to another thread and to get the answer back, beside what a batch saves: whether one
 * queue for all request workers would pay. `node bench/batch-sharing.bench.ts`; needs bench/models/mlp.
 *
 * The hand-over is the cheapest there is: the tensor is copied into shared memory, a counter is raised, and the other side
 * takes all that has come when it wakes (Atomics.waitAsync). Nothing is computed; the answer is ten numbers.
 */
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { createOnnxRuntimeEngine } from "../src/engines/onnxruntime/engine.ts";
import { SavedModelLoading } from "../src/loaders/saved-model-loading.ts";
import { SavedModelServable } from "../src/loaders/saved-model-servable.ts";
import { imported } from "../src/loaders/servable-payload.ts";
import { fileStorage } from "../src/storage/file.ts";
import { findModels } from "./models.ts";
import { formatTable } from "./table.ts";

const [INPUT, OUTPUT, SLOTS] = [784, 10, 64];
/** Counters: requests sent, answers sent. */
const [SENT, ANSWERED] = [0, 1];
const SECONDS = 2;

interface Shared {
  readonly counters: Int32Array<SharedArrayBuffer>;
  readonly inputs: Float32Array;
  readonly outputs: Float32Array;
}

/** Calls `act` with each new value of a counter; as long as it returns true. */
async function follow(counters: Shared["counters"], counter: number, act: (value: number) => boolean) {
  for (let seen = 0; ; ) {
    const now = Atomics.load(counters, counter);
    if (now === seen) {
      const { async, value } = Atomics.waitAsync(counters, counter, now, 1000);
      if (async) await value;
    } else {
      seen = now;
      if (!act(now)) return;
    }
  }
}

async function answer({ counters, inputs, outputs }: Shared): Promise<void> {
  const request = new Float32Array(INPUT);
  let done = 0;
  const alive = setInterval(() => {}, 1000);
  await follow(counters, SENT, (sent) => {
    if (sent < 0) return false;
    for (; done < sent; done++) {
      const slot = done % SLOTS;
      request.set(inputs.subarray(slot * INPUT, (slot + 1) * INPUT));
      outputs.set(request.subarray(0, OUTPUT), slot * OUTPUT);
    }
    Atomics.store(counters, ANSWERED, done);
    Atomics.notify(counters, ANSWERED);
    return true;
  });
  clearInterval(alive);
}

async function measureHandOver(inFlight: number): Promise<string[]> {
  const shared: Shared = {
    counters: new Int32Array(new SharedArrayBuffer(8)),
    inputs: new Float32Array(new SharedArrayBuffer(4 * INPUT * SLOTS)),
    outputs: new Float32Array(new SharedArrayBuffer(4 * OUTPUT * SLOTS)),
  };
  const worker = new Worker(new URL(import.meta.url), { workerData: shared });
  await new Promise((resolve) => worker.once("online", resolve));
  const { counters, inputs, outputs } = shared;
  const [request, reply] = [new Float32Array(INPUT), new Float32Array(OUTPUT)];
  let sent = 0;
  const send = (count: number) => {
    for (let i = 0; i < count; i++) inputs.set(request, (sent++ % SLOTS) * INPUT);
    Atomics.store(counters, SENT, sent);
    Atomics.notify(counters, SENT);
  };
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const alive = setInterval(() => {}, 1000);
  let taken = 0;
  send(inFlight);
  await follow(counters, ANSWERED, (answered) => {
    const count = answered - taken;
    for (; taken < answered; taken++) reply.set(outputs.subarray(0, OUTPUT));
    if (performance.now() - start > SECONDS * 1000) return false;
    send(count);
    return true;
  });
  clearInterval(alive);
  const { user, system } = process.cpuUsage(cpu);
  const wall = (performance.now() - start) * 1000;
  Atomics.store(counters, SENT, -1);
  Atomics.notify(counters, SENT);
  await new Promise((resolve) => worker.once("exit", resolve));
  return [
    `hand-over, ${inFlight} in flight`,
    ((user + system) / taken).toFixed(1),
    ((wall * inFlight) / taken).toFixed(0),
  ];
}

async function measureBatches(): Promise<string[][]> {
  const [model] = findModels(["mlp"]);
  const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
  const log = { info() {}, warning() {}, error() {} };
  const loading = new SavedModelLoading({ storage: fileStorage, engine, tags: ["serve"], log });
  const payload = imported(
    await loading.load({ name: "mlp", version: 1n }, `${model!.path}/${model!.version}`),
  );
  const servable = await SavedModelServable.attach(payload, engine, 0);
  const outputs = [...servable.signatures.get("serving_default")!.outputs.keys()];
  const rows: string[][] = [];
  for (const size of [1, 2, 4, 8, 16, 32, 64]) {
    const data = Float32Array.from({ length: size * INPUT }, Math.random);
    const inputs = [{ dtype: "float32", shape: [size, INPUT], data }] as const;
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 500; i++) {
      const start = performance.now();
      (await servable.run("serving_default", inputs, outputs)).dispose();
      best = Math.min(best, performance.now() - start);
    }
    rows.push([`run, batch of ${size}`, ((best * 1000) / size).toFixed(1), (best * 1000).toFixed(0)]);
  }
  servable.release();
  await loading.unload(payload);
  return rows;
}

if (isMainThread) {
  const rows = await measureBatches();
  for (const inFlight of [1, 8, 32]) rows.push(await measureHandOver(inFlight));
  process.stdout.write(formatTable(["MLP 784-512-512-10", "CPU us/request", "latency us"], rows));
} else {
  await answer(workerData as Shared);
}
