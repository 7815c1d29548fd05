import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunResult } from "../engines/engine.ts";
import type { Servable, Signature } from "../lifecycle/servable.ts";
import { ModelState } from "../lifecycle/servable.ts";
import { ServableMap } from "../lifecycle/servable-map.ts";
import { Code } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { classify } from "./classify.ts";
import { multiInference } from "./multi-inference.ts";
import { regress } from "./regress.ts";

const text = (value: string) => new TextEncoder().encode(value);
const strings = (shape: number[], ...values: string[]): Tensor => ({
  dtype: "string",
  shape,
  data: values.map(text),
});
const floats = (shape: number[], ...values: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});

function signature(methodName: string, inputs: readonly string[], outputs: readonly string[]): Signature {
  const tensors = (keys: readonly string[]) =>
    new Map(keys.map((key) => [key, { tensorName: `${key}:0`, dtype: "string", shape: [-1] } as const]));
  return {
    methodName: `tensorflow/serving/${methodName}`,
    inputs: tensors(inputs),
    outputs: tensors(outputs),
  };
}

/** A model whose signatures answer with the given tensors; `release` is counted. */
function serving(
  signatures: Readonly<Record<string, readonly [Signature, Readonly<Record<string, Tensor>>]>>,
) {
  const seen: (readonly Tensor[])[] = [];
  let disposed = 0;
  const servable: Servable = {
    id: { name: "m", version: 3n },
    signatures: new Map(Object.entries(signatures).map(([key, [found]]) => [key, found])),
    run: (key, inputs, outputs): RunResult => {
      seen.push(inputs);
      const tensors = outputs.map((output) => signatures[key]![1][output]!);
      return { tensors, dispose: () => disposed++ };
    },
    signatureDefMap: () => new Uint8Array(0),
  };
  const map = new ServableMap();
  map.add(servable);
  map.setNames(["m"]);
  map.setStatus("m", { version: 3n, state: ModelState.AVAILABLE, status: { code: Code.OK, message: "" } });
  return { map, seen, disposed: () => disposed };
}

const lenient = { checksMethodName: false };
const request = (signatureName = "", examples = ["a", "b"]) => ({
  model: { name: "m", signatureName },
  examples: examples.map(text),
});
const both = signature("classify", ["inputs"], ["classes", "scores"]);
const good = { classes: strings([2, 2], "x", "y", "z", "w"), scores: floats([2, 2], 0.5, 0.25, 1, 0) };

