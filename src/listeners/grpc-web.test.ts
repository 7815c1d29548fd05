import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import test, { type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import grpcWeb from "grpc-web";
import { TensorProtoSchema } from "../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import { ModelSpecSchema } from "../proto/gen/tensorflow_serving/apis/model_pb.ts";
import {
  type PredictRequest,
  PredictRequestSchema,
  type PredictResponse,
  PredictResponseSchema,
} from "../proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { PredictionService } from "../proto/gen/tensorflow_serving/apis/prediction_service_pb.ts";
import { frameMessage } from "../protocols/grpc/framing.ts";
import { predictionService } from "../protocols/grpc/prediction-service.ts";
import { EchoLookup, echoSignature } from "../protocols/rest/echo-servable.ts";
import { restService } from "../protocols/rest/service.ts";
import type { UnaryCall, UnaryMethods } from "../protocols/unary.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { createRestListener } from "./http1.ts";

// The clients are @connectrpc/connect-web and grpc-web, gRPC's own: nothing of ours on their side.

const PREDICT = "/tensorflow.serving.PredictionService/Predict";

interface Setup {
  readonly cors?: boolean;
  readonly timeoutMilliseconds?: number;
  readonly extra?: UnaryMethods;
  readonly run?: (inputs: readonly Tensor[]) => readonly Tensor[] | Promise<readonly Tensor[]>;
}

async function serve(t: TestContext, { cors = false, timeoutMilliseconds = 0, extra, run }: Setup = {}) {
  const lookup = new EchoLookup({ serving_default: echoSignature({ x: "float32" }) }, run);
  const failures: unknown[] = [];
  const handler = restService(
    lookup,
    { cors, checksMethodName: false, tensorContent: false, compression: [], serverTiming: false },
    {
      methods: (served) => new Map([...predictionService(served), ...(extra ?? [])]),
      isDraining: () => false,
      onFailure: (error) => failures.push(error),
    },
  );
  const listener = createRestListener(handler, {
    timeoutMilliseconds,
    onFailure: (error) => assert.fail(String(error)),
  });
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => listener.close(0));
  return { url: `http://127.0.0.1:${port}`, lookup, failures };
}

function predictRequest(values: number[], name = "echo"): PredictRequest {
  const tensorShape = { dim: [{ size: BigInt(values.length) }] };
  return create(PredictRequestSchema, {
    modelSpec: create(ModelSpecSchema, { name }),
    inputs: { x: create(TensorProtoSchema, { dtype: 1, tensorShape, floatVal: values }) },
  });
}

function connectClient(baseUrl: string) {
  return createClient(PredictionService, createGrpcWebTransport({ baseUrl }));
}

test("connect-web's client gets answers and errors", async (t) => {
  const { url, lookup } = await serve(t);
  const client = connectClient(url);
  const response = await client.predict(predictRequest([1.5, 2]));
  assert.deepEqual(response.outputs.x?.floatVal, [1.5, 2]);
  const large = Array.from({ length: 300_000 }, (_, i) => i);
  assert.deepEqual((await client.predict(predictRequest(large))).outputs.x?.floatVal, large);
  await assert.rejects(client.predict(predictRequest([1], "größer")), (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, ConnectCode.NotFound);
    assert.equal(error.rawMessage, "Servable not found for request: Latest(größer)");
    return true;
  });
  assert.equal(lookup.open, 0);
});

test("connect-web's client gets answers of slow models, and deadlines", async (t) => {
  const { url } = await serve(t, {
    run: async (inputs) => {
      await sleep(100);
      return inputs;
    },
  });
  const client = connectClient(url);
  const response = await client.predict(predictRequest([1]), { timeoutMs: 5000 });
  assert.deepEqual(response.outputs.x?.floatVal, [1]);
  await assert.rejects(client.predict(predictRequest([1]), { timeoutMs: 20 }), {
    code: ConnectCode.DeadlineExceeded,
  });
});

