import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { functionServable, type NamedTensors } from "./function-servable.ts";

const id = { name: "f", version: 1n };
const floats = { dtype: "float32", shape: [-1] } as const;
const tensor = (...values: number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

function servable(run: (inputs: NamedTensors) => NamedTensors | Promise<NamedTensors>) {
  return functionServable(id, {
    f: { inputs: { a: floats, b: floats }, outputs: { y: floats, z: floats }, run },
  });
}

test("inputs reach the function by their names, and outputs come in the order asked for", async () => {
  const swap = servable(async ({ a, b }) => ({ y: b!, z: a! }));
  const { tensors } = await swap.run("f", [tensor(1), tensor(2)], ["z", "y"]);
  assert.deepEqual(tensors, [tensor(1), tensor(2)]);
  const only = servable(({ a }) => ({ z: a! })).run("f", [tensor(1), tensor(2)], ["z"]);
  assert.ok(!(only instanceof Promise), "no promise where the function gives none");
});

test("what a function may not give is an error that names it", () => {
  const one: Tensor = { dtype: "int32", shape: [1], data: Int32Array.of(1) };
  const run = (answer: NamedTensors) => () => servable(() => answer).run("f", [tensor(1), tensor(2)], ["y"]);
  assert.throws(run({}), { code: Code.INTERNAL, message: "The function of signature f gave no output y" });
  assert.throws(run({ y: one }), {
    message: "The function of signature f gave DT_INT32 [1] as y, expected DT_FLOAT [?]",
  });
  assert.throws(run({ y: { ...tensor(1), shape: [1, 1] } }), /gave DT_FLOAT \[1,1\] as y/);
});
