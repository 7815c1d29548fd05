import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ServerUnderTest } from "./assembly.under-test.ts";
import {
  ReloadConfigRequestSchema,
  ReloadConfigResponseSchema,
} from "./proto/gen/tensorflow_serving/apis/model_management_pb.ts";
import { PredictRequestSchema } from "./proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { Code } from "./status/status.ts";

const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-metrics-"));
const base = join(folder, "half");
after(() => rmSync(folder, { recursive: true, force: true }));

describe("metrics of a running server", () => {
  let server: ServerUnderTest;

  /** On a connection of its own, so that every worker gets some. */
  const send = (path: string, body?: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const method = body === undefined ? "GET" : "POST";
      const call = request({ port: server.restPort, path, method, agent: false }, (response) => {
        let text = "";
        response.on("data", (piece) => {
          text += piece;
        });
        response.on("end", () => resolve({ status: response.statusCode!, text }));
      });
      call.on("error", reject);
      call.end(body);
    });
  const reload = async (init: MessageInitShape<typeof ReloadConfigRequestSchema>) => {
    const message = toBinary(ReloadConfigRequestSchema, create(ReloadConfigRequestSchema, init));
    const reply = await server.call("ModelService/HandleReloadConfigRequest", message);
    return fromBinary(ReloadConfigResponseSchema, reply);
  };
  /** The values of the series whose names and labels begin so. */
  const values = async (prefix: string, path = "/monitoring/prometheus/metrics") => {
    const { text } = await send(path);
    const lines = text.split("\n").filter((line) => line.startsWith(prefix));
    return lines.map((line) => Number(line.slice(line.lastIndexOf(" "))));
  };

  before(async () => {
    cpSync(join(MODELS, "half_plus_two_tf1/123"), join(base, "1"), { recursive: true });
    const file = join(folder, "monitoring.config");
    writeFileSync(file, "prometheus_config { enable: true }");
    server = await ServerUnderTest.start([
      `--model_base_path=${base}`,
      "--model_name=half",
      `--monitoring_config_file=${file}`,
      "--metrics_path=/metrics",
    ]);
  });
  after(() => server.stop());

  it("add up what all workers did, over both protocols", async () => {
    const body = '{"instances": [[2], [4]]}';
    await Promise.all(Array.from({ length: 40 }, () => send("/v1/models/half:predict", body)));
    assert.equal((await send("/v1/models/half:predict", "{")).status, 400);
    const message = toBinary(
      PredictRequestSchema,
      create(PredictRequestSchema, {
        modelSpec: { name: "half" },
        inputs: { x: { dtype: 1, tensorShape: { dim: [{ size: 1n }] }, floatVal: [2] } },
      }),
    );
    for (let i = 0; i < 5; i++) await server.call("PredictionService/Predict", message);
    const tensorflow = ":tensorflow:serving:";
    const latency = `${tensorflow}request_latency_count{model_name="half"`;
    assert.deepEqual(await values(`${tensorflow}request_count{model_name="half",status="OK"}`), [45]);
    assert.deepEqual(
      await values(`${tensorflow}request_count{model_name="half",status="INVALID_ARGUMENT"}`),
      [1],
    );
    assert.deepEqual(await values(`${latency},API="predict",entrypoint="REST"}`), [40]);
    assert.deepEqual(await values(`${latency},API="Predict",entrypoint="GRPC"}`), [5]);
    assert.deepEqual(
      await values(`${tensorflow}runtime_latency_count{model_name="half",API="Predict",runtime="TF1"}`),
      [45],
    );
    const series = 'model="half",version="1",signature="serving_default",api="Predict",protocol="rest"';
    assert.deepEqual(await values(`servable_requests_total{${series},code="OK"}`, "/metrics"), [40]);
    assert.deepEqual(await values(`servable_request_batch_size_sum{${series}}`, "/metrics"), [80]);
    assert.deepEqual(await values(`servable_requests_in_flight{${series}}`, "/metrics"), [0]);
    assert.deepEqual(await values("servable_workers ", "/metrics"), [2]);
    assert.deepEqual(await values(":tensorflow:", "/metrics"), []);
  });

  it("tell with a reload how much they grew, and forget a version that is gone", async () => {
    cpSync(join(MODELS, "half_plus_three_tf1/1"), join(base, "2"), { recursive: true });
    const { status, metric } = await reload({
      config: {
        config: {
          case: "modelConfigList",
          value: {
            config: [
              {
                name: "half",
                basePath: base,
                modelPlatform: "tensorflow",
                modelVersionPolicy: { policyChoice: { case: "specific", value: { versions: [2n] } } },
              },
              // A reload waits for models that are new.
              { name: "lists", basePath: join(MODELS, "lists"), modelPlatform: "tensorflow" },
            ],
          },
        },
      },
      metricNames: ["/tensorflow/cc/saved_model/load_attempt_count", "/no/such"],
    });
    assert.equal(status!.errorCode, Code.OK);
    const increases = new Map(metric.map(({ name, valueIncrease }) => [name, valueIncrease.value]));
    const loads = increases.get("/tensorflow/cc/saved_model/load_attempt_count");
    assert.ok(loads === 1n || loads === 2n, String(loads));
    assert.equal(increases.get("/no/such"), 0n);
    const end = performance.now() + 10_000;
    while ((await values('servable_version_available{model="half",version="1"}')).length > 0) {
      assert.ok(performance.now() < end);
    }
    assert.deepEqual(await values('servable_requests_total{model="half",version="1"'), []);
    assert.deepEqual(await values('servable_version_available{model="half",version="2"}'), [1]);
    assert.equal((await values(':tensorflow:serving:request_count{model_name="half",status="OK"}'))[0], 45);
  });
});

describe("pages of metrics", () => {
  it("are there only where flags ask for them", async () => {
    const server = await ServerUnderTest.start([`--model_base_path=${join(MODELS, "half_plus_two_tf1")}`]);
    for (const path of ["/monitoring/prometheus/metrics", "/metrics"]) {
      assert.equal((await fetch(`http://127.0.0.1:${server.restPort}${path}`)).status, 404);
    }
    await server.stop(1000);
  });

  it("are refused on a path that is none", async () => {
    await assert.rejects(ServerUnderTest.start([`--model_base_path=${base}`, "--metrics_path=metrics"]), {
      code: Code.INVALID_ARGUMENT,
      message: "--metrics_path must begin with / and have no ? or #: metrics",
    });
  });
});
