import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricRegistry } from "../../metrics/registry.ts";
import { RequestObserver } from "../../monitoring/request-observer.ts";
import { EchoLookup, echoSignature } from "./echo-servable.ts";
import { restHandler } from "./handler.ts";

const signatures = { serving_default: echoSignature({ x: "float32" }) };

/** What is counted after these requests: series of TensorFlow Serving's counter, and statuses that clients saw. */
async function counted(...requests: readonly (readonly [method: string, target: string, body?: string])[]) {
  const registry = new MetricRegistry();
  const observer = new RequestObserver((series) => registry.add("thread", series));
  const handler = restHandler(new EchoLookup(signatures), undefined, () => false, observer);
  const statuses: number[] = [];
  const sizes: number[] = [];
  for (const [method, target, body = ""] of requests) {
    const reply = await handler({ method, target, headers: {}, body: Buffer.from(body) });
    statuses.push(reply.status);
    sizes.push(Buffer.from(reply.body).length);
  }
  const names = [":tensorflow:serving:request_count", "servable_response_bytes_total"] as const;
  const [counts, bytes] = registry.collect(names);
  return {
    statuses,
    sizes,
    counts: counts!.series.map(({ labels, values }) => `${labels.join()} ${values[0]}`),
    bytes: Object.fromEntries(bytes!.series.map(({ labels, values }) => [labels.join(), values[0]])),
  };
}

test("requests under /v1/ are counted by what they were answered with, others not", async () => {
  const { statuses, sizes, counts, bytes } = await counted(
    ["POST", "/v1/models/echo:predict", '{"instances": [1.5]}'],
    ["POST", "/v1/models/echo:predict", "{"],
    ["POST", "/v1/models/other:predict", '{"instances": [1.5]}'],
    ["POST", "/v1/models/echo:classify", '{"examples": [{"x": 1}]}'],
    ["GET", "/v1/models/echo"],
    ["GET", "/v1/models/echo/versions/99999999999999999999"],
    ["GET", "/v1/nothing"],
    ["GET", "/elsewhere"],
    ["OPTIONS", "/v1/models/echo:predict"],
  );
  assert.deepEqual(statuses, [200, 400, 404, 400, 200, 400, 400, 404, 400]);
  assert.deepEqual(counts, [
    ",INVALID_ARGUMENT 2",
    "echo,FAILED_PRECONDITION 1",
    "echo,INVALID_ARGUMENT 1",
    "echo,OK 2",
    "other,NOT_FOUND 1",
  ]);
  assert.equal(bytes["echo,2,serving_default,Predict,rest"], sizes[0]);
});