/** As much of a browser's XMLHttpRequest as grpc-web's client takes. */
class XmlHttpRequest {
  responseType = "";
  readyState = 0;
  status = 0;
  statusText = "";
  responseText = "";
  response: ArrayBuffer | string | undefined;
  onreadystatechange: (() => void) | null = null;
  #url = "";
  #method = "";
  readonly #headers: [string, string][] = [];
  #replied: Headers = new Headers();

  open(method: string, url: string): void {
    [this.#method, this.#url, this.readyState] = [method, url, 1];
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.push([name, value]);
  }

  async send(body: string | Uint8Array<ArrayBuffer>): Promise<void> {
    const reply = await fetch(this.#url, { method: this.#method, headers: this.#headers, body });
    this.#replied = reply.headers;
    [this.status, this.statusText] = [reply.status, reply.statusText];
    this.#become(2);
    const bytes = await reply.arrayBuffer();
    if (this.responseType === "arraybuffer") this.response = bytes;
    else this.response = this.responseText = new TextDecoder().decode(bytes);
    this.#become(3);
    this.#become(4);
  }

  getResponseHeader(name: string): string | null {
    return this.#replied.get(name);
  }

  getAllResponseHeaders(): string {
    return [...this.#replied].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  }

  abort(): void {}

  #become(state: number): void {
    this.readyState = state;
    this.onreadystatechange?.();
  }
}

/** The client wants the messages' classes, and makes nothing of them. */
const MESSAGE = class {} as never;

for (const format of ["text", "binary"]) {
  test(`gRPC's own client gets answers and errors as ${format}`, async (t) => {
    const { url } = await serve(t);
    const scope = globalThis as { XMLHttpRequest?: unknown };
    scope.XMLHttpRequest = XmlHttpRequest;
    t.after(() => delete scope.XMLHttpRequest);
    const client = new grpcWeb.GrpcWebClientBase({ format });
    const method = new grpcWeb.MethodDescriptor<PredictRequest, PredictResponse>(
      PREDICT,
      grpcWeb.MethodType.UNARY,
      MESSAGE,
      MESSAGE,
      (request: PredictRequest) => toBinary(PredictRequestSchema, request),
      (bytes: Uint8Array) => fromBinary(PredictResponseSchema, bytes),
    );
    const predict = (request: PredictRequest) => client.unaryCall(url + PREDICT, request, {}, method);
    const response = await predict(predictRequest([1.5, 2, 3]));
    assert.deepEqual(response.outputs.x?.floatVal, [1.5, 2, 3]);
    await assert.rejects(predict(predictRequest([1], "nope")), {
      code: grpcWeb.StatusCode.NOT_FOUND,
      message: "Servable not found for request: Latest(nope)",
    });
  });
}

/** The status and trailers of a raw call. */
async function call(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  body = frameMessage(Buffer.of()),
) {
  const init = { "content-type": "application/grpc-web+proto", ...headers };
  const reply = await fetch(url + path, { method: "POST", headers: init, body });
  const text = Buffer.from(await reply.arrayBuffer()).toString("latin1");
  return {
    status: reply.status,
    headers: reply.headers,
    code: /grpc-status:(\d+)\r\n/.exec(text)?.[1],
    message: /grpc-message:(.*)\r\n/.exec(text)?.[1],
  };
}

test("what goes wrong is a status in the trailers", async (t) => {
  const extra: UnaryMethods = new Map([
    [
      "/t/Bug",
      () => {
        throw new TypeError("a bug");
      },
    ],
    ["/t/Echo", (message: Uint8Array) => frameMessage(message)],
  ]);
  const { url, failures } = await serve(t, { extra });
  const unknown = await call(url, "/t/Unknown");
  assert.deepEqual(
    [unknown.status, unknown.code, unknown.message],
    [200, "12", "Method not found: /t/Unknown"],
  );
  const bug = await call(url, "/t/Bug");
  assert.deepEqual([bug.status, bug.code, bug.message], [200, "13", "Internal error"]);
  assert.deepEqual(failures.map(String), ["TypeError: a bug"]);
  assert.equal((await call(url, "/t/Echo", {}, Buffer.alloc(0))).code, "12");
  assert.equal((await call(url, "/t/Echo", {}, Buffer.of(0, 0, 0, 0, 9, 1))).code, "13");
  assert.equal((await call(url, "/t/Echo", { "grpc-timeout": "soon" })).code, "3");
  assert.equal((await call(url, "/t/Echo", { "grpc-encoding": "br" })).code, "12");
  const text = { "content-type": "application/grpc-web-text" };
  const reply = await fetch(`${url}/t/Echo`, { method: "POST", headers: text, body: "*" });
  assert.equal(reply.headers.get("content-type"), "application/grpc-web-text+proto");
  assert.match(atob(await reply.text()), /grpc-status:13/);
  assert.equal((await fetch(`${url}/t/Echo`, { method: "POST", body: "x" })).status, 404);
});

test("compressed messages are taken, large ones too", async (t) => {
  const received: number[] = [];
  const extra: UnaryMethods = new Map([
    [
      "/t/Count",
      (message: Uint8Array) => {
        received.push(message.length);
        return frameMessage(Buffer.of());
      },
    ],
  ]);
  const { url } = await serve(t, { extra });
  for (const message of [Buffer.alloc(10), Buffer.from(Array.from({ length: 200_000 }, Math.random))]) {
    const frame = frameMessage(gzipSync(message, { level: 0 }));
    frame[0] = 1;
    assert.equal((await call(url, "/t/Count", { "grpc-encoding": "gzip" }, frame)).code, "0");
  }
  assert.deepEqual(received, [10, 200_000]);
});

test("a call ends at its deadline, at the port's, or when its client goes away", async (t) => {
  const calls: UnaryCall[] = [];
  const extra: UnaryMethods = new Map([
    [
      "/t/Never",
      (_: Uint8Array, unary: UnaryCall) => {
        void unary.signal;
        calls.push(unary);
        return new Promise<Uint8Array>(() => {});
      },
    ],
  ]);
  const { url } = await serve(t, { extra, timeoutMilliseconds: 200 });
  const begin = performance.now();
  const late = await call(url, "/t/Never", { "grpc-timeout": "20m" });
  assert.deepEqual([late.status, late.code, late.message], [200, "4", "Deadline Exceeded"]);
  assert.ok(performance.now() - begin < 190);
  assert.equal(calls[0]!.signal.aborted, true);
  const later = await call(url, "/t/Never", { "grpc-timeout": "1H" });
  assert.deepEqual([later.status, later.code], [200, "4"]);
  assert.equal(calls[1]!.signal.aborted, true);
  const headers = { "content-type": "application/grpc-web" };
  const request = http.request(`${url}/t/Never`, { method: "POST", headers });
  request.on("error", () => {});
  request.end(frameMessage(Buffer.of()));
  while (calls.length < 3) await sleep(5);
  const aborted = once(calls[2]!.signal, "abort");
  request.destroy();
  await aborted;
});

test("web pages of other origins may call only where the flag says so", async (t) => {
  const preflight = {
    method: "OPTIONS",
    headers: {
      origin: "https://example.com",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type,x-grpc-web,x-user-agent",
    },
  };
  const open = await serve(t, { cors: true });
  const allowed = await fetch(open.url + PREDICT, preflight);
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get("access-control-allow-origin"), "*");
  assert.equal(allowed.headers.get("access-control-allow-methods"), "POST");
  assert.equal(
    allowed.headers.get("access-control-allow-headers"),
    "authorization,content-type,x-grpc-web,x-user-agent",
  );
  const answer = await call(open.url, PREDICT);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.equal(answer.headers.get("access-control-expose-headers"), "grpc-status,grpc-message");
  assert.equal((await fetch(`${open.url}/t/Unknown`, preflight)).status, 404);

  const closed = await serve(t);
  for (const { headers } of [await fetch(closed.url + PREDICT, preflight), await call(closed.url, PREDICT)]) {
    assert.deepEqual(
      [...headers.keys()].filter((name) => name.startsWith("access-control-")),
      [],
    );
  }
});