describe("classify", () => {
  it("gives each example its labels and scores, and hands the examples on as they came", async () => {
    const { map, seen, disposed } = serving({ serving_default: [both, good] });
    const { id, signatureName, result } = await classify(map, request(), lenient);
    assert.deepEqual([id.version, signatureName], [3n, "serving_default"]);
    assert.deepEqual(
      result.map((classes) => classes.map(({ label, score }) => [Buffer.from(label!).toString(), score])),
      [
        [
          ["x", 0.5],
          ["y", 0.25],
        ],
        [
          ["z", 1],
          ["w", 0],
        ],
      ],
    );
    assert.deepEqual(seen, [[strings([2], "a", "b")]]);
    assert.equal(disposed(), 1);
  });

  it("does with labels or scores alone", async () => {
    const { map } = serving({
      labels: [signature("classify", ["inputs"], ["classes"]), good],
      scores: [signature("classify", ["inputs"], ["scores"]), good],
    });
    assert.equal((await classify(map, request("labels"), lenient)).result[0]![0]!.score, undefined);
    assert.equal((await classify(map, request("scores"), lenient)).result[1]![0]!.score, 1);
  });

  const refusals: readonly (readonly [string, Signature, Readonly<Record<string, Tensor>>, Code, RegExp])[] =
    [
      [
        "several inputs",
        signature("classify", ["inputs", "more"], ["scores"]),
        good,
        Code.INVALID_ARGUMENT,
        /^Expected one input Tensor\.$/,
      ],
      [
        "three outputs",
        signature("classify", ["inputs"], ["a", "b", "c"]),
        good,
        Code.INVALID_ARGUMENT,
        /^Expected one or two output Tensors, found 3$/,
      ],
      [
        "another input",
        signature("classify", ["x"], ["scores"]),
        good,
        Code.FAILED_PRECONDITION,
        /^No classification inputs found in SignatureDef: inputs \{\n {2}key: "x"/,
      ],
      [
        "other outputs",
        signature("classify", ["inputs"], ["y"]),
        good,
        Code.FAILED_PRECONDITION,
        /to contain at least one of "classes" or "scores"\. Signature was: /,
      ],
      [
        "scores of another rank",
        both,
        { ...good, scores: floats([2], 1, 2) },
        Code.INVALID_ARGUMENT,
        /^Expected Tensor shape: \[batch_size num_classes\] but got \[2\]$/,
      ],
      [
        "labels that are no strings",
        both,
        { ...good, classes: floats([2, 2], 1, 2, 3, 4) },
        Code.INVALID_ARGUMENT,
        /^Expected classes Tensor of DT_STRING\. Got: DT_FLOAT$/,
      ],
      [
        "another batch",
        both,
        { ...good, scores: floats([1, 2], 1, 2) },
        Code.INVALID_ARGUMENT,
        /^Expected scores output batch size of 2\. Got: 1$/,
      ],
      [
        "different widths",
        both,
        { ...good, scores: floats([2, 1], 1, 2) },
        Code.INVALID_ARGUMENT,
        /should match in dim_size\(1\)\. Got 2 vs\. 1$/,
      ],
    ];
  for (const [what, found, outputs, code, message] of refusals) {
    it(`refuses ${what}`, async () => {
      const { map } = serving({ serving_default: [found, outputs] });
      await assert.rejects(async () => classify(map, request(), lenient), { code, message });
    });
  }

  it("words an input of another type as TensorFlow's session does", async () => {
    const number = { tensorName: "x:0", dtype: "float32", shape: [-1] } as const;
    const { map } = serving({ serving_default: [{ ...both, inputs: new Map([["inputs", number]]) }, good] });
    await assert.rejects(async () => classify(map, request(), lenient), {
      code: Code.INVALID_ARGUMENT,
      message: "Expects arg[0] to be float but string is provided",
    });
  });

  it("refuses no examples, an unknown signature, and another method if that is checked", async () => {
    const { map } = serving({ serving_default: [both, good], other: [{ ...both, methodName: "p" }, good] });
    const refused = (signatureName: string, examples: string[], checksMethodName: boolean) =>
      assert.rejects(
        async () => classify(map, request(signatureName, examples), { checksMethodName }),
        (error) => {
          messages.push((error as Error).message);
          return true;
        },
      );
    const messages: string[] = [];
    await refused("", [], false);
    await refused("nope", ["a"], false);
    await refused("other", ["a", "b"], true);
    assert.deepEqual(messages, [
      "Input is empty.",
      "No signature was found with the name: nope",
      "Expected classification signature method_name to be tensorflow/serving/classify. Was: p",
    ]);
    await classify(map, request("other"), lenient);
  });
});

describe("regress", () => {
  const one = signature("regress", ["inputs"], ["outputs"]);

  it("gives each example its value", async () => {
    for (const shape of [[2], [2, 1]]) {
      const { map } = serving({ serving_default: [one, { outputs: floats(shape, 1.5, -2) }] });
      assert.deepEqual((await regress(map, request(), lenient)).result, [1.5, -2]);
    }
  });

  it("refuses outputs of other forms", async () => {
    const messages: string[] = [];
    for (const outputs of [floats([2, 2], 1, 2, 3, 4), floats([1], 1), strings([2], "a", "b")]) {
      const { map } = serving({ serving_default: [one, { outputs }] });
      await assert.rejects(
        async () => regress(map, request(), lenient),
        (error) => {
          messages.push((error as Error).message);
          return true;
        },
      );
    }
    assert.deepEqual(messages, [
      "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]",
      "Input batch size did not match output batch size: 2 vs. 1",
      "Expected output Tensor of DT_FLOAT.  Got: DT_STRING",
    ]);
  });
});

describe("multi-inference", () => {
  const elsewhere = { tensorName: "far:0", dtype: "string", shape: [-1] } as const;
  const signatures = {
    c: [both, good],
    r: [signature("regress", ["inputs"], ["outputs"]), { outputs: floats([2], 1, 2) }],
    three: [signature("classify", ["inputs"], ["a", "b", "c"]), good],
    far: [{ ...both, inputs: new Map([["inputs", elsewhere]]) }, good],
  } as const;
  const task = (signatureName: string, methodName: string, name = "m") => ({
    model: { name, signatureName },
    methodName: `tensorflow/serving/${methodName}`,
  });
  const ask = (...tasks: ReturnType<typeof task>[]) =>
    multiInference(serving(signatures).map, { tasks, examples: ["a", "b"].map(text) }, lenient);

  it("asks each signature for the same examples, in the order of the tasks", async () => {
    const { id, results } = await ask(task("r", "regress"), task("c", "classify"));
    assert.equal(id.version, 3n);
    assert.deepEqual(
      results.map(({ kind, signatureName }) => [kind, signatureName]),
      [
        ["regression", "r"],
        ["classification", "c"],
      ],
    );
  });

  it("asks signatures whose inputs are different tensors, as those of TF2 are", async () => {
    const { results } = await ask(task("c", "classify"), task("far", "classify"));
    assert.equal(results.length, 2);
  });

  it("checks every task before it says that there are no examples", async () => {
    const { map } = serving(signatures);
    const tasks = [task("r", "regress"), task("r", "predict")];
    const attempt = multiInference(map, { tasks: [tasks[0]!], examples: [] }, lenient);
    await assert.rejects(attempt, { message: "Input is empty." });
    await assert.rejects(multiInference(map, { tasks, examples: [] }, lenient), {
      message: /^Duplicate evaluation/,
    });
  });

  it("refuses tasks that don't go together", async () => {
    const refused = async (message: RegExp, ...tasks: ReturnType<typeof task>[]) =>
      assert.rejects(ask(...tasks), { message });
    await refused(/ModelSpec has no name specified/);
    await refused(/must access the same model name/, task("r", "regress"), task("c", "classify", "other"));
    await refused(/Duplicate evaluation of signature: r/, task("r", "regress"), task("r", "regress"));
    await refused(/Requested signature not found in model graph: x/, task("x", "regress"));
    await refused(
      /^Expected one or two output Tensors, found 3$/,
      task("r", "regress"),
      task("three", "classify"),
    );
    await refused(/Unsupported signature method_name: tensorflow\/serving\/predict/, task("r", "predict"));
  });
});
