import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { readSavedModelGraph } from "../formats/saved-model/saved-model.ts";
import { AttrValueSchema } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { NodeDefSchema } from "../proto/gen/tensorflow/core/framework/node_def_pb.ts";
import { TensorProtoSchema } from "../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import { DataType } from "../proto/gen/tensorflow/core/framework/types_pb.ts";
import { type SavedModel, SavedModelSchema } from "../proto/gen/tensorflow/core/protobuf/saved_model_pb.ts";
import { recordingLog } from "../status/log-cases.ts";
import { Code } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { describeFileUse, fileUseOf } from "./file-permission.ts";
import { SavedModelLoading } from "./saved-model-loading.ts";
import { SavedModelServable } from "./saved-model-servable.ts";
import type { ServablePayload } from "./servable-payload.ts";
import { signaturesOf } from "./signatures.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const { log, lines } = recordingLog();
const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
const id = { name: "m", version: 1n };

function loadingWith(allowsFileOps: boolean): SavedModelLoading {
  return new SavedModelLoading({ storage: fileStorage, engine, tags: ["serve"], log, allowsFileOps });
}

async function useOf(path: string): Promise<string | undefined> {
  const graph = await readSavedModelGraph(fileStorage, path, ["serve"]);
  return describeFileUse(fileUseOf(graph, signaturesOf(graph.signatures)));
}

/** A copy of a fixture whose model is changed. */
function changed(name: string, change: (model: SavedModel) => void): string {
  const copy = mkdtempSync(join(folder, "changed-"));
  cpSync(join(FIXTURES, name), copy, { recursive: true });
  const file = join(copy, "saved_model.pb");
  const model = fromBinary(SavedModelSchema, readFileSync(file));
  change(model);
  writeFileSync(file, toBinary(SavedModelSchema, model));
  return copy;
}

/** The attributes of a Const. */
function stringConstant(text: string) {
  const dtype = DataType.DT_STRING;
  const value = create(TensorProtoSchema, { dtype, tensorShape: {}, stringVal: [Buffer.from(text)] });
  return {
    dtype: create(AttrValueSchema, { value: { case: "type", value: dtype } }),
    value: create(AttrValueSchema, { value: { case: "tensor", value } }),
  };
}

const words = (...values: string[]): Tensor => ({
  dtype: "string",
  shape: [values.length],
  data: values.map((value) => Buffer.from(value)),
});

/** The model's own vocabulary, as another file. */
function withVocabularyAt(filename: string): string {
  return changed("models/vocabulary/1", (model) => {
    const [asset] = model.metaGraphs[0]!.assetFileDef;
    asset!.filename = filename;
  });
}

async function ask(
  payload: ServablePayload,
  signature: string,
  inputs: readonly Tensor[],
): Promise<readonly Tensor[]> {
  assert.ok(payload.engine === "onnxruntime");
  const servable = await SavedModelServable.attach(payload, engine, 0);
  try {
    const { outputs } = servable.signatures.get(signature)!;
    const result = await servable.run(signature, inputs, [...outputs.keys()]);
    const tensors = structuredClone(result.tensors);
    result.dispose();
    return tensors;
  } finally {
    servable.release();
  }
}

