import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { failedPrecondition, internal, unavailable } from "../../status/status.ts";
import type { HttpResponse } from "../unary.ts";
import { EchoLookup, echoSignature } from "./echo-servable.ts";
import { restHandler } from "./handler.ts";

const signatures = {
  serving_default: echoSignature({ x: "float32" }),
  pair: echoSignature({ a: ["int64", [-1]], s_bytes: ["string", [-1]] }),
  none: echoSignature({}),
};

function server(run?: ConstructorParameters<typeof EchoLookup>[1]) {
  const lookup = new EchoLookup(signatures, run);
  const handle = restHandler(lookup);
  const send = async (method: string, target: string, body = "", headers = {}): Promise<HttpResponse> => {
    const response = await handle({ method, target, headers, body: Buffer.from(body, "latin1") });
    assert.equal(lookup.open, 0, "a version is still held");
    assert.equal(lookup.undisposed, 0, "a result was not freed");
    return response;
  };
  const predict = async (body: string, model = "echo") => {
    const response = await send("POST", `/v1/models/${model}:predict`, body);
    assert.equal(response.headers["content-type"], "application/json");
    return [response.status, Buffer.from(response.body as string).toString("latin1")] as const;
  };
  return { lookup, send, predict };
}

const error = (message: string) => `{\n    "error": ${JSON.stringify(message)}\n}`;

test("rows", async () => {
  const { predict } = server();
  assert.deepEqual(await predict('{"instances": [1.0, 2.5, 5e6]}'), [
    200,
    '{\n    "predictions": [1.0, 2.5, 5e+06\n    ]\n}',
  ]);
  assert.deepEqual(
    await predict('{"signature_name": "pair", "instances": [{"a": 9007199254740993, "s_bytes": "x"}]}'),
    [
      200,
      '{\n    "predictions": [\n        {\n            "a": 9007199254740993,\n            "s_bytes": {\n                ' +
        '"b64": "eA=="\n            }\n        }\n    ]\n}',
    ],
  );
});

test("columns", async () => {
  const { predict } = server();
  assert.deepEqual(await predict('{"inputs": [[1, NaN]]}'), [
    200,
    '{\n    "outputs": [\n        [\n            1.0,\n            NaN\n        ]\n    ]\n}',
  ]);
  assert.deepEqual(await predict('{"inputs": {"a": [1], "s_bytes": ["x"]}, "signature_name": "pair"}'), [
    200,
    '{\n    "outputs": {\n        "a": [\n            1\n        ],\n        "s_bytes": [\n            {\n                ' +
      '"b64": "eA=="\n            }\n        ]\n    }\n}',
  ]);
});

test("versions and labels", async () => {
  const { predict } = server();
  const body = '{"inputs": 1}';
  assert.equal((await predict(body, "echo/versions/1"))[0], 200);
  assert.equal((await predict(body, "echo/labels/stable"))[0], 200);
  assert.deepEqual(await predict(body, "echo/versions/9"), [
    404,
    error("Servable not found for request: Specific(echo, 9)"),
  ]);
  assert.deepEqual(await predict(body, "other/labels/new"), [
    400,
    error("Unrecognized servable version label: new"),
  ]);
  assert.deepEqual(await predict(body, "other"), [
    404,
    error("Servable not found for request: Latest(other)"),
  ]);
});

test("the body is looked at before the model and the signature", async () => {
  const { predict } = server();
  assert.deepEqual(await predict('{"inputs": ', "other"), [
    400,
    error("JSON Parse error: Invalid value. at offset: 11"),
  ]);
  assert.deepEqual(await predict('{"signature_name": "x", }'), [
    400,
    error("JSON Parse error: Missing a name for object member. at offset: 24"),
  ]);
  assert.deepEqual(await predict('{"signature_name": "x", "inputs": 1}'), [
    400,
    error('Serving signature name: "x" not found in signature def'),
  ]);
  assert.deepEqual(await predict("[]", "other"), [400, error("JSON Value: [] Is not object")]);
  assert.deepEqual(await predict("", "other"), [400, error("JSON Parse error: The document is empty")]);
  assert.deepEqual(await predict('{"signature_name": "none", "inputs": 1}'), [
    400,
    error("Failed to get input map for signature: none"),
  ]);
});

test("errors of the model keep their status", async () => {
  const body = '{"inputs": 1}';
  const fails = (cause: Error) => server(() => Promise.reject(cause)).predict(body);
  assert.deepEqual(await fails(unavailable("busy")), [503, error("busy")]);
  assert.deepEqual(await fails(failedPrecondition("not initialised")), [400, error("not initialised")]);
  assert.deepEqual(await fails(internal("odd")), [500, error("odd")]);
  const now = server(() => {
    throw unavailable("busy");
  });
  assert.deepEqual(await now.predict(body), [503, error("busy")]);
  // These are for the listener's log.
  await assert.rejects(fails(new TypeError("a bug")), { message: "a bug" });
  await assert.rejects(fails(internal("odd", new Error("cause"))), { message: "odd" });
});

