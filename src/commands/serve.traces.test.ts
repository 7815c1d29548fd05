import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { PredictRequestSchema } from "../proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { type CollectedSpan, type Collector, startCollector } from "./otlp-collector-cases.ts";
import { type ProgramRun, runProgram } from "./program-cases.ts";

const BODY = readFileSync(new URL("../../examples/digits/request.json", import.meta.url));
const TRACES = ["a", "b", "c", "d"].map((digit) => digit.repeat(32));
const PARENT = "b7ad6b7169203331";

function headersOf(trace: number, flags = "01"): Record<string, string> {
  return { traceparent: `00-${TRACES[trace]}-${PARENT}-${flags}`, tracestate: "vendor=1" };
}

describe("traces", () => {
  let collector: Collector;
  let program: ProgramRun;
  const spansOf = (trace: number) => collector.spans.filter(({ traceId }) => traceId === TRACES[trace]);
  const serverSpan = (trace: number): CollectedSpan => spansOf(trace).find(({ kind }) => kind === 2)!;

  before(async () => {
    collector = await startCollector();
    const environment = {
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_SERVICE_NAME: "digits server",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
      OTEL_TRACES_SAMPLER: "parentbased_always_off",
    };
    program = await runProgram([], environment, async (rest, grpc) => {
      const post = async (word: string, body: string | Buffer<ArrayBuffer>, headers = {}) => {
        const url = `http://127.0.0.1:${rest}/v1/models/digits:${word}`;
        return (await fetch(url, { method: "POST", body, headers })).status;
      };
      assert.equal(await post("predict", BODY, headersOf(0)), 200);
      assert.equal(await post("predict", "{", headersOf(1)), 400);
      assert.equal(await post("predict", BODY, headersOf(2, "00")), 200);
      assert.equal(await post("predict", BODY), 200);
      const client = new Client(`127.0.0.1:${grpc}`, credentials.createInsecure());
      const metadata = Metadata.fromHttp2Headers(headersOf(3));
      const request = create(PredictRequestSchema, { modelSpec: { name: "digits" } });
      const same = (bytes: Buffer) => bytes;
      await new Promise<void>((resolve) =>
        client.makeUnaryRequest(
          "/tensorflow.serving.PredictionService/Predict",
          same,
          same,
          Buffer.from(toBinary(PredictRequestSchema, request)),
          metadata,
          () => resolve(),
        ),
      );
      client.close();
    });
  });
  after(() => collector.close());

  it("have a span per request within the client's, with the service's name", () => {
    const span = serverSpan(0);
    assert.equal(span.name, "POST /v1/models/{model}:predict");
    assert.deepEqual([span.parentSpanId, span.traceState, span.status], [PARENT, "vendor=1", 0]);
    assert.deepEqual(span.attributes, {
      "servable.model": "digits",
      "servable.version": "1",
      "servable.signature": "serving_default",
      "http.request.method": "POST",
      "http.route": "/v1/models/{model}:predict",
      "http.response.status_code": 200,
    });
    assert.equal(span.resource["service.name"], "digits server");
    assert.equal(span.resource["deployment.environment.name"], "test");
    const now = BigInt(Date.now()) * 1_000_000n;
    assert.ok(span.start > now - 60_000_000_000n && span.start < span.end && span.end <= now);
  });

  it("have a span per phase, one after the other", () => {
    const whole = serverSpan(0);
    const phases = spansOf(0).filter(({ kind }) => kind === 1);
    assert.deepEqual(
      phases.map(({ name }) => name),
      ["parse", "run", "encode"],
    );
    assert.ok(phases.every(({ parentSpanId }) => parentSpanId === whole.spanId));
    const times = phases.flatMap(({ start, end }) => [start, end]);
    assert.deepEqual([times[0], times[5]], [whole.start, whole.end]);
    assert.deepEqual([times[1], times[3]], [times[2], times[4]]);
    assert.ok(times.every((time, i) => i === 0 || time >= times[i - 1]!));
  });

  it("tell errors", () => {
    const rest = serverSpan(1);
    assert.deepEqual(
      [rest.attributes["error.type"], rest.attributes["http.response.status_code"], rest.status],
      ["INVALID_ARGUMENT", 400, 0],
    );
    const grpc = serverSpan(3);
    assert.equal(grpc.name, "tensorflow.serving.PredictionService/Predict");
    assert.deepEqual([grpc.parentSpanId, grpc.traceState], [PARENT, "vendor=1"]);
    assert.deepEqual(grpc.attributes, {
      "servable.model": "digits",
      "servable.version": "1",
      "rpc.system": "grpc",
      "rpc.service": "tensorflow.serving.PredictionService",
      "rpc.method": "Predict",
      "rpc.grpc.status_code": 3,
      "error.type": "INVALID_ARGUMENT",
    });
  });

  it("are taken as the sampler and the client say", () => {
    assert.deepEqual(spansOf(2), []);
    assert.deepEqual(
      [...new Set(collector.spans.map(({ traceId }) => traceId))].sort(),
      [0, 1, 3].map((i) => TRACES[i]),
    );
  });

  it("are what loads OpenTelemetry", () => {
    assert.ok(program.packages.has("@opentelemetry/sdk-trace"));
    assert.ok(program.packages.has("@opentelemetry/exporter-trace-otlp-proto"));
  });

  it("that can't be sent are told in the log, and the server ends all the same", async () => {
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
      OTEL_EXPORTER_OTLP_TIMEOUT: "500",
    };
    const { err } = await runProgram(["--drain_timeout_seconds=3"], environment, async (rest) => {
      await fetch(`http://127.0.0.1:${rest}/v1/models/digits:predict`, { method: "POST", body: BODY });
    });
    assert.match(err, /: E servable\/monitoring\/tracer\] .*ECONNREFUSED/);
  });
});
