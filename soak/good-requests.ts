import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ExampleSchema } from "../src/proto/gen/tensorflow/core/example/example_pb.ts";
import { DataType } from "../src/proto/gen/tensorflow/core/framework/types_pb.ts";
import {
  ClassificationRequestSchema,
  ClassificationResponseSchema,
} from "../src/proto/gen/tensorflow_serving/apis/classification_pb.ts";
import type { ModelSpec } from "../src/proto/gen/tensorflow_serving/apis/model_pb.ts";
import type { Clients } from "./clients.ts";
import { NETWORK_CASE, VOCABULARY_CASE } from "./serving.ts";

/** Sends a request that must succeed. Rejects if it doesn't, or if the answer is another than it must be. */
export type GoodRequest = (clients: Clients) => Promise<void>;

function servedVersion(spec: ModelSpec | undefined): bigint {
  const choice = spec?.versionChoice;
  if (choice?.case !== "version") throw new Error("the answer doesn't say of which version it is");
  return choice.value.value;
}

/** What the versions of `swapped` add to half of x: even ones 3, odd ones 2. */
function addend(version: bigint): number {
  return version % 2n === 0n ? 3 : 2;
}

function randomBatch(): number[] {
  return Array.from(
    { length: 1 + Math.floor(Math.random() * 5) },
    () => Math.floor(Math.random() * 1000) + 0.5,
  );
}

function halves(x: readonly number[], added: number): number[] {
  return x.map((value) => value / 2 + added);
}

/** The answer of one of both versions, and of the same for the whole batch. */
function assertHalves(y: readonly number[], x: readonly number[]): void {
  assert.deepEqual(y, halves(x, y[0]! - x[0]! / 2 === 3 ? 3 : 2));
}

/** Every answer of the counter, which no two requests may get. */
const counted = new Set<number>();

function post(path: string, body: unknown, headers?: Readonly<Record<string, string>>) {
  return async (clients: Clients) => {
    const text = JSON.stringify(body);
    const sent = headers?.["content-encoding"] === "gzip" ? gzipSync(text) : text;
    const reply = await clients.post(`/v1/models/${path}`, sent, headers);
    assert.equal(reply.status, 200, reply.body);
    return JSON.parse(reply.body);
  };
}

export const GOOD_REQUESTS: Readonly<Record<string, GoodRequest>> = {
  async "gRPC Predict of a model whose versions are swapped"(clients) {
    const x = randomBatch();
    const tensorShape = { dim: [{ size: BigInt(x.length) }, { size: 1n }] };
    const { outputs, modelSpec } = await clients.predict({
      modelSpec: { name: "swapped" },
      inputs: { x: { dtype: DataType.DT_FLOAT, tensorShape, floatVal: x } },
    });
    const version = servedVersion(modelSpec);
    assert.deepEqual(outputs.y!.floatVal, halves(x, addend(version)));
  },

  async "REST predict of it"(clients) {
    const x = randomBatch();
    const { predictions } = await post("swapped:predict", { instances: x.map((value) => [value]) })(clients);
    assertHalves(predictions.flat(), x);
  },

  async "REST predict of it, gzip"(clients) {
    const x = randomBatch();
    const body = { inputs: { x: x.map((value) => [value]) } };
    const { outputs } = await post("swapped:predict", body, { "content-encoding": "gzip" })(clients);
    assertHalves(outputs.flat(), x);
  },

  async "gRPC Classify of it"(clients) {
    const x = randomBatch();
    const examples = x.map((value) =>
      create(ExampleSchema, {
        features: { feature: { x: { kind: { case: "floatList", value: { value: [value] } } } } },
      }),
    );
    const request = create(ClassificationRequestSchema, {
      modelSpec: { name: "swapped", signatureName: "classify_x_to_y" },
      input: { kind: { case: "exampleList", value: { examples } } },
    });
    const bytes = await clients.call(
      "PredictionService/Classify",
      toBinary(ClassificationRequestSchema, request),
    );
    const { result, modelSpec } = fromBinary(ClassificationResponseSchema, bytes);
    const scores = result!.classifications.map(({ classes }) => classes[0]!.score);
    assert.deepEqual(scores, halves(x, addend(servedVersion(modelSpec))));
  },

  async "REST regress of it"(clients) {
    const x = randomBatch();
    const body = { signature_name: "regress_x_to_y", examples: x.map((value) => ({ x: value })) };
    const { results } = await post("swapped:regress", body)(clients);
    assertHalves(results, x);
  },

  async "gRPC Predict of a network"(clients) {
    const { key, shape, values, expected } = NETWORK_CASE;
    const { outputs } = await clients.predict({
      modelSpec: { name: "network" },
      inputs: {
        [key]: {
          dtype: DataType.DT_FLOAT,
          tensorShape: { dim: shape.map((size) => ({ size: BigInt(size) })) },
          tensorContent: new Uint8Array(Float32Array.from(values).buffer),
        },
      },
    });
    const [output] = Object.values(outputs);
    assert.equal(output!.floatVal.length, expected.length);
    output!.floatVal.forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${value} instead of ${expected[i]}`);
    });
  },

  async "REST predict with strings and tables"(clients) {
    const { words, ids } = VOCABULARY_CASE;
    const { outputs } = await post("vocabulary:predict", { inputs: { word: words } })(clients);
    assert.deepEqual(outputs.id, ids);
  },

  async "gRPC Predict that counts"(clients) {
    const { outputs } = await clients.predict({
      modelSpec: { name: "counter", signatureName: "add" },
      inputs: { delta: { dtype: DataType.DT_FLOAT, tensorShape: {}, floatVal: [1] } },
    });
    const after = outputs.added!.floatVal[0]!;
    assert.ok(!counted.has(after), `two requests counted to ${after}`);
    counted.add(after);
  },

  async "a loop of the model's"(clients) {
    const inputs = { n: 8, x: [[0.25, -0.5, 1]] };
    await post("loops:predict", { signature_name: "nested", inputs })(clients);
  },

  async "model status, metadata and metrics"(clients) {
    for (const path of ["/v1/models/swapped", "/v1/models/network/metadata", "/metrics"]) {
      const { status, body } = await clients.get(path);
      assert.equal(status, 200, body);
    }
  },
};