test("a run that answers later is freed too", async () => {
  const { predict } = server(async (inputs) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return inputs;
  });
  assert.deepEqual(await predict('{"inputs": 3}'), [200, '{\n    "outputs": 3.0\n}']);
  assert.deepEqual(await predict('{"instances": [[1],[2]]}'), [
    200,
    '{\n    "predictions": [[1.0], [2.0]\n    ]\n}',
  ]);
});

test("an output that can't be written is an error, and freed", async () => {
  const { predict } = server(() => [{ dtype: "float16", shape: [1], data: Uint16Array.of(0) }]);
  const message = error("Failed to write JSON value for tensor type: half");
  assert.deepEqual(await predict('{"inputs": 3}'), [400, message]);
  assert.deepEqual(await predict('{"instances": [3]}'), [400, message]);
});

test("status", async () => {
  const { send } = server();
  const all = await send("GET", "/v1/models/echo");
  assert.equal(all.status, 200);
  assert.equal(all.headers["content-type"], "application/json");
  assert.deepEqual(
    JSON.parse(all.body as string).model_version_status.map(
      (v: { version: string; state: string }) => v.version + v.state,
    ),
    ["3END", "2AVAILABLE", "1AVAILABLE"],
  );
  assert.equal((await send("GET", "/v1/models/echo/labels/unknown")).body, all.body);
  const one = await send("GET", "/v1/models/echo/versions/1");
  assert.equal(JSON.parse(one.body as string).model_version_status.length, 1);
  const none = await send("GET", "/v1/models/echo/versions/9");
  assert.deepEqual([none.status, none.body], [404, error("Could not find version 9 of model echo")]);
  const nameless = await send("GET", "/v1/models/versions/1");
  assert.deepEqual([nameless.status, nameless.body], [400, error("Missing model name in request.")]);
});

test("all models", async () => {
  const { send } = server();
  const one = JSON.parse((await send("GET", "/v1/models/echo")).body as string);
  const { status, headers, body } = await send("GET", "/v1/models");
  assert.deepEqual([status, headers], [200, { "content-type": "application/json" }]);
  assert.deepEqual(JSON.parse(body as string), { models: [{ name: "echo", ...one }] });
  const old = await send("GET", "/v1/models/");
  assert.deepEqual([old.status, old.body], [400, error("Malformed request: GET /v1/models/")]);
});

test("metadata", async () => {
  const { send } = server();
  const found = await send("GET", "/v1/models/echo/metadata");
  assert.deepEqual(JSON.parse(found.body as string).model_spec, {
    name: "echo",
    version: "2",
    signature_name: "",
  });
  assert.equal((await send("GET", "/v1/models/echo/labels/new/metadata")).status, 400);
  assert.equal((await send("GET", "/v1/models/other/metadata")).status, 404);
});

test("paths that are not served", async () => {
  const { send } = server();
  const malformed = await send("POST", "/v1/models/echo:predict?x=1", "{}");
  assert.deepEqual(
    [malformed.status, malformed.body],
    [400, error("Malformed request: POST /v1/models/echo:predict?x=1")],
  );
  const elsewhere = await send("GET", "/index.html");
  assert.deepEqual([elsewhere.status, elsewhere.headers["content-type"]], [404, "text/html"]);
  assert.match(elsewhere.body as string, /^<HTML><HEAD>\n<TITLE>404 Not Found<\/TITLE>/);
  const version = await send("POST", "/v1/models/echo/versions/9223372036854775808:predict", "{}");
  assert.deepEqual(
    [version.status, version.body, version.headers["content-type"]],
    [400, "", "application/json"],
  );
  assert.equal((await send("OPTIONS", "/v1/models/echo:predict")).status, 400);
  const preflight = await send("OPTIONS", "/v1/models/echo:predict", "", { origin: "https://example.com" });
  assert.deepEqual([preflight.status, preflight.body], [200, ""]);
});

test("any request gets a response", async () => {
  const { send } = server();
  const target = fc.constantFrom(
    "/v1/models/echo:predict",
    "/v1/models/echo",
    "/v1/models/other:predict",
    "/v1/models/%",
    "/",
    "",
    "*",
  );
  const body = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json().map((json) => `{"inputs": ${json}}`),
    fc.json().map((json) => `{"instances": [${json}], "signature_name": "pair"}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("GET", "POST", "PATCH"), target, body, async (method, path, text) => {
      const { status } = await send(method, path, text);
      assert.ok([200, 400, 404].includes(status), String(status));
    }),
    { numRuns: 300 },
  );
});
