import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { frame, PREFACE } from "../src/listeners/http2/raw-frame-cases.ts";
import { DataType } from "../src/proto/gen/tensorflow/core/framework/types_pb.ts";
import type { Clients } from "./clients.ts";

/** Begins what it doesn't end. Never rejects for what the server does. */
export type AbandonedRequest = (clients: Clients, ports: Ports) => Promise<void>;

export interface Ports {
  readonly grpc: number;
  readonly rest: number;
}

const LONGEST_MILLISECONDS = 1500;

const slow = {
  modelSpec: { name: "loops", signatureName: "nested" },
  inputs: {
    n: { dtype: DataType.DT_INT32, tensorShape: {}, intVal: [60] },
    x: {
      dtype: DataType.DT_FLOAT,
      tensorShape: { dim: [{ size: 1n }, { size: 3n }] },
      floatVal: [0.1, 0.2, 0.3],
    },
  },
};

/** Some say goodbye and some don't. */
const LEAVINGS: readonly ((socket: Socket) => void)[] = [
  (socket) => socket.destroy(),
  (socket) => socket.resetAndDestroy(),
  (socket) => socket.end(() => socket.destroy()),
];

/** Sends the bytes, waits for a while, and leaves; or is left. */
function halfSent(port: keyof Ports, bytes: () => string | Uint8Array): AbandonedRequest {
  return async (_clients, ports) => {
    const socket = connect(ports[port], "127.0.0.1");
    socket.on("error", () => {}).resume();
    const sent = bytes();
    socket.write(typeof sent === "string" ? Buffer.from(sent, "latin1") : sent);
    await wait(Math.random() * LONGEST_MILLISECONDS);
    LEAVINGS[Math.floor(Math.random() * LEAVINGS.length)]!(socket);
  };
}

const start = () => Buffer.concat([PREFACE, frame(4, 0, 0)]);

export const ABANDONED_REQUESTS: Readonly<Record<string, AbandonedRequest>> = {
  async "gRPC call that its client cancels"(clients) {
    const ended = clients.predict(slow, {}, (call) => {
      setTimeout(() => call.cancel(), Math.random() * 20);
    });
    await ended.catch(() => {});
  },
  async "gRPC call whose deadline passes"(clients) {
    await clients.predict(slow, { deadline: Date.now() + Math.random() * 20 }).catch(() => {});
  },
  async "REST request whose client hangs up"(clients) {
    const body = JSON.stringify({ signature_name: "nested", inputs: { n: 60, x: [[0.1, 0.2, 0.3]] } });
    const ended = clients.post("/v1/models/loops:predict", body, {}, (destroy) => {
      setTimeout(destroy, Math.random() * 20);
    });
    await ended.catch(() => {});
  },
  "REST: half a header": halfSent(
    "rest",
    () => "POST /v1/models/swapped:predict HTTP/1.1\r\nHost: x\r\nConte",
  ),
  "REST: half a body": halfSent(
    "rest",
    () =>
      `POST /v1/models/swapped:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{"instances": [[1]`,
  ),
  "REST: half a chunk": halfSent(
    "rest",
    () => "POST /v1/models/swapped:predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n{",
  ),
  "REST: anything": halfSent("rest", () => randomBytes(300)),
  "REST: nothing": halfSent("rest", () => ""),
  "gRPC: half a preface": halfSent("grpc", () => PREFACE.subarray(0, 10)),
  "gRPC: half a frame": halfSent("grpc", () => Buffer.concat([start(), Buffer.from([0, 0, 50, 1, 4, 0])])),
  "gRPC: frames of anything": halfSent("grpc", () =>
    Buffer.concat([
      start(),
      ...Array.from({ length: 20 }, () =>
        frame(
          Math.random() * 12,
          Math.random() * 256,
          1 + 2 * Math.floor(Math.random() * 8),
          randomBytes(40),
        ),
      ),
    ]),
  ),
  "gRPC: streams that are reset": halfSent("grpc", () =>
    Buffer.concat([
      start(),
      ...Array.from({ length: 60 }, (_, i) =>
        Buffer.concat([
          // Of the static table: POST, http, and / as the path.
          frame(1, 4, 2 * i + 1, Uint8Array.of(0x83, 0x86, 0x84)),
          frame(3, 0, 2 * i + 1, Uint8Array.of(0, 0, 0, 8)),
        ]),
      ),
    ]),
  ),
  "gRPC: anything": halfSent("grpc", () => randomBytes(300)),
};
