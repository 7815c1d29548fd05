import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { modelConfigsOf } from "../../src/config/model-server-config.ts";
import { parseTextProto } from "../../src/config/text-proto.ts";
import { readSavedModel } from "../../src/formats/saved-model/saved-model.ts";
import { openBundle } from "../../src/formats/saved-model/tensor-bundle.ts";
import { ConfigProtoSchema } from "../../src/proto/gen/tensorflow/core/protobuf/config_pb.ts";
import { ModelServerConfigSchema } from "../../src/proto/gen/tensorflow_serving/config/model_server_config_pb.ts";
import { MonitoringConfigSchema } from "../../src/proto/gen/tensorflow_serving/config/monitoring_config_pb.ts";
import { PlatformConfigMapSchema } from "../../src/proto/gen/tensorflow_serving/config/platform_config_pb.ts";
import { SSLConfigSchema } from "../../src/proto/gen/tensorflow_serving/config/ssl_config_pb.ts";
import { BatchingParametersSchema } from "../../src/proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import { dtypeInfo } from "../../src/tensor/dtype.ts";
import { elementCount } from "../../src/tensor/shape.ts";
import { type FuzzTarget, isRefusal, unlessRefused } from "../target.ts";

const fixture = (path: string): Uint8Array =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/models/${path}`, import.meta.url)));

const CONFIGS = [
  'model_config_list { config { name: "m" base_path: "/m" model_platform: "tensorflow" ' +
    "model_version_policy { specific { versions: 1 } } version_labels { key: 'a' value: 1 } } }",
  'server_key: "k" server_cert: "c" client_verify: true',
  "max_batch_size { value: 8 } allowed_batch_sizes: 1 allowed_batch_sizes: [ 2, 8 ]",
  'prometheus_config { enable: true, path: "/metrics" } # comment',
];

const SCHEMAS = [
  SSLConfigSchema,
  BatchingParametersSchema,
  MonitoringConfigSchema,
  ConfigProtoSchema,
  PlatformConfigMapSchema,
];

const textProto: FuzzTarget = {
  name: "files: text protos",
  seeds: CONFIGS.map((text) => new TextEncoder().encode(text)),
  run(input) {
    const text = Buffer.from(input).toString();
    unlessRefused(() => modelConfigsOf(parseTextProto(ModelServerConfigSchema, text, "f")));
    for (const schema of SCHEMAS) {
      unlessRefused(() => parseTextProto(schema, text, "f"));
    }
  },
};

const MODEL = "keras2_mlp/1";
const INDEX = fixture(`${MODEL}/variables/variables.index`);
const DATA = fixture(`${MODEL}/variables/variables.data-00000-of-00001`);

async function readAll(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const model = await readSavedModel(memoryStorage(files), "/m", ["serve"]);
  model.close();
}

/** Tensors that a damaged index declares larger than this aren't read: the data files' lengths bound what is real. */
const LARGEST_TENSOR = 1 << 24;

const savedModel: FuzzTarget = {
  name: "files: saved_model.pb",
  seeds: [fixture("half_plus_two_tf1/123/saved_model.pb"), fixture(`${MODEL}/saved_model.pb`)],
  async run(input) {
    const files = new Map([
      ["/m/saved_model.pb", input],
      ["/m/variables/variables.index", INDEX],
      ["/m/variables/variables.data-00000-of-00001", DATA],
    ]);
    await readAll(files).catch(isRefusal);
  },
};

const bundle: FuzzTarget = {
  name: "files: variables.index",
  seeds: [INDEX],
  async run(input) {
    const files = new Map([
      ["/v.index", input],
      ["/v.data-00000-of-00001", DATA],
    ]);
    try {
      const opened = await openBundle(memoryStorage(files), "/v");
      for (const name of opened.names()) {
        const { dtype, shape } = opened.entry(name)!;
        const length = elementCount(shape) * dtypeInfo(dtype).size;
        if (length > LARGEST_TENSOR) continue;
        if (dtype === "string") opened.readStrings(name);
        else opened.readInto(name, new Uint8Array(length));
      }
      opened.close();
    } catch (error) {
      isRefusal(error);
    }
  },
};

export const fileTargets: readonly FuzzTarget[] = [textProto, savedModel, bundle];
