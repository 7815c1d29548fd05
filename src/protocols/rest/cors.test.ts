import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EchoLookup, echoSignature } from "./echo-servable.ts";
import { restService } from "./service.ts";

const lookup = new EchoLookup({ serving_default: echoSignature({ x: "float32" }) });

async function headersOf(cors: boolean, method: string, target: string, origin?: string, body = "") {
  const handle = restService(
    lookup,
    { cors, checksMethodName: false, tensorContent: false, compression: [], serverTiming: false },
    { methods: () => new Map(), isDraining: () => false, onFailure: (error) => assert.fail(String(error)) },
  );
  const headers = origin === undefined ? {} : { origin };
  const { status, headers: found } = await handle({ method, target, headers, body: Buffer.from(body) });
  return [status, Object.entries(found).filter(([name]) => name.startsWith("access-control-"))] as const;
}

const ALL = [
  ["access-control-allow-origin", "*"],
  ["access-control-allow-methods", "POST, GET"],
  ["access-control-allow-headers", "Content-Type"],
];
const PREDICT = "/v1/models/echo:predict";

describe("with CORS", () => {
  it("answers a preflight that comes from a web page", async () => {
    assert.deepEqual(await headersOf(true, "OPTIONS", PREDICT, "https://example.com"), [200, ALL]);
    assert.deepEqual(await headersOf(true, "OPTIONS", "/v1/anything", "http://localhost:3000"), [200, ALL]);
    assert.deepEqual(await headersOf(true, "OPTIONS", PREDICT, "null"), [400, ALL]);
    assert.deepEqual(await headersOf(true, "OPTIONS", PREDICT), [400, ALL]);
  });

  it("lets every reply of the API be read, errors too, with or without an origin", async () => {
    assert.deepEqual(await headersOf(true, "POST", PREDICT, "https://a.example", '{"inputs": 1}'), [
      200,
      ALL,
    ]);
    assert.deepEqual(await headersOf(true, "POST", PREDICT, undefined, "{"), [400, ALL]);
    assert.deepEqual(await headersOf(true, "GET", "/v1/models/echo"), [200, ALL]);
    assert.deepEqual(await headersOf(true, "GET", "/v1/models/nope"), [404, ALL]);
    assert.deepEqual(await headersOf(true, "PUT", "/V1/x"), [400, ALL]);
  });

  it("leaves alone what isn't the API's", async () => {
    assert.deepEqual(await headersOf(true, "GET", "/index.html", "https://a.example"), [404, []]);
    assert.deepEqual(await headersOf(true, "GET", "/v1/models/<x>", "https://a.example"), [400, []]);
  });
});

it("without CORS no reply has such a header", async () => {
  assert.deepEqual(await headersOf(false, "OPTIONS", PREDICT, "https://example.com"), [200, []]);
  assert.deepEqual(await headersOf(false, "OPTIONS", PREDICT), [400, []]);
  assert.deepEqual(await headersOf(false, "POST", PREDICT, "https://a.example", '{"inputs": 1}'), [200, []]);
});
