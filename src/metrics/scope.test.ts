import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { MetricRegistry } from "./registry.ts";
import { MetricScope, type SeriesMemory } from "./scope.ts";

function collected(registry: MetricRegistry, name: Parameters<MetricRegistry["collect"]>[0][number]) {
  return registry.collect([name])[0]!.series.map(({ labels, values }) => [labels.join(), ...values]);
}

test("what several threads count under the same labels is added up, by label values in order", () => {
  const registry = new MetricRegistry();
  const scopes = [0, 1].map((thread) => new MetricScope((series) => registry.add(thread, series)));
  for (const [i, scope] of scopes.entries()) {
    scope.counter(":tensorflow:serving:request_count", ["b", "OK"]).add(2 + i);
    scope.counter(":tensorflow:serving:request_count", ["a", i === 0 ? "OK" : "NOT_FOUND"]).add(1);
  }
  assert.deepEqual(collected(registry, ":tensorflow:serving:request_count"), [
    ["a,NOT_FOUND", 1],
    ["a,OK", 1],
    ["b,OK", 5],
  ]);
  assert.equal(registry.total(":tensorflow:serving:request_count"), 7);
});

test("another thread's updates are seen in the memory that it announced", async () => {
  const registry = new MetricRegistry();
  const script = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(new URL("./scope.ts", import.meta.url).href)}).then(({ MetricScope }) => {
      const scope = new MetricScope((series) => parentPort.postMessage(series));
      const histogram = scope.histogram("servable_request_seconds", ["m", "1", "s", "Predict", "grpc"]);
      parentPort.on("message", () => {
        for (const seconds of [0.00001, 0.5, 0.5, 100]) histogram.record(seconds);
        parentPort.postMessage("done");
      });
    });
  `;
  const worker = new Worker(script, { eval: true });
  await new Promise<void>((resolve) => {
    worker.on("message", (message: SeriesMemory | "done") => {
      if (message === "done") return resolve();
      registry.add(worker, message);
      worker.postMessage("go");
    });
  });
  const [series] = registry.collect(["servable_request_seconds"])[0]!.series;
  assert.deepEqual(series!.labels, ["m", "1", "s", "Predict", "grpc"]);
  const values = [...series!.values];
  assert.deepEqual([values[0], values[12], values[19], values[20]], [1, 2, 1, 101.00001]);
  assert.equal(registry.total("servable_request_seconds"), 4);
  await worker.terminate();
});

test("memory grows by as much as the series need, and what was counted before stays", () => {
  const registry = new MetricRegistry();
  const memories = new Set<SharedArrayBuffer>();
  const scope = new MetricScope((series) => {
    memories.add(series.memory);
    registry.add("thread", series);
  });
  const counters = Array.from({ length: 2000 }, (_, i) =>
    scope.counter("servable_loads_total", [`m${i}`, "OK"]),
  );
  for (const [i, counter] of counters.entries()) counter.add(i);
  assert.ok(memories.size > 2 && memories.size < 10);
  assert.equal(registry.total("servable_loads_total"), (1999 * 2000) / 2);
});

test("a thread that ended leaves its counts, and none of its gauges", () => {
  const registry = new MetricRegistry();
  for (const thread of [1, 2, 3]) {
    const scope = new MetricScope((series) => registry.add(thread, series));
    scope.counter("servable_loads_total", ["m", "OK"]).add(10);
    scope.gauge("servable_requests_in_flight", ["m", "1", "s", "Predict", "grpc"]).add(1);
  }
  registry.endThread(1);
  registry.endThread(2);
  assert.deepEqual(collected(registry, "servable_loads_total"), [["m,OK", 30]]);
  assert.deepEqual(collected(registry, "servable_requests_in_flight"), [["m,1,s,Predict,grpc", 1]]);
});

test("a version's series can be forgotten, and no others", () => {
  const registry = new MetricRegistry();
  const scope = new MetricScope((series) => registry.add("thread", series));
  for (const [model, version] of [
    ["m", "1"],
    ["m", "2"],
    ["n", "1"],
  ] as const) {
    scope.gauge("servable_version_available", [model, version]).set(1);
  }
  scope.counter("servable_loads_total", ["m", "OK"]).add(1);
  registry.forget({ model: "m", version: "1" });
  assert.deepEqual(collected(registry, "servable_version_available"), [
    ["m,2", 1],
    ["n,1", 1],
  ]);
  assert.equal(registry.total("servable_loads_total"), 1);
});

test("TensorFlow counts a value that equals a bound above it, Prometheus below it", () => {
  const registry = new MetricRegistry();
  const scope = new MetricScope((series) => registry.add("thread", series));
  scope.histogram(":tensorflow:serving:request_example_counts", ["m"]).record(2);
  scope.histogram("servable_request_batch_size", ["m", "1", "s", "Predict", "grpc"]).record(2);
  const buckets = (name: ":tensorflow:serving:request_example_counts" | "servable_request_batch_size") => [
    ...registry.collect([name])[0]!.series[0]!.values.subarray(0, 3),
  ];
  assert.deepEqual(buckets(":tensorflow:serving:request_example_counts"), [0, 0, 1]);
  assert.deepEqual(buckets("servable_request_batch_size"), [0, 1, 0]);
});

test("what is looked up is read at each collection", () => {
  const registry = new MetricRegistry();
  let value = 1;
  registry.read(() => [{ metric: "servable_workers", labels: [], value: value++ }]);
  assert.deepEqual(collected(registry, "servable_workers"), [["", 1]]);
  assert.deepEqual(collected(registry, "servable_workers"), [["", 2]]);
});
