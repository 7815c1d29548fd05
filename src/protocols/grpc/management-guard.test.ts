import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "../../status/status.ts";
import type { UnaryCall, UnaryMethod } from "../unary.ts";
import { guardManagement, parseHosts } from "./management-guard.ts";

const RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest";
const PREDICT = "/tensorflow.serving.PredictionService/Predict";
const MANAGEMENT = [
  RELOAD,
  "/tensorflow.ProfilerService/Profile",
  "/tensorflow.ProfilerService/Monitor",
  "/tensorflow.ProfilerService/Terminate",
];
const OTHERS = [PREDICT, "/tensorflow.serving.ModelService/GetModelStatus", "/grpc.health.v1.Health/Check"];

const answer = new Uint8Array(1);
const methods = new Map<string, UnaryMethod>([...MANAGEMENT, ...OTHERS].map((path) => [path, () => answer]));

/** Whether a call with these headers reaches its method. */
function reaches(path: string, headers: UnaryCall["headers"], allowedHosts = ""): boolean {
  const method = guardManagement(methods, parseHosts(allowedHosts)).get(path)!;
  try {
    return method(new Uint8Array(0), { headers, signal: new AbortController().signal }) === answer;
  } catch (error) {
    assert.equal((error as { code: number }).code, Code.PERMISSION_DENIED);
    return false;
  }
}

test("a web page's call reaches no method that manages the server, under whatever name", () => {
  const fromPages = [
    { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    { origin: "http://localhost:8500" },
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-mode": "cors" },
    { "sec-fetch-dest": "empty" },
  ];
  for (const headers of fromPages) {
    const call = { ":authority": "localhost:8500", ...headers };
    for (const path of MANAGEMENT) assert.ok(!reaches(path, call), `${path} ${JSON.stringify(headers)}`);
    for (const path of OTHERS) assert.ok(reaches(path, call), path);
  }
});

const TRUSTED = [
  "127.0.0.1:8500",
  "10.1.2.3",
  "[::1]:8500",
  "[fe80::1]",
  "localhost",
  "LOCALHOST:8500",
  "model-server:8500",
  "model-server.default.svc.cluster.local:8500",
  "model-server.default.svc",
  "host.docker.internal:8500",
  "printer.local.",
];
const FOREIGN = [
  "evil.example:8500",
  "evil.example",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "evil.local.example",
  "user@localhost",
  "localhost:8500@evil.example",
  "[evil.example]",
  "localhost/evil.example",
  "127.0.0.1:8500:9",
  "nip.io.10.0.0.1.nip.io",
];

test("a foreign Host reaches no method that manages the server; addresses and private names do", () => {
  for (const path of MANAGEMENT) {
    for (const name of TRUSTED) assert.ok(reaches(path, { ":authority": name }), name);
    for (const name of FOREIGN) {
      assert.ok(!reaches(path, { ":authority": name }), name);
      assert.ok(!reaches(path, { ":authority": "localhost", host: name }), `host: ${name}`);
    }
  }
  for (const path of OTHERS)
    for (const name of FOREIGN) assert.ok(reaches(path, { ":authority": name }), name);
});

test("a name that is allowed may be used, whatever its case", () => {
  assert.ok(!reaches(RELOAD, { ":authority": "Models.Example.com:443" }));
  assert.ok(reaches(RELOAD, { ":authority": "Models.Example.com:443" }, "a.example, models.example.com"));
  assert.ok(!reaches(RELOAD, { ":authority": "b.models.example.com" }, "models.example.com"));
});

test("a call without a name is none of a browser", () => assert.ok(reaches(RELOAD, {})));

test("the error says what was wrong and how to allow it", () => {
  const method = guardManagement(methods, new Set()).get(RELOAD)!;
  const call = (headers: UnaryCall["headers"]) => () =>
    method(new Uint8Array(0), { headers, signal: new AbortController().signal });
  assert.throws(call({ ":authority": "evil.example" }), {
    message: "The server isn't managed under the name evil.example: see --allowed_hosts",
  });
  assert.throws(call({ origin: "https://evil.example" }), {
    message: "Web pages can't manage the server; got the header origin",
  });
});
