import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import {
  LoggingConfigSchema,
  SamplingConfigSchema,
} from "../proto/gen/tensorflow_serving/config/logging_config_pb.ts";
import { ModelServerConfigSchema } from "../proto/gen/tensorflow_serving/config/model_server_config_pb.ts";
import { Code } from "../status/status.ts";
import { requestLoggingOf } from "./logging-config.ts";
import { modelConfigsOf } from "./model-server-config.ts";
import { parseTextProto } from "./text-proto.ts";

const read = (text: string) => requestLoggingOf("m", parseTextProto(LoggingConfigSchema, text, "test"));

describe("a LoggingConfig", () => {
  it("says how much is logged, and where to", () => {
    const logging = read(`
      log_collector_config { type: "any" filename_prefix: "/logs/m" }
      sampling_config { sampling_rate: 0.25 attributes: 2 }`)!;
    assert.equal(logging.samplingRate, 0.25);
    assert.equal(logging.filenamePrefix, "/logs/m");
    const { samplingRate, attributes } = fromBinary(SamplingConfigSchema, logging.samplingConfig);
    assert.deepEqual([samplingRate, attributes], [0.25, 2]);
  });

  it("may have a prefix that begins at the working directory, and a rate above all", () => {
    const logging = read(
      'log_collector_config { filename_prefix: "logs/m" } sampling_config { sampling_rate: 7 }',
    )!;
    assert.deepEqual([logging.samplingRate, logging.filenamePrefix], [1, resolve("logs/m")]);
  });

  it("logs nothing without a rate above 0", () => {
    const where = 'log_collector_config { filename_prefix: "/logs/m" }';
    for (const rate of [
      "",
      "sampling_config {}",
      ...["0", "-1", "nan"].map((r) => `sampling_config { sampling_rate: ${r} }`),
    ]) {
      assert.equal(read(`${where} ${rate}`), undefined, rate);
    }
  });

  it("is refused if it doesn't say where to", () => {
    assert.throws(() => read("sampling_config { sampling_rate: 1 }"), {
      code: Code.INVALID_ARGUMENT,
      message: /^Model m is to be logged, but .* no filename_prefix/,
    });
  });

  it("must have files of its own", () => {
    const model = (
      name: string,
    ) => `config { name: "${name}" base_path: "/${name}" model_platform: "tensorflow"
      logging_config { log_collector_config { filename_prefix: "/logs" } sampling_config { sampling_rate: 1 } } }`;
    const config = parseTextProto(
      ModelServerConfigSchema,
      `model_config_list { ${model("a")} ${model("b")} }`,
      "test",
    );
    assert.throws(() => modelConfigsOf(config), {
      code: Code.INVALID_ARGUMENT,
      message: "Duplicate LogCollectorConfig::filename_prefix(): /logs",
    });
  });
});
