import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest } from "../unary.ts";
import { withMetricsPages } from "./metrics-pages.ts";

const PATH = "/monitoring/prometheus/metrics";
const handler = withMetricsPages(
  [
    { path: PATH, metrics: "all" },
    { path: "/metrics", metrics: "servable" },
    { path: PATH, metrics: "servable" },
  ],
  async (metrics) => `the page: ${metrics}\n`,
  () => ({ status: 404, headers: {}, body: "another handler's" }),
);

async function get(target: string, method = "GET") {
  const request: HttpRequest = { method, target, headers: {}, body: new Uint8Array(0) };
  return handler(request);
}

const headers = { "content-type": "text/plain" };

test("pages are on their paths, by any method; of two on one path the first counts", async () => {
  assert.deepEqual(await get(PATH), { status: 200, headers, body: "the page: all\n" });
  assert.deepEqual(await get(PATH, "POST"), { status: 200, headers, body: "the page: all\n" });
  assert.deepEqual(await get("/metrics"), { status: 200, headers, body: "the page: servable\n" });
});

test("a query string is refused as TensorFlow Serving refuses it", async () => {
  const body = `Unexpected path: ${PATH}?format=text. Should be ${PATH}`;
  assert.deepEqual(await get(`${PATH}?format=text`), { status: 400, headers, body });
});

test("every other path is the other handler's", async () => {
  for (const target of ["/", `${PATH}/`, "/Metrics", "/v1/models/m:predict"]) {
    assert.equal((await get(target)).body, "another handler's");
  }
});
