import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ModelServerConfigSchema } from "../proto/gen/tensorflow_serving/config/model_server_config_pb.ts";
import { Code } from "../status/status.ts";
import { modelConfigsOf } from "./model-server-config.ts";
import { parseTextProto } from "./text-proto.ts";

const read = (text: string) => modelConfigsOf(parseTextProto(ModelServerConfigSchema, text, "models.config"));

const model = (fields: string) =>
  `model_config_list { config { name: "m" base_path: "/models/m" model_platform: "tensorflow" ${fields} } }`;

function refused(text: string, message: string | RegExp): void {
  assert.throws(() => read(text), { code: Code.INVALID_ARGUMENT, message });
}

describe("a ModelServerConfig", () => {
  it("gives models with every default filled in", () => {
    assert.deepEqual(read(model("")), [
      {
        name: "m",
        basePath: "/models/m",
        platform: "tensorflow",
        versionPolicy: { kind: "latest", numVersions: 1 },
        versionLabels: new Map(),
      },
    ]);
  });

  it("is read as TensorFlow Serving's documentation writes it", () => {
    const models = read(`
      # Comments and commas are allowed.
      model_config_list: {
        config: {
          name: "first",
          base_path: "file:///models/first",
          model_platform: "tensorflow",
          model_version_policy { specific { versions: 42 versions: 43 } }
          version_labels { key: 'stable' value: 43 }
          version_labels { key: 'canary' value: 42 }
        },
        config { name: "second" base_path: "/models/second" model_type: TENSORFLOW model_version_policy { all {} } }
        config {
          name: "third" base_path: "/models/third" model_platform: "tensorflow"
          model_version_policy { latest { num_versions: 2 } }
          logging_config {
            log_collector_config { type: "file" filename_prefix: "/logs/third" }
            sampling_config { sampling_rate: 0.5 }
          }
        }
      }`)!;
    assert.deepEqual(
      models.map(({ name, basePath, versionPolicy }) => [name, basePath, versionPolicy]),
      [
        ["first", "/models/first", { kind: "specific", versions: [42n, 43n] }],
        ["second", "/models/second", { kind: "all" }],
        ["third", "/models/third", { kind: "latest", numVersions: 2 }],
      ],
    );
    assert.deepEqual(
      models[0]!.versionLabels,
      new Map([
        ["stable", 43n],
        ["canary", 42n],
      ]),
    );
    const { samplingRate, filenamePrefix } = models[2]!.requestLogging!;
    assert.deepEqual([samplingRate, filenamePrefix], [0.5, "/logs/third"]);
  });

  it("may say nothing, or that there are no models", () => {
    assert.equal(read(""), undefined);
    assert.deepEqual(read("model_config_list {}"), []);
  });

  it("is refused for what it can't mean", () => {
    const m = 'config { name: "m" base_path: "/m" model_platform: "tensorflow" }';
    refused(`model_config_list { ${m} ${m} }`, "Illegal to list model m multiple times in config list");
    refused(
      'model_config_list { config { name: "m" base_path: "models/m" model_platform: "tensorflow" } }',
      "Expected model m to have an absolute path or URI; got base_path()=models/m",
    );
    refused(
      'model_config_list { config { name: "m" base_path: "s3://bucket/m" model_platform: "tensorflow" } }',
      "File system scheme 's3' not implemented (file: 's3://bucket/m'): expected a folder of this machine",
    );
    refused(
      'model_config_list { config { name: "m" base_path: "/m" } }',
      "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform.",
    );
    refused(
      model("model_type: TENSORFLOW"),
      "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform.",
    );
    refused(
      'model_config_list { config { name: "m" base_path: "/m" model_type: OTHER } }',
      "ModelServerConfig::model_type choice 2 not supported.",
    );
    refused(
      'model_config_list { config { name: "m" base_path: "/m" model_platform: "caffe" } }',
      "Model m requests unsupported platform caffe",
    );
    refused(
      'model_config_list { config { base_path: "/m" model_platform: "tensorflow" } }',
      "Expected the model at /m to have a name; got none",
    );
    refused("custom_model_config {}", "ModelServer does not yet support custom model config.");
  });
});

describe("a text proto", () => {
  it("that can't be read names the file, what was expected, and where it went wrong", () => {
    refused(
      "model_config_list {\n  config { nmae: 'm' }\n}",
      /^Invalid protobuf file: 'models\.config': Error parsing text-format tensorflow\.serving\.ModelServerConfig: .*nmae/,
    );
    refused("\u0000\u0001", /^Invalid protobuf file: 'models\.config'/);
    refused("model_config_list { config { name: 'm' ", /^Invalid protobuf file/);
  });
});
