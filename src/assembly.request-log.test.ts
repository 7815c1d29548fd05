import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ServerUnderTest } from "./assembly.under-test.ts";
import { readRecords } from "./formats/tf-record/tf-record.ts";
import { ExampleSchema } from "./proto/gen/tensorflow/core/example/example_pb.ts";
import { DataType } from "./proto/gen/tensorflow/core/framework/types_pb.ts";
import { ClassificationRequestSchema } from "./proto/gen/tensorflow_serving/apis/classification_pb.ts";
import { ExampleListSchema } from "./proto/gen/tensorflow_serving/apis/input_pb.ts";
import { PredictRequestSchema } from "./proto/gen/tensorflow_serving/apis/predict_pb.ts";
import {
  type PredictionLog,
  PredictionLogSchema,
} from "./proto/gen/tensorflow_serving/apis/prediction_log_pb.ts";
import { fileStorage } from "./storage/file.ts";

const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** The model under two names, of which one has this logging config. */
function configFile(folder: string, logging: string): string {
  const model = (name: string, more: string) =>
    `config { name: "${name}" base_path: "${MODELS}/half_plus_two_tf1" model_platform: "tensorflow" ${more} }`;
  const path = join(folder, "models.config");
  writeFileSync(path, `model_config_list { ${model("logged", logging)} ${model("other", "")} }`);
  return path;
}

interface Running {
  readonly server: ServerUnderTest;
  predict(model: string, text: string): Promise<number>;
  grpc(method: string, message: Uint8Array): Promise<void>;
}

async function start(config: string, ...more: string[]): Promise<Running> {
  const server = await ServerUnderTest.start([`--model_config_file=${config}`, ...more]);
  return {
    server,
    async predict(target, body) {
      return (await fetch(`${server.models}/${target}`, { method: "POST", body })).status;
    },
    async grpc(method, message) {
      await server.call(`PredictionService/${method}`, message);
    },
  };
}

async function logsIn(folder: string): Promise<PredictionLog[]> {
  const logs: PredictionLog[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(".tfrecord")) continue;
    const file = await fileStorage.open(join(folder, name));
    for (const record of readRecords(file)) logs.push(fromBinary(PredictionLogSchema, record));
    file.close();
  }
  return logs;
}

function logging(folder: string, rate: number): string {
  return `logging_config {
    log_collector_config { type: "tfrecord" filename_prefix: "${folder}/logs/requests" }
    sampling_config { sampling_rate: ${rate} }
  }`;
}

function monitoring(folder: string): string {
  const path = join(folder, "monitoring.config");
  writeFileSync(path, 'prometheus_config { enable: true path: "/metrics" }');
  return path;
}

const PREDICT = toBinary(
  PredictRequestSchema,
  create(PredictRequestSchema, {
    modelSpec: { name: "logged", versionChoice: { case: "version", value: { value: 123n } } },
    inputs: { x: { dtype: DataType.DT_FLOAT, tensorShape: { dim: [{ size: 2n }] }, floatVal: [1, 2] } },
  }),
);

