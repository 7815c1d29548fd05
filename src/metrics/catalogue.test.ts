import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { catalogue, findMetric, metricNamed } from "./catalogue.ts";
import { cellCount, type Metric } from "./metric.ts";

const REFERENCE = new URL("../../docs/reference/metrics.md", import.meta.url);

/** The row that docs/reference/metrics.md has to have. */
function referenceRow({ name, type, labels, help, bounds }: Metric): string {
  const range = bounds === undefined ? "" : `, ${bounds.length} buckets from ${bounds[0]} on`;
  return `| \`${name}\` | ${type}${range} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`;
}

test("docs/reference/metrics.md names every metric, and no other", () => {
  const rows = readFileSync(REFERENCE, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  assert.deepEqual(rows, catalogue.map(referenceRow));
});

test("names, labels and bounds are what Prometheus takes", () => {
  assert.equal(new Set(catalogue.map(({ name }) => name)).size, catalogue.length);
  for (const { name, type, labels, bounds } of catalogue as readonly Metric[]) {
    assert.match(name, /^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
    for (const label of labels) assert.match(label, /^[a-zA-Z_][a-zA-Z0-9_]*$/);
    assert.equal(new Set(labels).size, labels.length, name);
    assert.equal(bounds !== undefined, type === "histogram", name);
    assert.deepEqual(bounds, bounds && [...bounds].sort((a, b) => a - b), name);
  }
});

test("metrics are found by TensorFlow's names and by Prometheus's", () => {
  const found = findMetric("/tensorflow/core/graph_runs");
  assert.equal(found, ":tensorflow:core:graph_runs");
  assert.equal(findMetric(":tensorflow:core:graph_runs"), found);
  assert.equal(findMetric("servable_workers"), "servable_workers");
  assert.equal(findMetric("/tensorflow/core/no_such"), undefined);
  assert.equal(cellCount(metricNamed(":tensorflow:serving:request_latency")), 35);
});
