import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "../status/status.ts";
import { decodeExamplesRequest, decodeMultiInferenceRequest } from "./grpc/examples-codec.ts";
import { decodePredictRequest } from "./grpc/predict-codec.ts";
import { decodeSessionRunRequest } from "./grpc/session-service.ts";
import { FIELDS_PER_ITEM, RequestAllowance } from "./request-limits.ts";
import { echoSignature } from "./rest/echo-servable.ts";
import { readExamplesBody } from "./rest/examples-body.ts";
import { PredictBody } from "./rest/predict-body.ts";

const ITEMS = 100;
const limits = { items: ITEMS, fillBytes: 1000 };

/** A length-delimited field of protobuf. */
function field(number: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
  return Buffer.concat([Buffer.of(number * 8 + 2, ...length), bytes]);
}

const repeated = (bytes: Uint8Array, count: number) => Buffer.alloc(bytes.length * count, bytes);
const SPEC = field(1, field(1, Buffer.from("m")));
const size = (count: number) => field(2, field(2, Buffer.of(8, (count & 127) | 128, count >> 7)));

function predictOf(...tensor: readonly Uint8Array[]): void {
  const request = Buffer.concat([SPEC, field(2, field(1, Buffer.from("x")), field(2, ...tensor))]);
  decodePredictRequest(request, undefined, limits).inputs.get("x");
}

/** Each takes a number of items, and is fine with fewer than a request may have. */
const REQUESTS: Readonly<Record<string, (count: number) => unknown>> = {
  "strings of a tensor": (count) =>
    predictOf(Buffer.of(8, 7), size(count), repeated(Buffer.of(0x42, 0), count - 1)),
  "strings of a tensor's content": (count) =>
    predictOf(Buffer.of(8, 7), size(count - 1), field(4, Buffer.alloc(count - 1))),
  "numbers that lie apart": (count) =>
    predictOf(
      Buffer.of(8, 10),
      size(count * FIELDS_PER_ITEM),
      repeated(Buffer.of(0x58, 1), count * FIELDS_PER_ITEM),
    ),
  "unknown fields of a tensor": (count) =>
    predictOf(Buffer.of(8, 1), repeated(Buffer.of(0x78, 1), count * FIELDS_PER_ITEM)),
  "output filters": (count) =>
    decodePredictRequest(Buffer.concat([SPEC, repeated(Buffer.of(0x1a, 0), count)]), undefined, limits),
  inputs: (count) =>
    decodePredictRequest(Buffer.concat([SPEC, repeated(Buffer.of(0x12, 0), count)]), undefined, limits),
  "parts of one input": (count) =>
    decodePredictRequest(
      Buffer.concat([SPEC, field(2, repeated(Buffer.of(0x12, 0), count))]),
      undefined,
      limits,
    ),
  "targets of a session run": (count) =>
    decodeSessionRunRequest(Buffer.concat([SPEC, repeated(Buffer.of(0x22, 0), count)]), limits),
  examples: (count) =>
    decodeExamplesRequest(
      Buffer.concat([SPEC, field(2, field(1, repeated(Buffer.of(10, 0), count)))]),
      "request",
      undefined,
      limits,
    ),
  "tasks of a MultiInference": (count) =>
    decodeMultiInferenceRequest(repeated(Buffer.of(10, 0), count), limits),
};

for (const [name, ask] of Object.entries(REQUESTS)) {
  test(`more ${name} than a request may have are refused before they take memory`, () => {
    ask(0.7 * ITEMS);
    assert.throws(() => ask(1.3 * ITEMS), {
      code: Code.RESOURCE_EXHAUSTED,
      message: /^the request has more than 100 strings, examples or other items; send fewer/,
    });
  });
}

/** The same of JSON: the text for a number of items. */
const BODIES: Readonly<Record<string, (count: number) => string>> = {
  strings: (count) => `{"instances": [${Array(count).fill('""').join(",")}]}`,
  "strings with escapes": (count) => `{"instances": [${Array(count).fill('"\\n"').join(",")}]}`,
  lists: (count) => `{"instances": [${Array(count).fill("[true]").join(",")}]}`,
  objects: (count) => `{"instances": [${Array(count).fill("{}").join(",")}]}`,
  members: (count) => `{${Array(count).fill('"a": 1').join(",")}}`,
  numbers: (count) =>
    `{"instances": [${Array(count * 8)
      .fill("1")
      .join(",")}, true]}`,
};

for (const [name, body] of Object.entries(BODIES)) {
  test(`more ${name} in JSON than a request may have are refused before they take memory`, () => {
    assert.throws(
      () => new PredictBody(Buffer.from(body(ITEMS + 2)), ITEMS).inputs(echoSignature({ x: "string" })),
      {
        code: Code.INVALID_ARGUMENT,
        message: /^JSON Parse error: More than 100 lists, objects and strings; send fewer .* at offset: \d+$/,
      },
    );
  });
}

test("numbers that are read from JSON as they come are not counted", () => {
  const { tensors } = new PredictBody(
    Buffer.from(`{"instances": [${Array(5000).fill("[1,2]").join(",")}]}`),
    ITEMS,
  ).inputs(echoSignature({ x: "float32" }));
  assert.deepEqual(tensors.get("x")!.shape, [5000, 2]);
});

test("a context that is merged into each of many examples is refused before it takes memory", () => {
  const list = (examples: number) =>
    field(2, field(2, repeated(Buffer.of(10, 0), examples), field(2, Buffer.alloc(50))));
  const grpc = (examples: number) =>
    decodeExamplesRequest(Buffer.concat([SPEC, list(examples)]), "request", undefined, limits);
  assert.equal(grpc(20).examples.length, 20);
  const refusal = {
    code: Code.RESOURCE_EXHAUSTED,
    message: /^repeating the context of \d+ examples takes \d+ bytes, 1000 are left for this request/,
  };
  assert.throws(() => grpc(22), refusal);
  const json = (examples: number) =>
    readExamplesBody(
      Buffer.from(
        JSON.stringify({ context: { a: "x".repeat(80) }, examples: Array(examples).fill({ b: 1 }) }),
      ),
      limits,
    );
  assert.equal(json(5).examples.length, 5);
  assert.throws(() => json(30), refusal);
});

test("what is repeated is taken from one allowance", () => {
  const allowance = new RequestAllowance(limits);
  allowance.takeFill(600, () => "a");
  allowance.takeFill(-5, () => "b");
  assert.throws(() => allowance.takeFill(600, () => "c"), {
    message: /^repeating c takes 600 bytes, 400 are left/,
  });
});
