import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunResult } from "../engines/engine.ts";
import type { Servable } from "../lifecycle/servable.ts";
import { createLogger } from "../status/log.ts";
import { Code, StatusError } from "../status/status.ts";
import type { DType } from "../tensor/dtype.ts";
import type { SignatureTensor } from "../tensor/signature.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";
import { autoBatching } from "./auto-batching.ts";

type Compute = (x: Float32Array, rows: number) => Float32Array;

interface Model {
  /** Milliseconds that a run of so many rows takes. */
  readonly cost?: (rows: number) => number;
  readonly input?: SignatureTensor["shape"];
  readonly output?: SignatureTensor["shape"];
  readonly dtype?: DType;
}

const WIDTH = 4;
const LOG = createLogger({ write: () => {} }, "");

/** A model of one input, [rows, 4] unless told, whose output is computed from its numbers. */
function modelOf(compute: Compute, { cost = () => 0.2, dtype = "float32", ...shapes }: Model = {}) {
  const runs: number[] = [];
  let clock = 0;
  let undisposed = 0;
  const spec = (shape: SignatureTensor["shape"]): SignatureTensor => ({ dtype, shape, tensorName: "t:0" });
  const input = "input" in shapes ? shapes.input : [-1, WIDTH];
  const output = "output" in shapes ? shapes.output : [-1, -1];
  const servable: Servable = {
    id: { name: "m", version: 1n },
    signatures: new Map([
      [
        "f",
        { methodName: "", inputs: new Map([["x", spec(input)]]), outputs: new Map([["y", spec(output)]]) },
      ],
    ]),
    async run(_key, [x]): Promise<RunResult> {
      const rows = x!.shape[0]!;
      runs.push(rows);
      clock += cost(rows);
      const numbers =
        x!.dtype === "string" ? x!.data.map((text) => Number(Buffer.from(text).toString())) : x!.data;
      const data = compute(Float32Array.from(numbers as ArrayLike<number>, Number), rows);
      undisposed++;
      const y = { dtype: "float32", shape: [rows, data.length / rows], data } as NumericTensor;
      return { tensors: [y] as Tensor[], dispose: () => void undisposed-- };
    },
    signatureDefMap: () => new Uint8Array(),
  };
  return { servable, runs, undisposed: () => undisposed, now: () => clock };
}

async function gains(compute: Compute, model?: Model): Promise<boolean> {
  const { servable, undisposed, now } = modelOf(compute, model);
  const batching = await autoBatching(servable, [], 2, LOG, now);
  assert.equal(undisposed(), 0);
  return batching !== undefined;
}

const double: Compute = (x) => x.map((value) => 2 * value);

test("rows that don't depend on each other, and are cheaper together, are batched", async () => {
  assert.equal(await gains(double), true);
  for (const dtype of ["int64", "int32", "uint8", "bool", "float64", "float16", "string"] as const) {
    assert.equal(await gains(double, { dtype }), true, dtype);
  }
  assert.equal(await gains(double, { input: [-1, -1, 3] }), true);
});

test("rows that depend on each other aren't", async () => {
  const total: Compute = (x) => x.map((value) => value / x.reduce((sum, other) => sum + other, 0));
  assert.equal(await gains(total), false);
  const fromFirst: Compute = (x) => x.map((value, i) => value - x[i % WIDTH]!);
  assert.equal(await gains(fromFirst), false);
  const running: Compute = (x) => {
    let sum = 0;
    return x.map((value) => (sum += value));
  };
  assert.equal(await gains(running), false);
});

test("what depends on chance, or is counted, isn't", async () => {
  assert.equal(await gains((x) => x.map(() => Math.random())), false);
  let count = 0;
  assert.equal(await gains((x) => x.map(() => count++)), false);
});

test("what is no cheaper together, or takes long, isn't, and isn't run often", async () => {
  assert.equal(await gains(double, { cost: (rows) => rows * 0.05 }), false);
  assert.equal(await gains(double, { cost: (rows) => 1 + rows * 0.2 }), false);
  const { servable, runs, now } = modelOf(double, { cost: () => 20 });
  assert.equal(await autoBatching(servable, [], 2, LOG, now), undefined);
  assert.deepEqual(runs, [1]);
});

test("signatures without a free batch, or with shapes that aren't known, aren't", async () => {
  for (const shape of [undefined, [], [1, 4], [4]])
    assert.equal(await gains(double, { input: shape }), false);
  for (const shape of [undefined, [], [1, 4]]) assert.equal(await gains(double, { output: shape }), false);
  assert.equal(await gains(double, { dtype: "resource" }), false);
  assert.equal(await gains(double, { input: [-1, 1 << 20] }), false);
});

test("a model that refuses what is made up isn't", async () => {
  const refuse = () => {
    throw new StatusError(Code.INVALID_ARGUMENT, "no tf.Example");
  };
  assert.equal(await gains(refuse), false);
  // One that takes one row, but not several.
  assert.equal(await gains((x, rows) => (rows > 1 ? refuse() : x)), false);
});

test("signatures that change state aren't even tried, and others of the model are batched", async () => {
  const { servable, runs, now } = modelOf(double);
  assert.equal(await autoBatching(servable, ["f"], 2, LOG, now), undefined);
  assert.deepEqual(runs, []);
  const two: Servable = {
    ...servable,
    signatures: new Map([...servable.signatures, ["g", servable.signatures.get("f")!]]),
  };
  const batching = await autoBatching(two, ["f"], 2, LOG, now);
  assert.deepEqual([batching?.alone, batching?.misfits], [["f"], "run alone"]);
  assert.deepEqual(new Set(runs), new Set([1, batching?.parameters.maxBatchSize]));
});