describe("what a model does with files", () => {
  const models = readdirSync(join(FIXTURES, "models"), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(join(FIXTURES, "models", entry.name)).flatMap((version) =>
          /^\d+$/.test(version) ? [`models/${entry.name}/${version}`] : [],
        )
      : [],
  );
  assert.ok(models.length > 20);
  for (const model of [
    ...models,
    "saved-models/tf1_text",
    "saved-models/tf1_partitioned",
    "saved-models/tf2_sharded",
  ]) {
    it(`is nothing for ${model}`, async () => assert.equal(await useOf(join(FIXTURES, model)), undefined));
  }

  it("keeps a model from being loaded, whatever its other signatures do", async () => {
    await assert.rejects(
      loadingWith(false).load(id, join(FIXTURES, "file-ops/files/1")),
      (error: { code: Code; message: string }) => {
        assert.equal(error.code, Code.FAILED_PRECONDITION);
        // The names of functions end with numbers that TensorFlow draws.
        const message = error.message.replaceAll(/__inference_(\w+?)_\d+|(cond_true)_\d+/g, "$1$2");
        assert.equal(
          message,
          "The model can't be served: it has 10 operations that read or write files: ReadFile (3 nodes: cond_true/cond/ReadFile, " +
            "read/ReadFile, write/ReadFile); SaveV2 (3 nodes: save/SaveV2, save/SaveV2_1, save/SaveV2_2); " +
            "MatchingFiles (node find/MatchingFiles); MergeV2Checkpoints (node save/MergeV2Checkpoints); " +
            "RestoreV2 (node restore/RestoreV2); WriteFile (node write/WriteFile). " +
            "A model could so read or change whatever the server may; --allow_file_ops lets it, " +
            "if all models come from where you trust",
        );
        return true;
      },
    );
    assert.match(
      lines.at(-1)!,
      /Status: fail: FAILED_PRECONDITION: The model can't be served: it has 10 operations/,
    );
  });

  it("is told in the log where it is allowed", async () => {
    const loading = loadingWith(true);
    const payload = await loading.load(id, join(FIXTURES, "file-ops/files/1"));
    try {
      assert.ok(
        lines.some((line) => line.startsWith("--allow_file_ops lets the model have 10 operations that")),
      );
      const file = join(folder, "read-me");
      for (const contents of ["first", "", "second"]) {
        writeFileSync(file, contents);
        const path: Tensor = { dtype: "string", shape: [], data: [Buffer.from(file)] };
        const [read] = await ask(payload, "read", [path]);
        assert.equal(Buffer.from(read!.data[0] as Uint8Array).toString(), contents);
      }
    } finally {
      await loading.unload(payload);
    }
  });

  it("isn't done at load for constants: each request reads anew", async () => {
    const file = join(folder, "constant");
    const model = changed("file-ops/files/1", ({ metaGraphs: [graph] }) => {
      const functions = graph!.graphDef!.library!.function;
      const read = functions.find(({ signature }) => /^__inference_read_\d+$/.test(signature!.name))!;
      const node = read.nodeDef.find(({ op }) => op === "ReadFile")!;
      read.nodeDef.push(create(NodeDefSchema, { name: "where", op: "Const", attr: stringConstant(file) }));
      node.input = ["where:output:0"];
    });
    const loading = loadingWith(true);
    const payload = await loading.load(id, model);
    try {
      for (const contents of ["one", "two"]) {
        writeFileSync(file, contents);
        const [read] = await ask(payload, "read", [{ dtype: "string", shape: [], data: [Buffer.from("")] }]);
        assert.equal(Buffer.from(read!.data[0] as Uint8Array).toString(), contents);
      }
    } finally {
      await loading.unload(payload);
    }
  });

  it("may not be to read assets from elsewhere", async () => {
    for (const filename of [
      "../../../etc/passwd",
      "..",
      "sub/../../x",
      "../assets/vocabulary.txt",
      "x\0/../y",
    ]) {
      const model = withVocabularyAt(filename);
      await assert.rejects(loadingWith(false).load(id, model), {
        code: Code.FAILED_PRECONDITION,
        message:
          `The model can't be served: it has assets outside of its folder of assets: ${JSON.stringify(filename)}. ` +
          "A model could so read or change whatever the server may; --allow_file_ops lets it, " +
          "if all models come from where you trust",
      });
    }
  });

  it("stays inside of the model's folder for an absolute name, as with TensorFlow", async () => {
    const model = withVocabularyAt("/etc/passwd");
    await assert.rejects(loadingWith(false).load(id, model), {
      code: Code.NOT_FOUND,
      message: `${model}/assets//etc/passwd; No such file or directory`,
    });
  });

  it("may be to read assets from elsewhere, if allowed", async () => {
    writeFileSync(join(folder, "elsewhere.txt"), "alpha\nbeta\ngamma\n");
    const loading = loadingWith(true);
    const payload = await loading.load(id, withVocabularyAt("../../elsewhere.txt"));
    try {
      const [signature] = payload.signatures.keys();
      const [found] = await ask(payload, signature!, [words("beta")]);
      assert.ok(found!.data.length > 0);
    } finally {
      await loading.unload(payload);
    }
  });

  it("may not be to fill tables from a path in the graph, unless allowed", async () => {
    const file = join(folder, "from-the-graph.txt");
    writeFileSync(file, "alpha\nbeta\ngamma\n");
    const model = changed("models/vocabulary/1", ({ metaGraphs: [graph] }) => {
      const [asset] = graph!.assetFileDef.splice(0);
      const tensor = asset!.tensorInfo!.encoding;
      assert.ok(tensor.case === "name");
      const name = tensor.value.replace(/:0$/, "");
      const node = graph!.graphDef!.node.find((found) => found.name === name)!;
      node.op = "Const";
      node.attr = stringConstant(file);
    });
    await assert.rejects(loadingWith(false).load(id, model), {
      code: Code.FAILED_PRECONDITION,
      message:
        /^The model can't be served: it has an operation that reads or writes files: InitializeTableFromTextFileV2 \(node /,
    });
    const loading = loadingWith(true);
    await loading.unload(await loading.load(id, model));
    rmSync(file);
    await assert.rejects(loading.load(id, model), {
      code: Code.NOT_FOUND,
      message: `${file}; No such file or directory`,
    });
  });
});
