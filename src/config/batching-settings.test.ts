import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fromText } from "@bufbuild/protobuf/txtpb";
import { completeParameters } from "../batching/batching-parameters.ts";
import { SessionBundleConfigSchema } from "../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";
import { Code } from "../status/status.ts";
import { batchingSettings } from "./batching-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "servable-batching-settings-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const parametersFile = join(folder, "batching.config");
writeFileSync(
  parametersFile,
  'max_batch_size { value: 4 } num_batch_threads { value: 3 } thread_pool_name { value: "pool" }',
);
const NONE = { enabled: false, parametersFile: "", perModel: false, platform: undefined, auto: false };

describe("batchingSettings", () => {
  it("are none unless batching is enabled", async () => {
    assert.equal(await batchingSettings(NONE), undefined);
    assert.equal(await batchingSettings({ ...NONE, perModel: true }), undefined);
  });

  it("have a batch thread per core where nothing else is said", async () => {
    assert.deepEqual(await batchingSettings({ ...NONE, enabled: true }), {
      parameters: completeParameters({}),
      numBatchThreads: availableParallelism(),
    });
  });

  it("take all of the file, or for models with files of their own only the threads", async () => {
    const selection = { ...NONE, enabled: true, parametersFile };
    assert.deepEqual(await batchingSettings(selection), {
      parameters: completeParameters({ maxBatchSize: 4n }),
      numBatchThreads: 3,
    });
    assert.deepEqual(await batchingSettings({ ...selection, perModel: true }), {
      parameters: "own",
      numBatchThreads: 3,
    });
  });

  it("refuse a file without the flag that lets it count", async () => {
    await assert.rejects(batchingSettings({ ...NONE, parametersFile }), { code: Code.INVALID_ARGUMENT });
  });

  it("are those of the platform's file where there is one", async () => {
    const of = (text: string) =>
      batchingSettings({
        ...NONE,
        enabled: true,
        parametersFile,
        platform: fromText(SessionBundleConfigSchema, text),
      });
    assert.equal(await of(""), undefined);
    const parameters = "batching_parameters { max_batch_size { value: 8 } num_batch_threads { value: 2 } }";
    assert.deepEqual(await of(parameters), {
      parameters: completeParameters({ maxBatchSize: 8n }),
      numBatchThreads: 2,
    });
    assert.equal((await of(`${parameters} enable_per_model_batching_params: true`))!.parameters, "own");
  });

  it("without parameters batches what gains from it, unless there are parameters", async () => {
    const settings = await batchingSettings({ ...NONE, auto: true });
    assert.equal(settings?.parameters, "auto");
    await assert.rejects(batchingSettings({ ...NONE, auto: true, enabled: true }), /--auto_batching/);
  });
});
