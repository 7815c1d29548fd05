import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { sessionConfig } from "../engines/tensorflow/session-config.ts";
import { ConfigProtoSchema } from "../proto/gen/tensorflow/core/protobuf/config_pb.ts";
import { Code } from "../status/status.ts";
import { type SessionFlags, sessionSettings } from "./session-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "session-settings-"));
after(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, "file.txt");
  writeFileSync(path, text);
  return path;
}

const settings = (flags: Partial<SessionFlags>) =>
  sessionSettings({
    tensorflow_session_parallelism: 0,
    tensorflow_intra_op_parallelism: 0,
    tensorflow_inter_op_parallelism: 0,
    tensorflow_session_config_file: "",
    per_process_gpu_memory_fraction: 0,
    platform_config_file: "",
    saved_model_tags: "serve",
    ...flags,
  });

test("threads come from the flags, then from the file, then from the machine", async () => {
  const tensorflow_session_config_file = file(
    "intra_op_parallelism_threads: 7 inter_op_parallelism_threads: 2",
  );
  const threads = async (flags: Partial<SessionFlags>) => (await settings(flags)).intraOpThreads;
  assert.equal(await threads({}), availableParallelism());
  assert.equal(await threads({ tensorflow_intra_op_parallelism: 3 }), 3);
  assert.equal(await threads({ tensorflow_session_parallelism: 5 }), 5);
  assert.equal(await threads({ tensorflow_session_config_file }), 7);
  assert.equal(await threads({ tensorflow_session_config_file, tensorflow_intra_op_parallelism: 3 }), 3);
  await assert.rejects(
    threads({
      tensorflow_intra_op_parallelism: 1,
      tensorflow_inter_op_parallelism: 1,
      tensorflow_session_parallelism: 1,
    }),
    { code: Code.INVALID_ARGUMENT, message: /^Either configure .* You cannot configure all\.$/ },
  );
});

test("tags are separated by commas", async () => {
  assert.deepEqual((await settings({ saved_model_tags: "serve,gpu" })).savedModelTags, ["serve", "gpu"]);
});

test("a platform config file takes the place of the flags", async () => {
  const config = (fields: string) =>
    file(`platform_configs { key: "tensorflow" value { source_adapter_config {
      [type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] { legacy_config { ${fields} } }
    } } }`);
  const { platform, ...others } = await settings({
    platform_config_file: config(
      'session_config { intra_op_parallelism_threads: 2 } saved_model_tags: "serve" saved_model_tags: "gpu" ' +
        "batching_parameters { max_batch_size { value: 8 } }",
    ),
    tensorflow_intra_op_parallelism: 9,
    saved_model_tags: "other",
  });
  assert.deepEqual(others, {
    intraOpThreads: 2,
    tensorflow: {
      // A serialized ConfigProto with intra_op_parallelism_threads.
      config: Uint8Array.of(0x10, 2),
      intraOpThreads: 0,
      interOpThreads: 0,
      gpuMemoryFraction: 0,
    },
    savedModelTags: ["serve", "gpu"],
  });
  assert.equal(platform!.batchingParameters!.maxBatchSize, 8n);
  const { intraOpThreads, savedModelTags } = await settings({ platform_config_file: config("") });
  assert.deepEqual([intraOpThreads, savedModelTags], [availableParallelism(), ["serve"]]);
});

test("a platform config file that doesn't say how to serve TensorFlow is refused", async () => {
  await assert.rejects(
    settings({ platform_config_file: file('platform_configs { key: "other" value {} }') }),
    {
      code: Code.FAILED_PRECONDITION,
      message: "PlatformConfigMap has no entry for platform tensorflow",
    },
  );
  await assert.rejects(
    settings({ platform_config_file: file('platform_configs { key: "tensorflow" value {} }') }),
    {
      code: Code.INVALID_ARGUMENT,
      message:
        /expected the platform tensorflow to have a source_adapter_config with a legacy_config .* got none$/,
    },
  );
  await assert.rejects(settings({ platform_config_file: join(folder, "none") }), { code: Code.NOT_FOUND });
});

test("TensorFlow's sessions get what the file says, and what flags say before it", async () => {
  const { tensorflow } = await settings({
    tensorflow_session_config_file: file("inter_op_parallelism_threads: 3 allow_soft_placement: true"),
    tensorflow_session_parallelism: 4,
    tensorflow_intra_op_parallelism: 2,
    per_process_gpu_memory_fraction: 0.5,
  });
  const config = fromBinary(ConfigProtoSchema, sessionConfig(tensorflow));
  assert.deepEqual(
    [config.intraOpParallelismThreads, config.interOpParallelismThreads, config.allowSoftPlacement],
    [2, 4, true],
  );
  assert.equal(config.gpuOptions?.perProcessGpuMemoryFraction, 0.5);
  assert.equal(sessionConfig((await settings({})).tensorflow).length, 0);
});
