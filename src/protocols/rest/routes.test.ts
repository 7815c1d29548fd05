import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { findRoute } from "./routes.ts";

test("what is served", () => {
  const post = (target: string) => findRoute("POST", target);
  const get = (target: string) => findRoute("GET", target);
  assert.deepEqual(post("/v1/models/m:predict"), { kind: "predict", model: { name: "m" } });
  assert.deepEqual(post("/v1/models/m/versions/12:predict"), {
    kind: "predict",
    model: { name: "m", version: 12n },
  });
  assert.deepEqual(post("/v1/models/m/labels/stable:classify"), {
    kind: "classify",
    model: { name: "m", label: "stable" },
  });
  assert.deepEqual(get("/v1/models/m"), { kind: "status", model: { name: "m" } });
  assert.deepEqual(get("/v1/models/m/versions/0"), { kind: "status", model: { name: "m", version: 0n } });
  assert.deepEqual(get("/v1/models/m/labels/x/metadata"), {
    kind: "metadata",
    model: { name: "m", label: "x" },
  });
  assert.deepEqual(get("/v1/models/metadata"), { kind: "status", model: { name: "metadata" } });
  assert.deepEqual(get("http://host:8501/v1/models/m"), { kind: "status", model: { name: "m" } });
});

test("names are percent-decoded after the match", () => {
  const name = "a!#$%&'()*+,/:;=?@[]é";
  const encoded = encodeURIComponent(name);
  assert.deepEqual(findRoute("POST", `/v1/models/${encoded}/labels/${encoded}:predict`), {
    kind: "predict",
    model: { name, label: name },
  });
  assert.deepEqual(findRoute("GET", "/v1/models/a+b"), { kind: "status", model: { name: "a+b" } });
});

test("matching ignores case, dispatch does not", () => {
  assert.deepEqual(findRoute("GET", "/V1/Models/m/METADATA"), { kind: "status", model: { name: "m" } });
  assert.deepEqual(findRoute("POST", "/v1/MODELS/m:predict"), { kind: "predict", model: { name: "m" } });
  assert.equal(findRoute("POST", "/v1/models/m:PREDICT").kind, "malformed");
});

test("what is not served", () => {
  const kinds: readonly [string, string, string][] = [
    ["POST", "/v1/models/m:predict?x=1", "malformed"],
    ["POST", "/v1/models/m:predict/", "malformed"],
    ["POST", "/v1//models/m:predict", "malformed"],
    ["POST", "/v1/models/m/version/1:predict", "malformed"],
    ["POST", "/v1/models/m/versions/x:predict", "malformed"],
    ["POST", "/v1/models/m/versions/1/labels/x:predict", "malformed"],
    ["POST", "/v1/models/m/metadata", "malformed"],
    ["POST", "/v1/models", "malformed"],
    ["GET", "/v1/models/m:predict", "malformed"],
    ["GET", "/v1/", "malformed"],
    ["HEAD", "/v1/models/m", "malformed"],
    ["PUT", "/v1/models/m:predict", "malformed"],
    ["GET", "/v1/models", "list"],
    ["GET", "/v1/models/", "malformed"],
    ["GET", "/v1/models?x=1", "malformed"],
    ["GET", "/healthz", "health"],
    ["HEAD", "/healthz", "health"],
    ["GET", "/readyz?verbose", "readiness"],
    ["POST", "/readyz", "not-found"],
    ["GET", "/readyz/x", "not-found"],
    ["GET", "/v1/models/metadata/metadata", "metadata"],
    ["GET", "/v1/models/versions/1", "nameless"],
    ["GET", "/v1", "not-found"],
    ["GET", "/", "not-found"],
    ["GET", "/v1/models/%zz", "bad-target"],
    ["GET", "/v1/models/a b", "bad-target"],
    ["POST", "/v1/models/m/versions/9223372036854775808:predict", "bad-version"],
    ["POST", "/v1/models/m/versions/9223372036854775807:predict", "predict"],
    ["OPTIONS", "/v1/models/m:predict", "preflight"],
    ["OPTIONS", "/", "not-found"],
  ];
  for (const [method, target, kind] of kinds) {
    assert.equal(findRoute(method, target).kind, kind, `${method} ${target}`);
  }
  assert.deepEqual(findRoute("GET", "/v1/models/m?x"), { kind: "status", model: { name: "m?x" } });
});

test("any target has a route", () => {
  const part = fc.constantFrom(
    "/v1/models/",
    "m",
    "/versions/",
    "9",
    "/labels/",
    ":predict",
    "/metadata",
    "%",
    "%41",
    "?",
    "\x00",
    "é",
  );
  fc.assert(
    fc.property(fc.constantFrom("GET", "POST", "PUT"), fc.array(part), (method, parts) => {
      assert.equal(typeof findRoute(method, parts.join("")).kind, "string");
    }),
  );
});

test("a target means the same however often it comes, beside any number of others", () => {
  const expected = (i: number) => ({ kind: "predict", model: { name: `kept${i}` } });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 1500; i++) {
      assert.deepEqual(findRoute("POST", `/v1/models/kept${i}:predict`), expected(i));
    }
    assert.deepEqual(findRoute("GET", "/v1/models/kept1:predict"), { kind: "malformed" });
  }
});
