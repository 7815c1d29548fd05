import assert from "node:assert/strict";
import { test } from "node:test";
import type { Servable, Signature } from "../lifecycle/servable.ts";
import { ServableMap } from "../lifecycle/servable-map.ts";
import { Code } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type SessionRunRequest, sessionRun } from "./session-run.ts";

const one = (value: number): Tensor => ({ dtype: "float32", shape: [1], data: Float32Array.of(value) });

const spec = (tensorName: string) => ({ dtype: "float32", shape: [-1], tensorName }) as const;

function signature(inputs: Record<string, string>, outputs: Record<string, string>): Signature {
  const specs = (names: Record<string, string>) =>
    new Map(Object.entries(names).map(([key, tensor]) => [key, spec(tensor)]));
  return { methodName: "tensorflow/serving/predict", inputs: specs(inputs), outputs: specs(outputs) };
}

/** Answers each output with the number of letters in its key. */
const servable: Servable = {
  id: { name: "m", version: 7n },
  signatures: new Map([
    ["other", signature({ a: "a:0", b: "b:1" }, { sum: "add:0", both: "add:1" })],
    ["serving_default", signature({ a: "a:0" }, { sum: "add:0" })],
  ]),
  run: (_, __, outputs) => ({ tensors: outputs.map(({ length }) => one(length)), dispose() {} }),
  signatureDefMap: () => new Uint8Array(0),
};

const map = new ServableMap();
map.add(servable);

async function ask(change: Partial<SessionRunRequest>) {
  const response = await sessionRun(map, {
    model: { name: "m", signatureName: "" },
    feeds: new Map([["a:0", one(1)]]),
    fetches: ["add:0"],
    targets: [],
    namesAreAliases: false,
    ...change,
  });
  response.dispose();
  assert.deepEqual(response.id, servable.id);
  return response.outputs.map((name, i) => [name, response.tensors[i]!.data[0]]);
}

test("the signature is the one that has what is fed and fetched, the default before others", async () => {
  assert.deepEqual(await ask({}), [["add:0", 3]]);
  const both = new Map([
    ["a", one(1)],
    ["b:1", one(2)],
  ]);
  assert.deepEqual(await ask({ feeds: both, fetches: ["add:1", "add", "add:0"] }), [
    ["add:1", 4],
    ["add", 3],
    ["add:0", 3],
  ]);
});

test("aliases are those of the signature that is named, or of the default", async () => {
  const feeds = new Map([["a", one(1)]]);
  assert.deepEqual(await ask({ namesAreAliases: true, feeds, fetches: ["sum"] }), [["sum", 3]]);
  await assert.rejects(ask({ namesAreAliases: true, feeds, fetches: ["both"] }), {
    code: Code.UNIMPLEMENTED,
    message:
      "This engine runs the signatures of a model, and none of m takes {a} and gives {both}. There are: " +
      "serving_default: {a} -> {sum}. The engine TensorFlow (--engine=tensorflow) runs any part of a graph",
  });
});

test("what no signature computes is refused, with what there is", async () => {
  await assert.rejects(ask({ fetches: ["add:1"] }), {
    code: Code.UNIMPLEMENTED,
    message:
      "This engine runs the signatures of a model, and none of m takes {a:0} and gives {add:1}. There are: " +
      "serving_default: {a:0} -> {add:0}; other: {a:0, b:1} -> {add:0, add:1}. The engine TensorFlow " +
      "(--engine=tensorflow) runs any part of a graph",
  });
  await assert.rejects(ask({ fetches: [] }), { code: Code.INVALID_ARGUMENT });
  await assert.rejects(ask({ targets: ["init"] }), { code: Code.UNIMPLEMENTED, message: /targets init/ });
});

test("the version is let go in every case", async () => {
  assert.equal(await map.remove(servable.id), servable);
});
