import assert from "node:assert/strict";
import { test } from "node:test";
import { traceSettings } from "./trace-settings.ts";

const DEFAULT_BATCH = {
  scheduledDelayMillis: undefined,
  exportTimeoutMillis: undefined,
  maxQueueSize: undefined,
  maxExportBatchSize: undefined,
};

function settings(environment: Record<string, string>) {
  const problems: string[] = [];
  return { settings: traceSettings(environment, (problem) => problems.push(problem)), problems };
}

test("traces are exported where the variables say so", () => {
  const on = { settings: { sampler: { parentBased: true, ratio: 1 }, batch: DEFAULT_BATCH }, problems: [] };
  const off = { settings: undefined, problems: [] };
  assert.deepEqual(settings({}), off);
  assert.deepEqual(settings({ OTEL_SERVICE_NAME: "s" }), off);
  assert.deepEqual(settings({ OTEL_TRACES_EXPORTER: "otlp" }), on);
  assert.deepEqual(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }), on);
  assert.deepEqual(settings({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318/v1/traces" }), on);
  assert.deepEqual(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c", OTEL_TRACES_EXPORTER: "none" }), off);
  assert.deepEqual(settings({ OTEL_TRACES_EXPORTER: "otlp", OTEL_SDK_DISABLED: "TRUE" }), off);
  assert.deepEqual(settings({ OTEL_TRACES_EXPORTER: "", OTEL_EXPORTER_OTLP_ENDPOINT: "" }), off);
});

test("the sampler is the one that is named", () => {
  const sampler = (name: string, argument = "") =>
    settings({ OTEL_TRACES_EXPORTER: "otlp", OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument });
  const chosen = (name: string, argument?: string) => sampler(name, argument).settings!.sampler;
  assert.deepEqual(chosen("always_on"), { parentBased: false, ratio: 1 });
  assert.deepEqual(chosen("always_off"), { parentBased: false, ratio: 0 });
  assert.deepEqual(chosen("traceidratio", "0.25"), { parentBased: false, ratio: 0.25 });
  assert.deepEqual(chosen("parentbased_always_off"), { parentBased: true, ratio: 0 });
  assert.deepEqual(chosen("parentbased_traceidratio", "0.01"), { parentBased: true, ratio: 0.01 });
  assert.deepEqual(chosen("parentbased_traceidratio"), { parentBased: true, ratio: 1 });
  assert.deepEqual(chosen("toString"), { parentBased: true, ratio: 1 });
  assert.match(
    sampler("jaeger_remote").problems[0]!,
    /^OTEL_TRACES_SAMPLER: there is no sampler jaeger_remote/,
  );
  assert.match(sampler("traceidratio", "2").problems[0]!, /from 0 to 1, not "2"/);
});

test("batches are as large and as frequent as is said; what can't be followed is told", () => {
  const { settings: found, problems } = settings({
    OTEL_TRACES_EXPORTER: "otlp,console",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_BSP_SCHEDULE_DELAY: "100",
    OTEL_BSP_MAX_QUEUE_SIZE: "many",
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10",
  });
  assert.deepEqual(found!.batch, { ...DEFAULT_BATCH, scheduledDelayMillis: 100, maxExportBatchSize: 10 });
  assert.deepEqual(problems, [
    "OTEL_TRACES_EXPORTER: there is no exporter console, only otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL: traces are sent as http/protobuf, not as grpc",
    'OTEL_BSP_MAX_QUEUE_SIZE takes a number above 0, not "many"',
  ]);
});
