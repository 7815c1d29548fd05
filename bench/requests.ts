import { readFileSync } from "node:fs";
import { create, toBinary } from "@bufbuild/protobuf";
import { DataType } from "../src/proto/gen/tensorflow/core/framework/types_pb.ts";
import { PredictRequestSchema } from "../src/proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { frameMessage } from "../src/protocols/grpc/framing.ts";
import type { Signature } from "../src/tensor/signature.ts";
import { bytesOf, type NumericTensor } from "../src/tensor/tensor.ts";
import type { BenchModel } from "./models.ts";
import type { RequestForm } from "./selection.ts";

/** A Predict request as h2load sends it, over and over. */
export interface BenchRequest {
  readonly isGrpc: boolean;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const GRPC_HEADERS = { "content-type": "application/grpc", te: "trailers" };

/** Random numbers for the signature's one float32 input, with a batch of one. */
export function randomInput(signature: Signature): NumericTensor {
  const [input, ...others] = signature.inputs.values();
  if (input === undefined || others.length > 0 || input.dtype !== "float32" || input.shape === undefined) {
    throw new Error("The bench takes models with one input of type float32 and known rank");
  }
  const shape = input.shape.map((dim) => Math.max(1, dim));
  const count = shape.reduce((product, dim) => product * dim, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length: count }, Math.random) };
}

/** @returns undefined for a form that the model doesn't take. */
export function predictRequest(
  model: BenchModel,
  key: string,
  input: NumericTensor,
  form: RequestForm,
): BenchRequest | undefined {
  switch (form) {
    case "rest":
      return restRequest(model, `{"instances": ${rowsOf(input)}}`);
    case "b64":
      return model.image === undefined ? undefined : imageRequest(model, model.image);
    case "protobuf":
      return {
        isGrpc: false,
        path: `/v1/models/${model.name}:predict`,
        headers: { "content-type": "application/x-protobuf" },
        body: predictMessage(model, key, input, "content"),
      };
    default:
      return {
        isGrpc: true,
        path: "/tensorflow.serving.PredictionService/Predict",
        headers: GRPC_HEADERS,
        body: frameMessage(predictMessage(model, key, input, form)),
      };
  }
}

function predictMessage(
  { name }: BenchModel,
  key: string,
  input: NumericTensor,
  values: "typed" | "content",
): Uint8Array {
  const message = create(PredictRequestSchema, {
    modelSpec: { name, signatureName: "serving_default" },
    inputs: {
      [key]: {
        dtype: DataType.DT_FLOAT,
        tensorShape: { dim: input.shape.map((size) => ({ size: BigInt(size) })) },
        ...(values === "content"
          ? { tensorContent: bytesOf(input) }
          : { floatVal: Array.from(input.data as Float32Array) }),
      },
    },
  });
  return toBinary(PredictRequestSchema, message);
}

/** Numbers as numpy's `tolist` gives them to Python's `json`. */
function rowsOf({ shape, data }: NumericTensor): string {
  let at = 0;
  const nest = (dim: number): string =>
    dim === shape.length
      ? String(data[at++])
      : `[${Array.from({ length: shape[dim]! }, () => nest(dim + 1)).join(", ")}]`;
  return nest(0);
}

function imageRequest(model: BenchModel, image: string): BenchRequest {
  const b64 = readFileSync(image).toString("base64");
  return restRequest(model, `{"signature_name": "image", "instances": [{"b64": "${b64}"}]}`);
}

function restRequest({ name }: BenchModel, body: string): BenchRequest {
  return {
    isGrpc: false,
    path: `/v1/models/${name}:predict`,
    headers: { "content-type": "application/json" },
    body: Buffer.from(body),
  };
}
