/**
 * Microseconds that a run with the engine TensorFlow takes more than TF_SessionRun that C calls in a loop:
 * `node bench/tensorflow-run.bench.ts`. Needs a C compiler (`cc`), and TensorFlow where the tests find it. The engine makes
 * a tensor for each input and reads the outputs; the loop in C has its input ready and looks at nothing.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTensorFlowEngine } from "../src/engines/tensorflow/engine.ts";
import { foundLibrary, skipWithoutLibrary } from "../src/engines/tensorflow/found-library.ts";
import {
  constant,
  type GraphCase,
  node,
  placeholder,
  typeAttr,
  writeSavedModel,
} from "../src/engines/tensorflow/graph-cases.ts";
import type { NumericTensor } from "../src/tensor/tensor.ts";

const ROUNDS = 15;
/** What a call may take more than in C. */
const GOAL = 15;

const FLOAT = { T: typeAttr("float32") };

function weight(name: string, ...shape: number[]) {
  const data = new Float32Array(shape.reduce((count, size) => count * size, 1)).fill(0.01);
  return constant(name, { dtype: "float32", shape, data });
}

const add: GraphCase = {
  nodes: [
    placeholder({ name: "x", dtype: "float32", shape: [-1] }),
    weight("one", 1),
    node("y", "AddV2", ["x", "one"], FLOAT),
  ],
  inputs: [{ name: "x", dtype: "float32", shape: [-1] }],
  outputs: [{ name: "y", dtype: "float32", shape: [-1] }],
};

const mlp: GraphCase = {
  nodes: [
    placeholder({ name: "x", dtype: "float32", shape: [-1, 784] }),
    weight("w0", 784, 512),
    weight("w1", 512, 512),
    weight("w2", 512, 10),
    node("m0", "MatMul", ["x", "w0"], FLOAT),
    node("h0", "Relu", ["m0"], FLOAT),
    node("m1", "MatMul", ["h0", "w1"], FLOAT),
    node("h1", "Relu", ["m1"], FLOAT),
    node("m2", "MatMul", ["h1", "w2"], FLOAT),
    node("y", "Softmax", ["m2"], FLOAT),
  ],
  inputs: [{ name: "x", dtype: "float32", shape: [-1, 784] }],
  outputs: [{ name: "y", dtype: "float32", shape: [-1, 10] }],
};

/** Of the fastest of some rounds: what else the machine does only adds. */
async function microseconds(runs: number, round: () => void | Promise<void>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await round();
    fastest = Math.min(fastest, ((performance.now() - start) / runs) * 1000);
  }
  return fastest;
}

if (foundLibrary === undefined) {
  console.error(skipWithoutLibrary);
  process.exit(1);
}
const library = foundLibrary;
const folder = mkdtempSync(join(tmpdir(), "servable-bench-"));
const program = join(folder, "session-run");
execFileSync("cc", ["-O2", "-o", program, join(import.meta.dirname, "tensorflow/session-run.c"), "-ldl"]);
const engine = createTensorFlowEngine(library);

async function bench(name: string, model: GraphCase, shape: number[], runs: number): Promise<void> {
  const directory = join(folder, name.replaceAll(/\W/g, "-"));
  writeSavedModel(directory, model);
  const inC = execFileSync(program, [library, directory, "x", "y", ...shape.map(String), String(runs)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [here, elsewhere] = inC.trim().split("\n").map(Number) as [number, number];
  const loaded = engine.load({ directory, tags: ["serve"], config: new Uint8Array(0) });
  const session = engine.attach(engine.describe(loaded, model.inputs, model.outputs));
  const size = shape.reduce((product, dim) => product * dim, 1);
  const input: NumericTensor = { dtype: "float32", shape, data: new Float32Array(size).fill(1) };
  const sync = await microseconds(runs, () => {
    for (let i = 0; i < runs; i++) session.run([input], [0]).dispose();
  });
  const async = await microseconds(runs, async () => {
    for (let i = 0; i < runs; i++) (await session.runAsync([input], [0])).dispose();
  });
  session.release();
  engine.destroy(loaded);
  const row = (what: string, ours: number, c: number) =>
    `  ${what}: ${ours.toFixed(1)} us, in C ${c.toFixed(1)} us: ${(ours - c).toFixed(1)} us more`;
  console.log(`${name}\n${row("on the calling thread", sync, here)}\n${row("elsewhere", async, elsewhere)}`);
  if (sync - here > GOAL) process.exitCode = 1;
}

try {
  await bench("Add, 1 element", add, [1], 10_000);
  await bench("Add, 4 KiB", add, [1024], 10_000);
  await bench("Add, 600 KiB", add, [150_528], 500);
  await bench("MLP 784-512-512-10", mlp, [1, 784], 1_000);
} finally {
  rmSync(folder, { recursive: true });
}
