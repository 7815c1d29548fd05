/**
 * A bidirectional LSTM of 64 units over 50 steps of 32 features, batch 1, as Keras exports it, against the same layer
 * written in ONNX: `python bench/make-models.py bilstm_50 bilstm`, then `node bench/recurrent-layer.bench.ts`. Both run in
 * this thread, in turns, so that what else the machine does meets both.
 */
import { fileURLToPath } from "node:url";
import type { EngineModel, Session } from "../src/engines/engine.ts";
import { createOnnxRuntimeEngine } from "../src/engines/onnxruntime/engine.ts";
import { OnnxBuilder } from "../src/import/onnx/builder.ts";
import { writeModel } from "../src/import/onnx/model.ts";
import { SavedModelLoading } from "../src/loaders/saved-model-loading.ts";
import { imported } from "../src/loaders/servable-payload.ts";
import { createLogger } from "../src/status/log.ts";
import { fileStorage } from "../src/storage/file.ts";
import type { NumericTensor } from "../src/tensor/tensor.ts";

const [STEPS, FEATURES, UNITS] = [50, 32, 64];
const ROUNDS = 300;
const RUNS = 20;

/** [batch, time, features] to [batch, time, 2 * units]. */
function direct(): EngineModel {
  const onnx = new OnnxBuilder();
  const random = (...shape: number[]) => {
    const length = shape.reduce((product, dim) => product * dim, 1);
    return onnx.numbers(
      "float32",
      shape,
      Array.from({ length }, () => Math.random() - 0.5),
    );
  };
  const x = onnx.input("x", "float32", ["batch", STEPS, FEATURES]);
  const [w, r, b] = [random(2, 4 * UNITS, FEATURES), random(2, 4 * UNITS, UNITS), random(2, 8 * UNITS)];
  const inputs = [onnx.op("Transpose", [x], { perm: [1, 0, 2] }), w, r, b];
  const [y] = onnx.ops("LSTM", inputs, { hidden_size: UNITS, direction: "bidirectional" }, 3);
  const rows = onnx.op("Transpose", [y!], { perm: [2, 0, 1, 3] });
  const value = onnx.op("Reshape", [rows, onnx.ints([-1, STEPS, 2 * UNITS])]);
  return writeModel(onnx.finish([value]), [{ name: "y", value }]);
}

async function fused(name: string): Promise<Session> {
  const log = createLogger({ write: () => {} }, "bench");
  const loading = new SavedModelLoading({ storage: fileStorage, engine, tags: ["serve"], log });
  const path = fileURLToPath(new URL(`models/${name}/1`, import.meta.url));
  const payload = imported(await loading.load({ name, version: 1n }, path));
  const { sessions, program } = payload.programs.get("serving_default")!;
  if (program.steps.length !== 1) throw new Error(`${name} is not one session`);
  return engine.attach(payload.sessions[sessions[0]!]!.session);
}

function time(session: Session): number {
  const start = performance.now();
  for (let i = 0; i < RUNS; i++) session.run([input], [0]).dispose();
  return ((performance.now() - start) / RUNS) * 1000;
}

const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
const data = Float32Array.from({ length: STEPS * FEATURES }, () => Math.random() - 0.5);
const input: NumericTensor = { dtype: "float32", shape: [1, STEPS, FEATURES], data };
const written = engine.attach(await engine.create(direct()));
for (const name of ["bilstm_50", "bilstm"]) {
  const imported = await fused(name);
  const times = Array.from({ length: ROUNDS }, () => [time(imported), time(written)] as const);
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
  const ratio = median(times.map(([ours, theirs]) => ours / theirs));
  const [ours, theirs] = [0, 1].map((i) => Math.min(...times.map((pair) => pair[i]!))) as [number, number];
  console.log(
    `${name}: imported ${ours.toFixed(1)} us, written in ONNX ${theirs.toFixed(1)} us at best; ` +
      `ratio ${(ours / theirs).toFixed(2)} of the best, ${ratio.toFixed(2)} in the median`,
  );
}
