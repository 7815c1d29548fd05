import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServableLookup } from "../../lifecycle/servable.ts";
import { MetricRegistry } from "../../metrics/registry.ts";
import { APIS } from "../../monitoring/api.ts";
import { RequestObserver } from "../../monitoring/request-observer.ts";
import { Code, notFound } from "../../status/status.ts";
import { type LookupMethod, observedMethod } from "./observed-method.ts";

const call = { headers: {}, signal: new AbortController().signal };
const lookup = { names: () => ["m"] } as Partial<ServableLookup> as ServableLookup;

function start(answer: LookupMethod) {
  const registry = new MetricRegistry();
  const observer = new RequestObserver((series) => registry.add("thread", series));
  const method = observedMethod(observer, APIS.grpcStatus, lookup, answer);
  const codes = () =>
    registry
      .collect(["servable_requests_total"])[0]!
      .series.map(({ labels, values }) => `${labels.at(-1)} ${values[0]}`);
  const sentBytes = () => registry.total("servable_response_bytes_total");
  return { method, codes, sentBytes };
}

test("a call is told as it ends, at once or later, and answered as without anyone watching", async () => {
  const frame = Uint8Array.of(1, 2, 3);
  const atOnce = start((found) => {
    assert.deepEqual([...found.names()], ["m"]);
    return frame;
  });
  assert.equal(atOnce.method(new Uint8Array(9), call), frame);
  const later = start(() => Promise.resolve(frame));
  const promise = later.method(new Uint8Array(9), call);
  assert.deepEqual(later.codes(), []);
  assert.equal(await promise, frame);
  for (const { codes, sentBytes } of [atOnce, later]) {
    assert.deepEqual(codes(), ["OK 1"]);
    assert.equal(sentBytes(), 3);
  }
});

test("a failure is told by its code and thrown on", async () => {
  const atOnce = start(() => {
    throw notFound("no");
  });
  assert.throws(() => atOnce.method(new Uint8Array(0), call), { code: Code.NOT_FOUND });
  const later = start(() => Promise.reject(new Error("our own")));
  await assert.rejects(async () => later.method(new Uint8Array(0), call), /our own/);
  assert.deepEqual([...atOnce.codes(), ...later.codes()], ["NOT_FOUND 1", "INTERNAL 1"]);
});

test("without an observer nothing stands in between", () => {
  const method = observedMethod(undefined, APIS.grpcStatus, lookup, (found) => {
    assert.equal(found, lookup);
    return new Uint8Array(0);
  });
  method(new Uint8Array(0), call);
});
