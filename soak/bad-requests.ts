import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { DataType } from "../src/proto/gen/tensorflow/core/framework/types_pb.ts";
import type { Clients } from "./clients.ts";

/** Sends what must be refused. Rejects if it isn't, or in another way than it must be. */
export type BadRequest = (clients: Clients) => Promise<void>;

const PREDICT = "/v1/models/swapped:predict";

function refused(code: number, path: string, body: string | Uint8Array, headers = {}): BadRequest {
  return async (clients) => {
    const reply = await clients.post(path, body, headers);
    if (reply.status === code && JSON.parse(reply.body).error !== undefined) return;
    throw new Error(`answered with ${reply.status} ${reply.body.slice(0, 200)}, not ${code}`);
  };
}

/** @param ask must fail with one of the codes. */
function failing(codes: readonly status[], ask: (clients: Clients) => Promise<unknown>): BadRequest {
  return async (clients) => {
    try {
      await ask(clients);
    } catch (error) {
      if (codes.includes((error as { code: status }).code)) return;
      throw error;
    }
    throw new Error(`answered with OK, not ${codes.map((code) => status[code])}`);
  };
}

const x = (dims: readonly number[], floatVal: readonly number[]) => ({
  dtype: DataType.DT_FLOAT,
  tensorShape: { dim: dims.map((size) => ({ size: BigInt(size) })) },
  floatVal: [...floatVal],
});
const swapped = { name: "swapped" };
const { INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED, FAILED_PRECONDITION, RESOURCE_EXHAUSTED } = status;

export const BAD_REQUESTS: Readonly<Record<string, BadRequest>> = {
  "no JSON": refused(400, PREDICT, '{"instances": [1, 2'),
  "no bytes of JSON": refused(400, PREDICT, Uint8Array.of(0xff, 0xfe, 0, 1)),
  "nested JSON": refused(400, PREDICT, `{"instances": ${"[".repeat(200_000)}`),
  "JSON of the wrong type": refused(400, PREDICT, '{"instances": [["one"]]}'),
  "a ragged array": refused(400, PREDICT, '{"instances": [[1], [1, 2]]}'),
  "no instances": refused(400, PREDICT, "{}"),
  "a model that isn't there": refused(404, "/v1/models/nobody:predict", '{"instances": [1]}'),
  "a path that isn't there": refused(400, "/v1/nothing", "{}"),
  "a compressed body that isn't": refused(400, PREDICT, "{}", { "content-encoding": "gzip" }),
  "a compressed body of nothing but spaces": refused(400, PREDICT, gzipSync(Buffer.alloc(4_000_000, " ")), {
    "content-encoding": "gzip",
  }),
  "gRPC: another input": failing([INVALID_ARGUMENT], (clients) =>
    clients.predict({ modelSpec: swapped, inputs: { z: x([1], [1]) } }),
  ),
  "gRPC: a model that isn't there": failing([NOT_FOUND], (clients) =>
    clients.predict({ modelSpec: { name: "nobody" }, inputs: { x: x([1], [1]) } }),
  ),
  "gRPC: a signature that isn't there": failing([INVALID_ARGUMENT, FAILED_PRECONDITION], (clients) =>
    clients.predict({ modelSpec: { ...swapped, signatureName: "nothing" }, inputs: { x: x([1], [1]) } }),
  ),
  "gRPC: a shape without its numbers": failing([INVALID_ARGUMENT, RESOURCE_EXHAUSTED], (clients) =>
    clients.predict({ modelSpec: swapped, inputs: { x: x([2 ** 40, 2 ** 40], []) } }),
  ),
  "gRPC: a shape below zero": failing([INVALID_ARGUMENT], (clients) =>
    clients.predict({ modelSpec: swapped, inputs: { x: x([-5], [1]) } }),
  ),
  "gRPC: no protobuf": failing([INVALID_ARGUMENT, status.INTERNAL], (clients) =>
    clients.call("PredictionService/Predict", Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0x7f)),
  ),
  "gRPC: a method that isn't there": failing([UNIMPLEMENTED], (clients) =>
    clients.call("PredictionService/Nothing", new Uint8Array()),
  ),
  "gRPC: a shape that the model can't take": failing([INVALID_ARGUMENT], (clients) =>
    clients.predict({
      modelSpec: { name: "network" },
      inputs: { keras_tensor_6: x([2, 3], [1, 2, 3, 4, 5, 6]) },
    }),
  ),
};
