/** What watching a request costs: Predict calls in process, without and with metrics. */
import { create, toBinary } from "@bufbuild/protobuf";
import type { ServableHandle, ServableLookup } from "../src/lifecycle/servable.ts";
import { RequestObserver } from "../src/monitoring/request-observer.ts";
import { PredictRequestSchema } from "../src/proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { predictionService } from "../src/protocols/grpc/prediction-service.ts";
import type { Signature } from "../src/tensor/signature.ts";
import type { Tensor } from "../src/tensor/tensor.ts";

const CALLS = 500_000;
const ROUNDS = 7;

const signature: Signature = {
  methodName: "tensorflow/serving/predict",
  inputs: new Map([["x", { dtype: "float32", shape: [-1], tensorName: "x:0" }]]),
  outputs: new Map([["y", { dtype: "float32", shape: [-1], tensorName: "y:0" }]]),
};
const id = { name: "m", version: 1n };
const signatures = new Map([["serving_default", signature]]);
const answer: Tensor = { dtype: "float32", shape: [3], data: new Float32Array(3) };
const lookup: ServableLookup = {
  acquire: (): ServableHandle => ({
    id,
    signatures,
    run: () => ({ tensors: [answer], dispose() {} }),
    signatureDefMap: () => new Uint8Array(0),
    release() {},
  }),
  status: () => undefined,
  names: () => [],
};
const message = toBinary(
  PredictRequestSchema,
  create(PredictRequestSchema, {
    modelSpec: { name: "m" },
    inputs: { x: { dtype: 1, tensorShape: { dim: [{ size: 3n }] }, floatVal: [1, 2, 3] } },
  }),
);
const call = { headers: {}, signal: new AbortController().signal };
const path = "/tensorflow.serving.PredictionService/Predict";
const cases = {
  plain: predictionService(lookup).get(path)!,
  observed: predictionService(lookup, {}, new RequestObserver(() => {})).get(path)!,
};

const best = new Map<string, number>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, method] of Object.entries(cases)) {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) method(message, call);
    const microseconds = ((performance.now() - start) * 1000) / CALLS;
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, microseconds));
  }
}
for (const [name, microseconds] of best) console.log(`${name}: ${microseconds.toFixed(2)} us per call`);
