import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ExampleSchema } from "../../proto/gen/tensorflow/core/example/example_pb.ts";
import { ClassificationRequestSchema } from "../../proto/gen/tensorflow_serving/apis/classification_pb.ts";
import { MultiInferenceRequestSchema } from "../../proto/gen/tensorflow_serving/apis/inference_pb.ts";
import { decodeExamplesRequest, decodeMultiInferenceRequest } from "./examples-codec.ts";

const example = (name: string, value: number) => ({
  features: { feature: { [name]: { kind: { case: "floatList" as const, value: { value: [value] } } } } },
});
const decode = (message: Uint8Array) =>
  decodeExamplesRequest(message, "tensorflow.serving.ClassificationRequest");
const list = (...examples: ReturnType<typeof example>[]) => ({
  kind: { case: "exampleList" as const, value: { examples } },
});
const withContext = (context: ReturnType<typeof example>, ...examples: ReturnType<typeof example>[]) => ({
  kind: { case: "exampleListWithContext" as const, value: { examples, context } },
});
const encode = (input: ReturnType<typeof list> | ReturnType<typeof withContext>) =>
  toBinary(
    ClassificationRequestSchema,
    create(ClassificationRequestSchema, {
      modelSpec: { name: "m", signatureName: "s", versionChoice: { case: "version", value: { value: 7n } } },
      input,
    }),
  );
const names = (bytes: Uint8Array) => Object.keys(fromBinary(ExampleSchema, bytes).features!.feature).sort();

describe("requests with tf.Examples", () => {
  it("give the examples as they were serialized", () => {
    const { model, examples } = decode(encode(list(example("x", 1), example("y", 2))));
    assert.deepEqual([model.name, model.signatureName, model.version], ["m", "s", 7n]);
    const serialized = [example("x", 1), example("y", 2)].map((one) =>
      toBinary(ExampleSchema, create(ExampleSchema, one)),
    );
    assert.deepEqual(examples, serialized);
  });

  it("merge the context into each example", () => {
    const { examples } = decode(encode(withContext(example("c", 0), example("x", 1), example("y", 2))));
    assert.deepEqual(examples.map(names), [
      ["c", "x"],
      ["c", "y"],
    ]);
    assert.deepEqual(decode(encode(withContext(example("c", 0)))).examples, []);
  });

  it("merge an input that comes in parts, of which the last kind counts", () => {
    const parts = (...requests: Uint8Array[]) => decode(Buffer.concat(requests)).examples.map(names);
    const [a, b] = [encode(list(example("a", 1))), encode(list(example("b", 1)))];
    assert.deepEqual(parts(a, b), [["a"], ["b"]]);
    assert.deepEqual(parts(a, encode(withContext(example("c", 0), example("d", 1)))), [["c", "d"]]);
    assert.deepEqual(parts(encode(withContext(example("c", 0), example("d", 1))), b), [["b"]]);
  });

  it("need a model, and bytes that are protobuf", () => {
    assert.throws(() => decode(new Uint8Array(0)), /Missing ModelSpec/);
    assert.throws(() => decode(encode(list(example("x", 1))).subarray(0, -1)), {
      message: /^Malformed tensorflow.serving.ClassificationRequest: truncated field/,
    });
  });

  it("hold the tasks of a MultiInference", () => {
    const message = toBinary(
      MultiInferenceRequestSchema,
      create(MultiInferenceRequestSchema, {
        tasks: [{ modelSpec: { name: "m" }, methodName: "tensorflow/serving/classify" }, {}],
        input: list(example("x", 1)),
      }),
    );
    const { tasks, examples } = decodeMultiInferenceRequest(message);
    assert.deepEqual(
      tasks.map(({ model, methodName }) => [model.name, methodName]),
      [
        ["m", "tensorflow/serving/classify"],
        ["", ""],
      ],
    );
    assert.deepEqual(examples.map(names), [["x"]]);
  });
});
