import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { Clients } from "../soak/clients.ts";
import { Serving } from "../soak/serving.ts";
import { endure } from "./endure.ts";
import { callFrames, callHeaders, framed, PREDICT, RawConnection } from "./raw-http2.ts";

// Requests that are small or well formed and ask for more than they should, sent to a server with one worker.

let serving: Serving;
let clients: Clients;
before(async () => {
  serving = await Serving.start(1, []);
  clients = new Clients(serving.grpcPort, serving.restPort);
});
after(async () => {
  clients.close();
  await serving.stop();
});

const PREDICT_URL = "/v1/models/swapped:predict";

/** Resolves to the status and the error's text. */
async function post(path: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
  const reply = await clients.post(path, body, headers);
  return { status: reply.status, error: JSON.parse(reply.body).error as string };
}

const bodies: readonly (readonly [string, () => string | Uint8Array, number, RegExp])[] = [
  ["deeply nested lists", () => `{"instances": ${"[".repeat(5_000_000)}`, 400, /deeper than 1000 levels/],
  [
    "deeply nested objects",
    () => `{"instances": ${'{"a":'.repeat(2_000_000)}`,
    400,
    /deeper than 1000 levels/,
  ],
  [
    "millions of empty objects",
    () => `{"instances": [${"{},".repeat(7_000_000)}{}]}`,
    400,
    /--max_request_items/,
  ],
  ["millions of strings", () => `{"instances": [${'"",'.repeat(7_000_000)}""]}`, 400, /--max_request_items/],
  ["millions of duplicate keys", () => `{${'"a":1,'.repeat(4_000_000)}"b":1}`, 400, /--max_request_items/],
  ["a duplicate key: the first counts", () => '{"instances": "x", "instances": [1]}', 400, /to be an list/],
  [
    "invalid UTF-8",
    () => Buffer.from('{"instances": ["\xff\xfe"]}', "latin1"),
    400,
    /not of expected type: float/,
  ],
  [
    "ragged lists of millions",
    () => `{"instances": [${"[1],".repeat(4_000_000)}[1,2]]}`,
    400,
    /JSON Parse error|list/,
  ],
  ["a number of a million digits", () => `{"instances": [${"1".repeat(1_000_000)}]}`, 400, /too big/],
];
for (const [name, body, code, error] of bodies) {
  test(`JSON: ${name}`, async () => {
    const text = body();
    const reply = await endure(serving, () => post(PREDICT_URL, text), { mebibytes: 700 });
    assert.equal(reply.status, code);
    assert.match(reply.error, error);
  });
}

test("examples in JSON with a context that would be copied into each", async () => {
  const body = `{"context": {"a": "${"x".repeat(100_000)}"}, "examples": [${'{"b":1},'.repeat(50_000)}{"b":1}]}`;
  const reply = await endure(serving, () => post("/v1/models/swapped:classify", body));
  assert.equal(reply.status, 429);
  assert.match(reply.error, /^repeating the context of 50001 examples takes \d+ bytes/);
});

const BLANKS = 300 << 20;
for (const [encoding, compress] of [
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
] as const) {
  test(`a ${encoding} bomb as the body of a REST request, eight at a time`, async () => {
    const bomb = compress(Buffer.alloc(BLANKS, " "));
    assert.ok(bomb.length < BLANKS / 900);
    const replies = await endure(serving, () =>
      Promise.all(Array.from({ length: 8 }, () => post(PREDICT_URL, bomb, { "content-encoding": encoding }))),
    );
    for (const reply of replies) {
      assert.equal(reply.status, 413);
      assert.match(reply.error, /^Request body is larger than \d+ bytes when it is decompressed$/);
    }
  });
}

