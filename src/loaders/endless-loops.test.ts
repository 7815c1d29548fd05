import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { CancellationSource } from "../status/cancellation.ts";
import { silentLog } from "../status/log-cases.ts";
import { Code } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { SavedModelLoading } from "./saved-model-loading.ts";
import { SavedModelServable } from "./saved-model-servable.ts";

const MODELS = fileURLToPath(new URL("../../fixtures/models", import.meta.url));
const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
const loading = new SavedModelLoading({ storage: fileStorage, engine, tags: ["serve"], log: silentLog });

const rows = (...values: number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length / 3, 3],
  data: Float32Array.from(values),
});
const rounds = (n: number): Tensor => ({ dtype: "int32", shape: [], data: Int32Array.of(n) });
const MOST = 2 ** 31 - 1;

/** Requests whose loops never end, or not in years; by where they run. */
const ENDLESS: Readonly<Record<string, { signature: string; inputs: readonly Tensor[]; output: string }>> = {
  "within a session": { signature: "values", inputs: [rows(Infinity, 1, 1)], output: "count" },
  "within a session, for 2^31 rounds": {
    signature: "swapped",
    inputs: [rows(1, 2, 3), rounds(MOST)],
    output: "a",
  },
  "in TypeScript": { signature: "host_random", inputs: [rows(1, 2, 3), rounds(MOST)], output: "rows" },
};

test("loops without end", async (t) => {
  const payload = await loading.load({ name: "loops", version: 1n }, join(MODELS, "loops", "1"));
  assert.ok(payload.engine === "onnxruntime");
  const servable = await SavedModelServable.attach(payload, engine, 0);
  t.after(async () => {
    servable.release();
    await loading.unload(payload);
  });

  const run = (
    signature: string,
    given: readonly Tensor[],
    output: string,
    cancellation?: CancellationSource,
  ) => {
    // Inputs come sorted by name, which n and x are.
    const byName = new Map(given.map((tensor) => [tensor.dtype === "int32" ? "n" : "x", tensor]));
    const inputs = [...servable.signatures.get(signature)!.inputs.keys()].map((name) => byName.get(name)!);
    return servable.run(signature, inputs, [output], cancellation);
  };

  for (const [where, { signature, inputs, output }] of Object.entries(ENDLESS)) {
    await t.test(`${where}: they end when no one waits, and harm no one until then`, async () => {
      const waiting = new CancellationSource();
      const running = Promise.resolve(run(signature, inputs, output, waiting));
      running.catch(() => {});
      await wait(50);
      const other = await run("values", [rows(8, 0, 0)], "count");
      assert.deepEqual([...(other.tensors[0]!.data as Int32Array)], [3]);
      other.dispose();
      const gaveUp = performance.now();
      waiting.giveUp();
      await assert.rejects(running, { code: Code.CANCELLED, message: /^No one waits for the answer/ });
      assert.ok(performance.now() - gaveUp < 5000);
    });
  }

  await t.test("a run that no one waits for doesn't begin", async () => {
    const waiting = new CancellationSource();
    waiting.giveUp();
    await assert.rejects(Promise.resolve(run("values", [rows(Infinity, 1, 1)], "count", waiting)), {
      code: Code.CANCELLED,
    });
  });

  await t.test("many at a time, waiting for a thread or running, all end", async () => {
    const waiting = new CancellationSource();
    const running = Array.from({ length: 30 }, () =>
      Promise.resolve(run("values", [rows(Infinity, 1, 1)], "count", waiting)),
    );
    const settled = Promise.allSettled(running);
    await wait(50);
    waiting.giveUp();
    for (const outcome of await settled) assert.equal(outcome.status, "rejected");
    const after = await run("values", [rows(8, 0, 0)], "count");
    after.dispose();
  });
});
