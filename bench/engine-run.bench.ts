/**
 * Microseconds per run of a session in this thread: `node bench/engine-run.bench.ts`. One thread per operator, so
 * that the numbers don't depend on the number of cores.
 */
import { model, node, weight } from "../src/engines/contract-models.ts";
import type { EngineModel, OnnxEngine, Session, SessionTensor } from "../src/engines/engine.ts";
import { createOnnxRuntimeEngine } from "../src/engines/onnxruntime/engine.ts";
import type { NumericTensor } from "../src/tensor/tensor.ts";

const ROUNDS = 7;

function float32(name: string, shape: readonly number[]): SessionTensor {
  return { name, dtype: "float32", shape };
}

function add(): EngineModel {
  const one = weight("one", "float32", [1], Float32Array.of(1));
  return model([node("Add", ["x", "one"], ["y"])], [float32("x", [-1])], [float32("y", [-1])], [one]);
}

function mlp(widths: readonly number[]): EngineModel {
  const layers = widths.slice(1).map((width, layer) => ({ from: widths[layer]!, to: width, layer }));
  const random = (length: number) => Float32Array.from({ length }, () => Math.random() * 0.1 - 0.05);
  const weights = layers.flatMap(({ from, to, layer }) => [
    weight(`w${layer}`, "float32", [from, to], random(from * to)),
    weight(`b${layer}`, "float32", [to], random(to)),
  ]);
  const nodes = layers.flatMap(({ layer }) => {
    const last = layer === layers.length - 1;
    return [
      node("MatMul", [layer === 0 ? "x" : `h${layer}`, `w${layer}`], [`m${layer}`]),
      node("Add", [`m${layer}`, `b${layer}`], [`a${layer}`]),
      node(last ? "Softmax" : "Relu", [`a${layer}`], [last ? "y" : `h${layer + 1}`]),
    ];
  });
  return model(nodes, [float32("x", [-1, widths[0]!])], [float32("y", [-1, widths.at(-1)!])], weights);
}

function image(elements: number): EngineModel {
  return model([node("Relu", ["x"], ["y"])], [float32("x", [elements])], [float32("y", [elements])]);
}

async function measure(runs: number, round: () => void | Promise<void>): Promise<string> {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await round();
    times.push(((performance.now() - start) / runs) * 1000);
  }
  times.sort((a, b) => a - b);
  return `${times[ROUNDS >> 1]!.toFixed(2)} us (${times[0]!.toFixed(2)} at best)`;
}

async function bench(engine: OnnxEngine, name: string, source: EngineModel, shape: number[], runs: number) {
  const descriptor = await engine.create(source);
  const session = engine.attach(descriptor);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const input: NumericTensor = { dtype: "float32", shape, data: new Float32Array(size).fill(0.5) };
  const sync = await measure(runs, () => {
    for (let i = 0; i < runs; i++) session.run([input], [0]).dispose();
  });
  const one = await measure(runs, () => inFlight(session, input, runs, 1));
  const eight = await measure(runs, () => inFlight(session, input, runs, 8));
  console.log(`${name}: run ${sync}; runAsync, 1 in flight ${one}; 8 in flight ${eight}`);
  session.release();
  engine.destroy(descriptor);
}

async function inFlight(session: Session, input: NumericTensor, runs: number, lanes: number): Promise<void> {
  const lane = async () => {
    for (let i = 0; i < runs / lanes; i++) (await session.runAsync([input], [0])).dispose();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
await bench(engine, "Add, 1 element", add(), [1], 20_000);
await bench(engine, "MLP 784-512-512-10", mlp([784, 512, 512, 10]), [1, 784], 5_000);
await bench(engine, "MLP 784-512-512-10, batch 32", mlp([784, 512, 512, 10]), [32, 784], 200);
await bench(engine, "Relu, 4 KiB out", image(1024), [1024], 20_000);
await bench(engine, "Relu, 16 KiB out", image(4096), [4096], 20_000);
await bench(engine, "Relu, 600 KiB out", image(150_528), [150_528], 500);
