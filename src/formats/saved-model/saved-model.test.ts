import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { SavedModelSchema } from "../../proto/gen/tensorflow/core/protobuf/saved_model_pb.ts";
import { Code, StatusError } from "../../status/status.ts";
import { fileStorage } from "../../storage/file.ts";
import { memoryStorage } from "../../storage/memory.ts";
import { fixtureFiles, fixturePath } from "./fixture-cases.ts";
import { readSavedModel } from "./saved-model.ts";

const refusal = (code: Code, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};

describe("readSavedModel", () => {
  it("reads a model that TensorFlow 2 exported", async () => {
    const directory = fixturePath("tf2_sharded");
    const model = await readSavedModel(fileStorage, directory, ["serve"]);
    assert.equal(model.directory, directory);
    assert.equal(model.schemaVersion, 1);
    assert.deepEqual([...model.signatures.keys()], ["serving_default"]);
    assert.ok("__saved_model_init_op" in model.metaGraph.signatureDef);
    assert.equal(model.initOp, "NoOp");
    assert.ok(model.metaGraph.graphDef!.node.some((node) => node.name === model.initOp));
    assert.equal(model.assets.length, 1);
    assert.equal(model.assets[0]!.path, `${directory}/assets/vocabulary.txt`);
    const asset = model.assets[0]!.tensor.replace(/:0$/, "");
    assert.ok(model.metaGraph.graphDef!.node.some((node) => node.name === asset));
    model.close();
  });

  it("reads text, with assets and init op where TensorFlow 1 kept them", async () => {
    const directory = fixturePath("tf1_text");
    const model = await readSavedModel(fileStorage, `${directory}/`, ["serve"]);
    assert.deepEqual([...model.signatures.keys()], ["serving_default"]);
    assert.equal(model.initOp, "init_all_tables");
    assert.deepEqual(model.assets, [
      { tensor: "asset_path:0", filename: "words.txt", path: `${directory}/assets/words.txt` },
    ]);
    assert.equal(model.variables!.entry("w")!.dtype, "float32");
    model.close();
  });

  it("selects the meta graph whose tags are exactly those asked for", async () => {
    const gains = await Promise.all(
      [["serve"], ["serve", "gpu"], ["gpu", "serve", "gpu"]].map(async (tags) => {
        const model = await readSavedModel(fileStorage, fixturePath("tf1_text"), tags);
        const gain = model.metaGraph.graphDef!.node.find((node) => node.name === "mul/y")!.attr.value!.value;
        model.close();
        return gain.case === "tensor" ? gain.value.floatVal : gain.case;
      }),
    );
    assert.deepEqual(gains, [[2], [3], [3]]);
  });

  it("says which tags there are when it has no such meta graph", async () => {
    for (const tags of [[], ["gpu"], ["serve", "tpu"], ["serve", "gpu", "tpu"]]) {
      await assert.rejects(
        readSavedModel(fileStorage, fixturePath("tf1_text"), tags),
        refusal(
          Code.NOT_FOUND,
          new RegExp(
            `^Could not find meta graph def matching supplied tags: \\{ ${tags.join(" ")} \\}\\. To inspect available ` +
              "tag-sets in the SavedModel, please use the SavedModel CLI: `saved_model_cli`.*\\{ serve \\}, \\{ serve gpu \\}",
          ),
        ),
      );
    }
  });

  const tf2 = (change: (files: Map<string, Uint8Array>) => void) => {
    const files = fixtureFiles("tf2_sharded");
    change(files);
    return readSavedModel(memoryStorage(files), "/tf2_sharded", ["serve"]);
  };

  it("says that there is no model", async () => {
    await assert.rejects(
      tf2((files) => files.delete("/tf2_sharded/saved_model.pb")),
      refusal(
        Code.NOT_FOUND,
        /^Could not find SavedModel \.pb or \.pbtxt at supplied export directory path: \/tf2_sharded\. /,
      ),
    );
  });

  it("names a file that can't be parsed", async () => {
    const path = "/tf2_sharded/saved_model.pb";
    for (const length of [1, 100, 20000]) {
      await assert.rejects(
        tf2((files) => files.set(path, files.get(path)!.subarray(0, length))),
        refusal(Code.DATA_LOSS, /^Can't parse \/tf2_sharded\/saved_model\.pb as binary proto: /),
      );
    }
    for (const text of ["meta_graphs { ", "nothing: 1", "\xff"]) {
      await assert.rejects(
        tf2((files) => {
          files.delete(path);
          files.set(`${path}txt`, Buffer.from(text, "latin1"));
        }),
        refusal(Code.DATA_LOSS, /^Can't parse \/tf2_sharded\/saved_model\.pbtxt as text proto: /),
      );
    }
  });

  it("names an asset, an index or a data file that is missing", async () => {
    for (const path of [
      "/tf2_sharded/assets/vocabulary.txt",
      "/tf2_sharded/variables/variables.index",
      "/tf2_sharded/variables/variables.data-00001-of-00003",
    ]) {
      await assert.rejects(
        tf2((files) => files.delete(path)),
        refusal(Code.NOT_FOUND, new RegExp(`^${path}; `)),
      );
    }
  });

  const small = (metaGraph: object) => {
    const model = create(SavedModelSchema, {
      metaGraphs: [{ metaInfoDef: { tags: ["serve"] }, ...metaGraph }],
    });
    const files = new Map([["/m/saved_model.pb", toBinary(SavedModelSchema, model)]]);
    return readSavedModel(memoryStorage(files), "/m", ["serve"]);
  };

  it("reads a model without variables, assets and init op", async () => {
    const model = await small({});
    assert.equal(model.variables, undefined);
    assert.equal(model.initOp, undefined);
    assert.deepEqual(model.assets, []);
    model.close();
  });

  it("finds the init op of the oldest exporters, and only if it is one", async () => {
    const nodes = (...value: string[]) => ({ kind: { case: "nodeList", value: { value } } });
    assert.equal(
      (await small({ collectionDef: { legacy_init_op: nodes("group_deps") } })).initOp,
      "group_deps",
    );
    await assert.rejects(
      small({ collectionDef: { saved_model_main_op: nodes("a", "b"), legacy_init_op: nodes("c") } }),
      refusal(Code.FAILED_PRECONDITION, /^Expected exactly one main op in : \/m, got 2/),
    );
  });
});
