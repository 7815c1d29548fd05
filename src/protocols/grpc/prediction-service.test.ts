import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { RunResult } from "../../engines/engine.ts";
import type { ServableHandle, ServableLookup, Signature } from "../../lifecycle/servable.ts";
import { TensorProtoSchema } from "../../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import {
  PredictRequestSchema,
  PredictResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { Code, notFound, StatusError } from "../../status/status.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { UnaryCall } from "../unary.ts";
import { PREFIX_LENGTH } from "./framing.ts";
import { predictionService } from "./prediction-service.ts";

const PREDICT = "/tensorflow.serving.PredictionService/Predict";
const call: UnaryCall = { headers: {}, signal: new AbortController().signal };

const signature: Signature = {
  methodName: "tensorflow/serving/predict",
  inputs: new Map([["x", { dtype: "float32", shape: [-1], tensorName: "x:0" }]]),
  outputs: new Map([["y", { dtype: "float32", shape: [-1], tensorName: "y:0" }]]),
};

/** y = x / 2 + 2, and a count of what is held. */
let held = 0;
let answer: (x: Tensor) => Tensor;

function half(x: Tensor): Tensor {
  const data = Float32Array.from(x.data as Float32Array, (v) => v / 2 + 2);
  return { dtype: "float32", shape: x.shape, data };
}

function lookup(later: boolean): ServableLookup {
  return {
    acquire({ name, version }): ServableHandle {
      if (name !== "half") throw notFound(`Servable not found for request: Latest(${name})`);
      held++;
      return {
        id: { name, version: version ?? 123n },
        signatures: new Map([["serving_default", signature]]),
        run(_, [x]): RunResult | Promise<RunResult> {
          held++;
          const result = { tensors: [answer(x!)], dispose: () => held-- };
          return later ? Promise.resolve(result) : result;
        },
        signatureDefMap: () => new Uint8Array(0),
        release: () => held--,
      };
    },
    status: () => undefined,
    names: () => ["half"],
  };
}

beforeEach(() => {
  held = 0;
  answer = half;
});

const tensor = (init: MessageInitShape<typeof TensorProtoSchema>) => create(TensorProtoSchema, init);
const floats = { dtype: 1 as const, tensorShape: { dim: [{ size: 3n }] }, floatVal: [1, 2, 5] };
const x = tensor(floats);

function send(request: MessageInitShape<typeof PredictRequestSchema>, later = false, tensorContent = false) {
  const method = predictionService(lookup(later), { tensorContent }).get(PREDICT)!;
  return method(toBinary(PredictRequestSchema, create(PredictRequestSchema, request)), call);
}

const decoded = (frame: Uint8Array) => fromBinary(PredictResponseSchema, frame.subarray(PREFIX_LENGTH));

suite("Predict", () => {
  test("answers at once where the model does", () => {
    const frame = send({ modelSpec: { name: "half" }, inputs: { x } });
    assert.ok(!(frame instanceof Promise));
    const response = decoded(frame);
    assert.deepEqual(response.outputs.y?.floatVal, [2.5, 3, 4.5]);
    assert.equal(response.modelSpec?.name, "half");
    assert.equal(response.modelSpec?.signatureName, "serving_default");
    assert.deepEqual(response.modelSpec?.versionChoice, {
      case: "version",
      value: { $typeName: "google.protobuf.Int64Value", value: 123n },
    });
    assert.equal(held, 0);
  });

  test("answers later where the model does", async () => {
    const frame = send({ modelSpec: { name: "half" }, inputs: { x } }, true);
    assert.ok(frame instanceof Promise);
    assert.deepEqual(decoded(await frame).outputs.y?.floatVal, [2.5, 3, 4.5]);
    assert.equal(held, 0);
  });

  test("with tensor_content if asked to", async () => {
    const response = decoded(await send({ modelSpec: { name: "half" }, inputs: { x } }, false, true));
    assert.deepEqual(response.outputs.y?.floatVal, []);
    const { tensorContent } = response.outputs.y!;
    assert.deepEqual(new Float32Array(new Uint8Array(tensorContent).buffer), Float32Array.of(2.5, 3, 4.5));
  });

  test("an output that can't be encoded is disposed of all the same", async () => {
    answer = () => ({ dtype: "resource", shape: [], data: new Uint8Array(1) }) as unknown as Tensor;
    const failure = { code: Code.INTERNAL };
    assert.throws(() => send({ modelSpec: { name: "half" }, inputs: { x } }), failure);
    await assert.rejects(async () => send({ modelSpec: { name: "half" }, inputs: { x } }, true), failure);
    assert.equal(held, 0);
  });

  const errors: [string, MessageInitShape<typeof PredictRequestSchema>, Code, RegExp][] = [
    ["no model", { inputs: { x } }, Code.INVALID_ARGUMENT, /^Missing ModelSpec$/],
    [
      "an unknown model",
      { modelSpec: { name: "none" }, inputs: { x: tensor({}) } },
      Code.NOT_FOUND,
      /Latest\(none\)/,
    ],
    [
      "an unknown signature",
      { modelSpec: { name: "half", signatureName: "s" }, inputs: { x } },
      Code.FAILED_PRECONDITION,
      /^Serving signature key "s" not found\.$/,
    ],
    [
      "a missing input",
      { modelSpec: { name: "half" } },
      Code.INVALID_ARGUMENT,
      /Missing but required: \{x\}/,
    ],
    [
      "another dtype",
      { modelSpec: { name: "half" }, inputs: { x: tensor({ ...floats, dtype: 2 }) } },
      Code.INVALID_ARGUMENT,
      /^Expects arg\[0\] to be float but double is provided$/,
    ],
    [
      "a broken tensor",
      { modelSpec: { name: "half" }, inputs: { x: tensor({ ...floats, tensorContent: new Uint8Array(5) }) } },
      Code.INVALID_ARGUMENT,
      /^tensor parsing error: x$/,
    ],
  ];
  for (const [name, request, code, message] of errors) {
    test(name, () => {
      assert.throws(
        () => send(request),
        (error) => error instanceof StatusError && error.code === code && message.test(error.message),
      );
      assert.equal(held, 0);
    });
  }
});
