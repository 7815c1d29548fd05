import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMetrics, formatSixDigits } from "./exposition.ts";
import { exponentialBounds } from "./metric.ts";
import { MetricRegistry } from "./registry.ts";
import { MetricScope } from "./scope.ts";

function started() {
  const registry = new MetricRegistry();
  return { registry, scope: new MetricScope((series) => registry.add("thread", series)) };
}

test("six digits are written as C writes %g", () => {
  // The bounds that a page of TensorFlow Serving 2.x shows for latencies.
  const shown =
    "10 18 32.4 58.32 104.976 188.957 340.122 612.22 1102 1983.59 3570.47 6426.84 11568.3 20823 37481.3 67466.4 " +
    "121440 218591 393464 708235 1.27482e+06 2.29468e+06 4.13043e+06 7.43477e+06 1.33826e+07 2.40887e+07 " +
    "4.33596e+07 7.80473e+07 1.40485e+08 2.52873e+08 4.55172e+08 8.19309e+08 1.47476e+09";
  assert.equal(exponentialBounds(10, 1.8, 33).map(formatSixDigits).join(" "), shown);
  assert.equal(
    [0, 1e6, 999_999, 0.0001, 0.00001, 2683607].map(formatSixDigits).join(" "),
    "0 1e+06 999999 0.0001 1e-05 2.68361e+06",
  );
});

test("TensorFlow's metrics are written as TensorFlow Serving writes them", () => {
  const { registry, scope } = started();
  scope.counter(":tensorflow:core:graph_runs", []).add(8);
  scope.counter(":tensorflow:serving:request_count", ['a"b\\', "OK"]).add(3);
  const bytes = scope.histogram(":tensorflow:core:graph_run_output_tensor_bytes", []);
  for (let i = 0; i < 4; i++) bytes.record(76_000_000);
  const page = formatMetrics(
    registry.collect([
      ":tensorflow:core:graph_runs",
      ":tensorflow:serving:request_count",
      ":tensorflow:serving:request_log_count",
      ":tensorflow:core:graph_run_output_tensor_bytes",
    ]),
  );
  const lines = page.split("\n").filter((line) => !line.startsWith("# HELP"));
  assert.deepEqual(lines.slice(0, 5), [
    "# TYPE :tensorflow:core:graph_runs counter",
    ":tensorflow:core:graph_runs{} 8",
    "# TYPE :tensorflow:serving:request_count counter",
    ':tensorflow:serving:request_count{model_name="a\\"b\\\\",status="OK"} 3',
    "# TYPE :tensorflow:serving:request_log_count counter",
  ]);
  assert.deepEqual(lines.slice(-6), [
    ':tensorflow:core:graph_run_output_tensor_bytes_bucket{le="1.67772e+07"} 0',
    ':tensorflow:core:graph_run_output_tensor_bytes_bucket{le="6.71089e+07"} 0',
    ':tensorflow:core:graph_run_output_tensor_bytes_bucket{le="+Inf"} 4',
    ":tensorflow:core:graph_run_output_tensor_bytes_sum{} 3.04e+08",
    ":tensorflow:core:graph_run_output_tensor_bytes_count{} 4",
    "",
  ]);
});

test("our own are written in full", () => {
  const { registry, scope } = started();
  scope.gauge("servable_workers", []).set(2);
  const labels = ["m\n", "1", "s", "Predict", "grpc"];
  scope.histogram("servable_request_seconds", labels).record(0.0001234567);
  const page = formatMetrics(registry.collect(["servable_workers", "servable_request_seconds"]));
  const series = 'model="m\\n",version="1",signature="s",api="Predict",protocol="grpc"';
  assert.ok(page.includes("\nservable_workers 2\n"));
  assert.ok(page.includes(`\nservable_request_seconds_bucket{${series},le="0.00005"} 0\n`));
  assert.ok(page.includes(`\nservable_request_seconds_bucket{${series},le="0.00025"} 1\n`));
  assert.ok(page.endsWith(`_sum{${series}} 0.0001234567\nservable_request_seconds_count{${series}} 1\n`));
});
