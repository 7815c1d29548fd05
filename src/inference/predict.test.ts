import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ServableLookup, Signature } from "../lifecycle/servable.ts";
import { Code, invalidArgument } from "../status/status.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type NamedInputs, predict } from "./predict.ts";

const tensorOf = (dtype: DType, tensorName: string) => ({ dtype, tensorName, shape: undefined });
const signature: Signature = {
  methodName: "odd/method",
  inputs: new Map([
    ["first", tensorOf("float32", "z:0")],
    ["second", tensorOf("int64", "a:0")],
  ]),
  outputs: new Map([
    ["p", tensorOf("float32", "p:0")],
    ["q", tensorOf("float32", "q:0")],
  ]),
};
const float: Tensor = { dtype: "float32", shape: [1], data: Float32Array.of(1) };
const double: Tensor = { dtype: "float64", shape: [1], data: Float64Array.of(1) };
const long: Tensor = { dtype: "int64", shape: [1], data: BigInt64Array.of(1n) };

let open = 0;
const lookup = {
  acquire: () => {
    open++;
    return {
      id: { name: "m", version: 1n },
      signatures: new Map([["serving_default", signature]]),
      run: () => ({ tensors: [float, float], dispose() {} }),
      release: () => void open--,
    };
  },
} as unknown as ServableLookup;

const unread: NamedInputs = {
  keys: () => ["first", "second"][Symbol.iterator](),
  has: () => true,
  get: (key) => {
    throw invalidArgument(`tensor parsing error: ${key}`);
  },
};

function ask(inputs: NamedInputs, outputFilter: readonly string[] = [], checksMethodName = false) {
  const model = { name: "m", signatureName: "" };
  return predict(lookup, { model, inputs, outputFilter }, { checksMethodName });
}

// The texts of TensorFlow Serving's predict_util.cc, and of TensorFlow's session for types.
const ERRORS: readonly [string, () => unknown, Code, string][] = [
  [
    "keys are counted first",
    () =>
      ask({ ...unread, keys: () => ["first"][Symbol.iterator](), has: (key) => key === "first" }, ["nope"]),
    Code.INVALID_ARGUMENT,
    "input size does not match signature: 1!=2 len({first}) != len({first,second}). Sent extra: {}. " +
      "Missing but required: {second}.",
  ],
  [
    "surplus and missing keys are sorted",
    () =>
      ask(
        new Map(
          [float].flatMap(
            (t) =>
              [
                ["x", t],
                ["first", t],
                ["b", t],
              ] as [string, Tensor][],
          ),
        ),
      ),
    Code.INVALID_ARGUMENT,
    "input size does not match signature: 3!=2 len({b,first,x}) != len({first,second}). Sent extra: {b,x}. " +
      "Missing but required: {second}.",
  ],
  [
    "as many keys, but another one",
    () =>
      ask(
        new Map([
          ["first", float],
          ["nope", float],
        ]),
      ),
    Code.INVALID_ARGUMENT,
    "input tensor alias not found in signature: nope. Inputs expected to be in the set {first,second}.",
  ],
  [
    "tensors are read before the filter",
    () => ask(unread, ["nope"]),
    Code.INVALID_ARGUMENT,
    "tensor parsing error: first",
  ],
  [
    "the filter comes before types",
    () =>
      ask(
        new Map([
          ["first", double],
          ["second", long],
        ]),
        ["nope"],
      ),
    Code.INVALID_ARGUMENT,
    "output tensor alias not found in signature: nope Outputs expected to be in the set {p,q}.",
  ],
  [
    "an output that is wanted twice",
    () =>
      ask(
        new Map([
          ["first", float],
          ["second", long],
        ]),
        ["q", "q"],
      ),
    Code.INVALID_ARGUMENT,
    "duplicate output tensor alias: q",
  ],
  [
    "arguments are counted by the names of their tensors",
    () =>
      ask(
        new Map([
          ["first", double],
          ["second", long],
        ]),
      ),
    Code.INVALID_ARGUMENT,
    "Expects arg[1] to be float but double is provided",
  ],
  [
    "a method name, if asked to",
    () => ask(unread, [], true),
    Code.INTERNAL,
    "Expected prediction signature method_name to be one of {tensorflow/serving/predict, " +
      "tensorflow/serving/classify, tensorflow/serving/regress}. Was: odd/method",
  ],
];

describe("what is wrong with a Predict request", () => {
  for (const [name, attempt, code, message] of ERRORS) {
    test(name, () => {
      assert.throws(attempt, { code, message });
      assert.equal(open, 0);
    });
  }

  test("nothing", () => {
    const response = ask(
      new Map([
        ["first", float],
        ["second", long],
      ]),
      ["q", "p"],
    );
    assert.ok(!(response instanceof Promise));
    assert.deepEqual([response.outputs, response.signatureName], [["q", "p"], "serving_default"]);
    response.dispose();
    assert.equal(open, 0);
  });
});
