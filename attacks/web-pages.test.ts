import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Serving } from "../soak/serving.ts";
import { framed } from "./raw-http2.ts";

// What a web page that someone visits may ask of a server in that person's network. Its host name may be one that its owner
// has made to point to the server (DNS rebinding), so that the browser takes the page and the server for one.

const RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest";
const MANAGEMENT = [RELOAD, "/tensorflow.ProfilerService/Profile", "/tensorflow.ProfilerService/Monitor"];
const PERMISSION_DENIED = "7";
const pem = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url)), "utf8");

const folder = mkdtempSync(join(tmpdir(), "servable-attacks-"));
let serving: Serving;
let secured: Serving;
before(async () => {
  const config = join(folder, "ssl.config");
  const text = (value: string) => JSON.stringify(value);
  writeFileSync(config, `server_key: ${text(pem("server-1.key"))} server_cert: ${text(pem("server-1.pem"))}`);
  serving = await Serving.start(1, ["--rest_api_enable_cors_support", "--enable_grpc_healthcheck_service"]);
  secured = await Serving.start(1, [`--ssl_config_file=${config}`, "--allowed_hosts=models.example.com"]);
});
after(async () => {
  await serving.stop();
  await secured.stop();
  rmSync(folder, { recursive: true });
});

/** A call as whatever client makes it. Resolves to its gRPC status and text. */
async function call(url: string, path: string, headers: http2.OutgoingHttpHeaders) {
  const session = http2.connect(url, { rejectUnauthorized: false });
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    const answer: http2.IncomingHttpHeaders = {};
    stream.on("response", (received) => Object.assign(answer, received));
    stream.on("trailers", (received) => Object.assign(answer, received));
    stream.resume();
    stream.end(framed(new Uint8Array(0)));
    await once(stream, "close");
    return { code: answer["grpc-status"], text: decodeURIComponent(String(answer["grpc-message"] ?? "")) };
  } finally {
    session.close();
  }
}

/** As a page's fetch over TLS sends it, and one with HTTP/2 in cleartext, which no browser speaks. */
const ports = () =>
  [
    [secured, `https://127.0.0.1:${secured.grpcPort}`],
    [serving, `http://127.0.0.1:${serving.grpcPort}`],
  ] as const;

test("a page's fetch reaches no management call, under whatever name", async () => {
  for (const [, url] of ports()) {
    for (const path of MANAGEMENT) {
      for (const authority of ["localhost:8500", "evil.example", "models.example.com"]) {
        const headers = {
          ":authority": authority,
          origin: `https://${authority}`,
          "sec-fetch-site": "same-origin",
        };
        const { code, text } = await call(url, path, headers);
        assert.equal(code, PERMISSION_DENIED, `${path} as ${authority}: ${text}`);
        assert.equal(text, "Web pages can't manage the server; got the header origin");
      }
    }
  }
});

test("a foreign Host reaches no management call; addresses, private names and allowed ones do", async () => {
  for (const [, url] of ports()) {
    for (const path of MANAGEMENT) {
      const { code, text } = await call(url, path, { ":authority": "evil.example:8500" });
      assert.equal(code, PERMISSION_DENIED);
      assert.equal(text, "The server isn't managed under the name evil.example:8500: see --allowed_hosts");
    }
    for (const authority of [
      "127.0.0.1:8500",
      "localhost",
      "model-server:8500",
      "serving.default.svc.cluster.local",
    ]) {
      // An empty request is refused for what it is.
      const { code, text } = await call(url, RELOAD, { ":authority": authority });
      assert.equal(code, "3", text);
      assert.match(text, /^ServerModelConfig type not supported/);
    }
  }
  const allowed = { ":authority": "models.example.com" };
  assert.equal((await call(`https://127.0.0.1:${secured.grpcPort}`, RELOAD, allowed)).code, "3");
  assert.equal((await call(`http://127.0.0.1:${serving.grpcPort}`, RELOAD, allowed)).code, PERMISSION_DENIED);
});

test("names matter to no other call", async () => {
  const { code } = await call(`http://127.0.0.1:${serving.grpcPort}`, "/grpc.health.v1.Health/Check", {
    ":authority": "evil.example",
    origin: "https://evil.example",
  });
  assert.equal(code, "0");
});

/** A request to the REST port, with the Host that the page's address gives it. */
async function ask(server: Serving, options: http.RequestOptions, body: Uint8Array | string = "") {
  const request = http.request({ host: "127.0.0.1", port: server.restPort, agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode,
    headers: response.headers,
    text: Buffer.concat(chunks).toString("latin1"),
  };
}

test("over the REST port nothing manages the server, whatever is asked as", async () => {
  const types = [
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc",
    "application/x-protobuf",
    "text/plain",
  ];
  for (const host of ["localhost", "evil.example"]) {
    for (const path of MANAGEMENT) {
      for (const type of types) {
        const { status, text } = await ask(
          serving,
          { method: "POST", path, headers: { host, "content-type": type } },
          framed(new Uint8Array(0)),
        );
        const isGrpcWeb = type.startsWith("application/grpc-web");
        assert.equal(status, isGrpcWeb ? 200 : 404);
        const trailers = type.includes("text") && isGrpcWeb ? Buffer.from(text, "base64").toString() : text;
        if (isGrpcWeb) assert.match(trailers, /grpc-status:12\r\n/);
      }
    }
  }
});

test("pages of other origins may read replies only where the flag says so", async () => {
  const headers = { origin: "https://evil.example", host: "evil.example", "content-type": "text/plain" };
  const predict = { method: "POST", path: "/v1/models/swapped:predict", headers };
  const preflight = {
    method: "OPTIONS",
    path: "/v1/models/swapped:predict",
    headers: { ...headers, "access-control-request-method": "POST" },
  };
  for (const [server, allows] of [
    [serving, true],
    [secured, false],
  ] as const) {
    for (const options of [predict, preflight, { ...predict, path: "/v1/nothing" }]) {
      const reply = await ask(server, options, options.method === "POST" ? '{"instances": [1]}' : "");
      const names = Object.keys(reply.headers).filter((name) => name.startsWith("access-control-"));
      assert.equal(names.length > 0, allows, `${options.method} ${options.path}: ${names}`);
      assert.equal(reply.headers["access-control-allow-credentials"], undefined);
    }
    for (const path of ["/metrics", "/healthz", "/"]) {
      const reply = await ask(server, { method: "GET", path, headers });
      assert.equal(reply.headers["access-control-allow-origin"], undefined);
    }
  }
});
