import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span } from "../profiling/thread-profile.ts";
import type { UnaryCall, UnaryMethod } from "../protocols/unary.ts";
import { RequestSpans } from "./request-spans.ts";

const call = {} as UnaryCall;
const nothing = new Uint8Array(0);
const request = { method: "GET", target: "/v1/models/m", headers: {}, body: nothing };
const response = { status: 200, headers: {}, body: "" };

test("requests are timed while someone records, however they end, and untouched otherwise", async () => {
  const plain: UnaryMethod = () => nothing;
  const methods = new Map<string, UnaryMethod>([
    ["/plain", plain],
    ["/later", async () => nothing],
    [
      "/broken",
      () => {
        throw new Error("broken");
      },
    ],
  ]);
  const spans = new RequestSpans(methods);
  const handler = spans.handler(() => response);
  handler(request);
  const seen: Span[] = [];
  const stop = spans.record((span) => seen.push(span));
  assert.equal(methods.get("/plain")!(nothing, call), nothing);
  await methods.get("/later")!(nothing, call);
  assert.throws(() => methods.get("/broken")!(nothing, call), /broken/);
  assert.equal(handler(request), response);
  stop();
  assert.equal(methods.get("/plain"), plain);
  handler(request);
  assert.deepEqual(
    seen.map(({ name }) => name),
    ["/plain", "/later", "/broken", "GET /v1/models/m"],
  );
  for (const { start, end } of seen) assert.ok(end >= start && Math.abs(start - Date.now()) < 10_000);
});