/** Sends a message as it is, and resolves to gRPC's status and text. */
async function call(message: Uint8Array, encoding?: string, path = PREDICT) {
  const headers = callHeaders(path, encoding === undefined ? {} : { "grpc-encoding": encoding });
  const connection = await RawConnection.greeted(serving.grpcPort);
  try {
    await connection.send(callFrames(1, headers, framed(message, encoding !== undefined)), 30_000);
    for (const end = performance.now() + 30_000; performance.now() < end; ) {
      const { status } = connection;
      if (status !== undefined) return status;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error("no status");
  } finally {
    connection.destroy();
  }
}

for (const [encoding, compress] of [
  ["gzip", gzipSync],
  ["deflate", deflateSync],
] as const) {
  test(`a ${encoding} bomb as a gRPC message is cut off while it is decompressed`, async () => {
    const bomb = compress(Buffer.alloc(BLANKS));
    const { code, text } = await endure(serving, () => call(bomb, encoding), { mebibytes: 250 });
    assert.equal(code, status.RESOURCE_EXHAUSTED);
    assert.match(text, /larger than max \(more than \d+ vs\. \d+\)/);
  });
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.of(...bytes, rest);
}
const field = (number: number, ...content: readonly Uint8Array[]) => {
  const bytes = Buffer.concat(content);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
};
const repeated = (bytes: readonly number[], count: number) =>
  Buffer.alloc(bytes.length * count, Buffer.from(bytes));
const SPEC = field(1, field(1, Buffer.from("swapped")));
const predictOf = (...tensor: readonly Uint8Array[]) =>
  Buffer.concat([SPEC, field(2, field(1, Buffer.from("x")), field(2, ...tensor))]);
const dtype = (number: number) => Buffer.of(8, number);
const shape = (...dims: readonly Uint8Array[]) => field(2, ...dims.map((dim) => field(2, Buffer.of(8), dim)));
const [FLOAT, INT32, STRING, BOOL] = [1, 3, 7, 10];
const NEGATIVE = Buffer.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
const INT64_MAX = Buffer.of(255, 255, 255, 255, 255, 255, 255, 255, 127);
const CLASSIFY = "/tensorflow.serving.PredictionService/Classify";
const MULTI = "/tensorflow.serving.PredictionService/MultiInference";
const METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata";
const { INVALID_ARGUMENT, RESOURCE_EXHAUSTED } = status;

type Attack = readonly [name: string, message: () => Uint8Array, code: status, text: RegExp, path?: string];
const parsing = /^tensor parsing error: x/;
const items = /--max_request_items/;
const fill = /--max_fill_bytes/;
const messages: readonly Attack[] = [
  [
    "2^40 floats of no value",
    () => predictOf(dtype(FLOAT), shape(varint(2 ** 40))),
    RESOURCE_EXHAUSTED,
    fill,
  ],
  [
    "2^40 floats of one value",
    () => predictOf(dtype(FLOAT), shape(varint(2 ** 40)), field(5, Buffer.alloc(4))),
    RESOURCE_EXHAUSTED,
    fill,
  ],
  [
    "2^40 int32 of three values",
    () => predictOf(dtype(INT32), shape(varint(2 ** 20), varint(2 ** 20)), field(7, Buffer.of(1, 2, 3))),
    RESOURCE_EXHAUSTED,
    fill,
  ],
  ["2^40 strings of none", () => predictOf(dtype(STRING), shape(varint(2 ** 40))), RESOURCE_EXHAUSTED, fill],
  [
    "2^40 strings of one",
    () => predictOf(dtype(STRING), shape(varint(2 ** 40)), field(8, Buffer.from("a"))),
    RESOURCE_EXHAUSTED,
    fill,
  ],
  [
    "a shape whose product overflows int64",
    () => predictOf(dtype(FLOAT), shape(INT64_MAX, INT64_MAX)),
    INVALID_ARGUMENT,
    parsing,
  ],
  [
    "a shape whose product overflows to something small",
    () =>
      predictOf(
        dtype(FLOAT),
        shape(varint(2 ** 32), varint(2 ** 32), Buffer.of(4)),
        field(5, Buffer.alloc(16)),
      ),
    INVALID_ARGUMENT,
    parsing,
  ],
  ["a negative dimension", () => predictOf(dtype(FLOAT), shape(NEGATIVE)), INVALID_ARGUMENT, parsing],
  [
    "millions of dimensions",
    () => predictOf(dtype(FLOAT), field(2, repeated([0x12, 0], 20_000_000))),
    INVALID_ARGUMENT,
    parsing,
  ],
  [
    "millions of strings",
    () => predictOf(dtype(STRING), shape(varint(20_000_000)), repeated([0x42, 0], 20_000_000)),
    RESOURCE_EXHAUSTED,
    items,
  ],
  [
    "millions of strings as content",
    () => predictOf(dtype(STRING), shape(varint(20_000_000)), field(4, Buffer.alloc(20_000_000))),
    RESOURCE_EXHAUSTED,
    items,
  ],
  [
    "millions of fields with a number each",
    () => predictOf(dtype(BOOL), shape(varint(20_000_000)), repeated([0x58, 0], 20_000_000)),
    RESOURCE_EXHAUSTED,
    items,
  ],
  [
    "millions of unknown fields",
    () => predictOf(dtype(FLOAT), repeated([0x78, 0], 20_000_000)),
    RESOURCE_EXHAUSTED,
    items,
  ],
  [
    "millions of inputs",
    () => Buffer.concat([SPEC, repeated([0x12, 0], 20_000_000)]),
    RESOURCE_EXHAUSTED,
    items,
  ],
  [
    "millions of output filters",
    () => Buffer.concat([SPEC, repeated([0x1a, 0], 20_000_000)]),
    RESOURCE_EXHAUSTED,
    items,
  ],
  [
    "millions of nested groups",
    () => Buffer.concat([SPEC, repeated([0x7b], 20_000_000)]),
    INVALID_ARGUMENT,
    /nested too deeply/,
  ],
  ["a wrong wire type", () => Buffer.of(0x0a, 2, 0x0f, 0), INVALID_ARGUMENT, /invalid wire type 7/],
  ["a truncated varint", () => Buffer.of(0x0a, 0xff), INVALID_ARGUMENT, /truncated varint/],
  [
    "a length beyond the message",
    () => Buffer.of(0x0a, 0xff, 0xff, 0xff, 0x7f),
    INVALID_ARGUMENT,
    /truncated field/,
  ],
  [
    "a name that isn't UTF-8",
    () => field(1, field(1, Buffer.of(0xff, 0xfe))),
    INVALID_ARGUMENT,
    /not valid UTF-8/,
  ],
  [
    "millions of examples",
    () => Buffer.concat([SPEC, field(2, field(1, repeated([0x0a, 0], 20_000_000)))]),
    RESOURCE_EXHAUSTED,
    items,
    CLASSIFY,
  ],
  [
    "a context that would be copied into each of many examples",
    () =>
      Buffer.concat([
        SPEC,
        field(2, field(2, repeated([0x0a, 0], 100_000), field(2, Buffer.alloc(1 << 20)))),
      ]),
    RESOURCE_EXHAUSTED,
    /^repeating the context of 100000 examples takes/,
    CLASSIFY,
  ],
  ["millions of tasks", () => repeated([0x0a, 0], 20_000_000), RESOURCE_EXHAUSTED, items, MULTI],
  [
    "millions of metadata fields",
    () => Buffer.concat([SPEC, repeated([0x12, 0], 20_000_000)]),
    RESOURCE_EXHAUSTED,
    /^Received message larger than max \(\d+ vs\. 4194304\)/,
    METADATA,
  ],
];
for (const [name, make, code, text, path] of messages) {
  test(`protobuf: ${name}`, async () => {
    const message = make();
    const reply = await endure(serving, () => call(message, undefined, path));
    assert.equal(reply.code, code, reply.text);
    assert.match(reply.text, text);
  });
}

test("a tensor that is filled up as far as it may be, 500 times in a few KB", async () => {
  // 16 MiB each, which take their time.
  const message = framed(predictOf(dtype(FLOAT), shape(varint(1 << 22)), field(5, Buffer.alloc(4))));
  const calls = Array.from({ length: 500 }, (_, i) => callFrames(2 * i + 1, callHeaders(PREDICT), message));
  await endure(
    serving,
    async () => {
      // Answers, as large as the tensors, that the client has no window for.
      const connection = await RawConnection.greeted(serving.grpcPort, Buffer.of(0, 4, 0, 0, 0, 0));
      await connection.send(Buffer.concat(calls));
      await new Promise((resolve) => setTimeout(resolve, 4000));
      connection.destroy();
    },
    { mebibytes: 1400 },
  );
});