describe("request logs", () => {
  it("have every answered request for a model that is logged, by gRPC and REST, written at the end at the latest", async () => {
    const folder = mkdtempSync(join(root, "all-"));
    const { server, predict, grpc } = await start(
      configFile(folder, logging(folder, 1)),
      `--monitoring_config_file=${monitoring(folder)}`,
    );
    await grpc("Predict", PREDICT);
    const example = {
      features: { feature: { x: { kind: { case: "floatList", value: { value: [4] } } } } },
    } as const;
    const classify = create(ClassificationRequestSchema, {
      modelSpec: { name: "logged", signatureName: "classify_x_to_y" },
      input: {
        kind: {
          case: "exampleList",
          value: create(ExampleListSchema, { examples: [create(ExampleSchema, example as never)] }),
        },
      },
    });
    await grpc("Classify", toBinary(ClassificationRequestSchema, classify));
    assert.equal(await predict("logged:predict", '{"instances": [[5], [6], [7]]}'), 200);
    const examples = '"examples": [{"x": 1.0}, {"x": 2.0}]';
    assert.equal(await predict("logged:classify", `{"signature_name": "classify_x_to_y", ${examples}}`), 200);
    assert.equal(
      await predict("logged/versions/123:regress", `{"signature_name": "regress_x_to_y", ${examples}}`),
      200,
    );
    // A message in place of JSON, of which the URL says the model.
    const message = create(PredictRequestSchema, {
      inputs: { x: { dtype: DataType.DT_FLOAT, floatVal: [9] } },
    });
    const answer = await fetch(`${server.models}/logged:predict`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: toBinary(PredictRequestSchema, message),
    });
    assert.equal(answer.status, 200);
    // What isn't logged: another model, and requests without an answer.
    assert.equal(await predict("other:predict", '{"instances": [[5]]}'), 200);
    assert.equal(await predict("logged:predict", '{"instances": ["x"]}'), 400);
    await assert.rejects(grpc("Predict", PREDICT.subarray(0, 9)));
    const metrics = await (await fetch(`http://127.0.0.1:${server.restPort}/metrics`)).text();
    await server.stop(1000);

    assert.match(
      metrics,
      /:tensorflow:serving:request_log_count\{model_name="logged",status_code="OK"\} 6\n/,
    );
    const logs = await logsIn(join(folder, "logs"));
    for (const { logMetadata } of logs) {
      assert.equal(logMetadata!.modelSpec!.name, "logged");
      assert.deepEqual(logMetadata!.modelSpec!.versionChoice.value, {
        $typeName: "google.protobuf.Int64Value",
        value: 123n,
      });
      assert.equal(logMetadata!.samplingConfig!.samplingRate, 1);
      assert.deepEqual(logMetadata!.savedModelTags, ["serve"]);
    }
    const summary = logs.map(({ logType }) => {
      switch (logType.case) {
        case "predictLog": {
          const { request, response } = logType.value;
          assert.equal(request!.modelSpec!.name, "logged");
          return [request!.inputs.x!.floatVal, response!.outputs.y!.floatVal];
        }
        case "classifyLog": {
          const { request, response } = logType.value;
          const scores = response!.result!.classifications.map(({ classes }) => classes[0]!.score);
          return ["classify", request!.input!.kind.value!.examples.length, scores];
        }
        case "regressLog": {
          const { request, response } = logType.value;
          const { modelSpec } = request!;
          return [
            modelSpec!.signatureName,
            modelSpec!.versionChoice.case,
            response!.result!.regressions.map(({ value }) => value),
          ];
        }
        default:
          return [logType.case];
      }
    });
    // Two workers answer: their requests come in any order.
    const sorted = summary.map((each) => JSON.stringify(each)).sort();
    assert.deepEqual(sorted, [
      '["classify",1,[4]]',
      '["classify",2,[2.5,3]]',
      '["regress_x_to_y","version",[2.5,3]]',
      "[[1,2],[2.5,3]]",
      "[[5,6,7],[4.5,5,5.5]]",
      "[[9],[6.5]]",
    ]);
  });

  it("have a share of the requests", async () => {
    const folder = mkdtempSync(join(root, "some-"));
    const { server, predict } = await start(configFile(folder, logging(folder, 0.25)));
    for (let i = 0; i < 40; i++) {
      await Promise.all(Array.from({ length: 10 }, () => predict("logged:predict", '{"instances": [[5]]}')));
    }
    await server.stop(1000);
    const { length } = await logsIn(join(folder, "logs"));
    // Binomial: the deviation is 8.7.
    assert.ok(length > 50 && length < 150, String(length));
  });

  it("begin and end with a configuration, while requests go on", async () => {
    const folder = mkdtempSync(join(root, "reload-"));
    const config = configFile(folder, "");
    const { server, predict } = await start(config, "--model_config_file_poll_wait_seconds=1");
    const answered = (count: number) =>
      Promise.all(Array.from({ length: count }, () => predict("logged:predict", '{"instances": [[5]]}')));
    const reloaded = async (text: string) => {
      const before = server.lines.length;
      configFile(folder, text);
      while (!server.lines.slice(before).some((line) => line.includes("Finished adding/updating models"))) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await answered(5);
    await reloaded(logging(folder, 1));
    await answered(7);
    await reloaded("");
    await answered(5);
    await server.stop(1000);
    assert.equal((await logsIn(join(folder, "logs"))).length, 7);
  });

  it("cost answers nothing when they can't be written", async () => {
    const folder = mkdtempSync(join(root, "broken-"));
    writeFileSync(join(folder, "logs"), "no folder");
    const { server, predict } = await start(configFile(folder, logging(folder, 1)));
    assert.equal(await predict("logged:predict", '{"instances": [[5]]}'), 200);
    await server.stop(1000);
    assert.ok(
      server.lines.some((line) => /^1 sampled requests were not logged to .*logs\/requests: E/.test(line)),
      server.lines.join("\n"),
    );
  });

  it("are refused where two models would write to the same files", async () => {
    const folder = mkdtempSync(join(root, "same-"));
    mkdirSync(join(folder, "m"));
    const config = configFile(folder, logging(folder, 1));
    const twice = `config { name: "again" base_path: "${MODELS}/half_plus_two" model_platform: "tensorflow" ${logging(folder, 1)} }`;
    writeFileSync(config, `model_config_list { ${twice} ${twice.replace("again", "and_again")} }`);
    await assert.rejects(
      start(config),
      /Duplicate LogCollectorConfig::filename_prefix\(\): .*logs\/requests/,
    );
  });
});
