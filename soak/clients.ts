import { Agent, type IncomingMessage, request } from "node:http";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type CallOptions, Client, type ClientUnaryCall, credentials, Metadata } from "@grpc/grpc-js";
import {
  type PredictRequestSchema as Predict,
  PredictRequestSchema,
  type PredictResponse,
  PredictResponseSchema,
} from "../src/proto/gen/tensorflow_serving/apis/predict_pb.ts";

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Two real clients on kept-alive connections: gRPC's own library and Node's HTTP. Neither sends anything twice. */
export class Clients {
  readonly #grpc: Client;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #restPort: number;

  constructor(grpcPort: number, restPort: number) {
    this.#grpc = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure(), {
      "grpc.enable_retries": 0,
      "grpc.max_reconnect_backoff_ms": 100,
      "grpc.initial_reconnect_backoff_ms": 20,
    });
    this.#restPort = restPort;
  }

  /** @param onCall is given the call as soon as it is under way, to cancel it. */
  call(
    method: string,
    message: Uint8Array,
    options: CallOptions = {},
    onCall?: (call: ClientUnaryCall) => void,
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = this.#grpc.makeUnaryRequest(
        `/tensorflow.serving.${method}`,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer) => bytes,
        message,
        new Metadata(),
        options,
        (error, value) => (error === null ? resolve(value!) : reject(error)),
      );
      onCall?.(call);
    });
  }

  async predict(
    message: MessageInitShape<typeof Predict>,
    options?: CallOptions,
    onCall?: (call: ClientUnaryCall) => void,
  ): Promise<PredictResponse> {
    const bytes = toBinary(PredictRequestSchema, create(PredictRequestSchema, message));
    return fromBinary(
      PredictResponseSchema,
      await this.call("PredictionService/Predict", bytes, options, onCall),
    );
  }

  get(path: string): Promise<Reply> {
    return this.#http("GET", path, {}, undefined);
  }

  /** @param onRequest is given what ends the connection before the answer. */
  post(
    path: string,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
    onRequest?: (destroy: () => void) => void,
  ): Promise<Reply> {
    return this.#http("POST", path, headers, body, onRequest);
  }

  close(): void {
    this.#grpc.close();
    this.#agent.destroy();
  }

  #http(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string | Uint8Array | undefined,
    onRequest?: (destroy: () => void) => void,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: this.#restPort, path, method, headers, agent: this.#agent };
      const call = request(options, (response: IncomingMessage) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode!, body: Buffer.concat(pieces).toString() }),
        );
      });
      call.on("error", reject);
      call.end(body);
      onRequest?.(() => call.destroy());
    });
  }
}
