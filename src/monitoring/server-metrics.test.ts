import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Loader } from "../lifecycle/loader.ts";
import { ModelState } from "../lifecycle/servable.ts";
import { MetricScope } from "../metrics/scope.ts";
import { Code, dataLoss } from "../status/status.ts";
import { ServerMetrics } from "./server-metrics.ts";

const id = { name: "m", version: 1n };
const OK = { code: Code.OK, message: "" };

function loader(load: () => Promise<number>): Loader<number> {
  return { id, estimate: async () => ({ ramBytes: 4096 }), load, unload: async () => {} };
}

/** The samples of a page whose names begin so. */
function samples(metrics: ServerMetrics, prefix: string): string[] {
  return metrics
    .page("all")
    .split("\n")
    .filter((line) => line.startsWith(prefix));
}

const worker = () => ({ performance: { eventLoopUtilization: () => ({ active: 2500 }) } });

describe("ServerMetrics", () => {
  it("measures loads, those that fail too", async () => {
    const metrics = new ServerMetrics("1.2.3");
    const signal = new AbortController().signal;
    const measured = metrics.measured(
      loader(async () => 3),
      "/models/m/1",
      (payload) => payload,
    );
    await measured.estimate();
    assert.equal(await measured.load(signal), 3);
    const broken = metrics.measured(
      loader(() => Promise.reject(dataLoss("broken"))),
      "/models/m/2",
      () => 0,
    );
    await assert.rejects(broken.load(signal), { code: Code.DATA_LOSS });
    assert.deepEqual(samples(metrics, ":tensorflow:cc:saved_model:load_attempt_count"), [
      ':tensorflow:cc:saved_model:load_attempt_count{model_path="/models/m/1",status="success"} 1',
      ':tensorflow:cc:saved_model:load_attempt_count{model_path="/models/m/2",status="fail"} 1',
    ]);
    assert.equal(samples(metrics, ":tensorflow:cc:saved_model:load_latency").length, 1);
    assert.deepEqual(samples(metrics, ":tensorflow:core:graph_build_calls"), [
      ":tensorflow:core:graph_build_calls{} 3",
    ]);
    assert.deepEqual(samples(metrics, "servable_loads_total"), [
      'servable_loads_total{model="m",code="DATA_LOSS"} 1',
      'servable_loads_total{model="m",code="OK"} 1',
    ]);
    assert.deepEqual(samples(metrics, "servable_version_memory_bytes"), [
      'servable_version_memory_bytes{model="m",version="1"} 4096',
    ]);
    assert.equal(
      metrics.totals(["/tensorflow/cc/saved_model/load_attempt_count", "/no/such"]).get("/no/such"),
      0,
    );
    assert.deepEqual([...metrics.totals(["/tensorflow/cc/saved_model/load_attempt_count"]).values()], [2]);
  });

  it("says which versions serve, and forgets those that were unloaded with all that was counted of them", () => {
    const metrics = new ServerMetrics("1.2.3");
    const requests = new MetricScope((series) => metrics.seriesBegan(thread, series));
    const thread = worker();
    requests.counter("servable_requests_total", ["m", "1", "s", "Predict", "grpc", "OK"]).add(5);
    requests.counter("servable_requests_total", ["m", "2", "s", "Predict", "grpc", "OK"]).add(6);
    requests.counter(":tensorflow:serving:request_count", ["m", "OK"]).add(11);
    metrics.versionChanged({ id, state: ModelState.LOADING, status: OK });
    assert.deepEqual(samples(metrics, "servable_version_available"), [
      'servable_version_available{model="m",version="1"} 0',
    ]);
    metrics.versionChanged({ id, state: ModelState.AVAILABLE, status: OK });
    assert.deepEqual(samples(metrics, "servable_version_available"), [
      'servable_version_available{model="m",version="1"} 1',
    ]);
    metrics.versionChanged({ id, state: ModelState.END, status: OK });
    assert.deepEqual(samples(metrics, "servable_version_available"), []);
    assert.deepEqual(samples(metrics, "servable_requests_total"), [
      'servable_requests_total{model="m",version="2",signature="s",api="Predict",protocol="grpc",code="OK"} 6',
    ]);
    assert.deepEqual(samples(metrics, ":tensorflow:serving:request_count"), [
      ':tensorflow:serving:request_count{model_name="m",status="OK"} 11',
    ]);
    metrics.versionChanged({
      id,
      state: ModelState.END,
      status: { code: Code.DATA_LOSS, message: "broken" },
    });
    assert.deepEqual(samples(metrics, "servable_version_available"), [
      'servable_version_available{model="m",version="1"} 0',
    ]);
  });

  it("counts workers, and those that took a dead one's place", () => {
    const metrics = new ServerMetrics("1.2.3");
    const first = worker();
    metrics.workerStarted(first, 0);
    metrics.workerStarted(worker(), 1);
    metrics.threadEnded(first);
    assert.deepEqual(samples(metrics, "servable_workers"), ["servable_workers 1"]);
    assert.deepEqual(samples(metrics, "servable_worker_restarts_total"), [
      "servable_worker_restarts_total 0",
    ]);
    metrics.workerStarted(worker(), 0);
    assert.deepEqual(samples(metrics, "servable_worker_"), [
      "servable_worker_restarts_total 1",
      'servable_worker_busy_seconds_total{worker="0"} 2.5',
      'servable_worker_busy_seconds_total{worker="1"} 2.5',
    ]);
  });

  it("has two pages: all metrics, or our own", () => {
    const metrics = new ServerMetrics("1.2.3");
    assert.ok(metrics.page("all").startsWith("# HELP :tensorflow:cc:"));
    assert.ok(!metrics.page("servable").includes(":tensorflow:"));
    assert.match(metrics.page("servable"), /\nservable_build_info\{version="1.2.3"\} 1\n/);
    assert.match(metrics.page("servable"), /\nprocess_resident_memory_bytes \d{7,}\n/);
  });
});
