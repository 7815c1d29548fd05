import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { completeParameters } from "../batching/batching-parameters.ts";
import { type EngineChoice, IMPORT_ONLY } from "../engines/engine-choice.ts";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { foundLibrary, skipWithoutLibrary } from "../engines/tensorflow/found-library.ts";
import { constant, node, placeholder, typeAttr, writeSavedModel } from "../engines/tensorflow/graph-cases.ts";
import type { Servable } from "../lifecycle/servable.ts";
import { Code } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";
import { SavedModelLoading, type SavedModelLoadingOptions } from "./saved-model-loading.ts";
import type { TensorFlowPayload } from "./servable-payload.ts";
import { attachServable, ThreadEngines } from "./thread-engines.ts";

const MODELS = fileURLToPath(new URL("../../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-tensorflow-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const id = { name: "m", version: 1n };

const X = { name: "x", dtype: "float32", shape: [-1, 2] } as const;

/** An op that the importer doesn't cover: the nearest rows that never rise. */
const UNCOVERED = {
  nodes: [
    placeholder(X),
    node("y", "IsotonicRegression", ["x"], { T: typeAttr("float32"), output_dtype: typeAttr("float32") }),
  ],
  inputs: [X],
  outputs: [{ ...X, name: "y" }],
};

/** Writes to the file that the request names. */
const WRITING = {
  nodes: [
    placeholder({ name: "path", dtype: "string", shape: [] }),
    constant("contents", { dtype: "string", shape: [], data: [new TextEncoder().encode("written")] }),
    node("write", "WriteFile", ["path", "contents"]),
    node("done", "Identity", ["path", "^write"], { T: typeAttr("string") }),
    node("free", "Identity", ["path"], { T: typeAttr("string") }),
  ],
  inputs: [{ name: "path", dtype: "string", shape: [] } as const],
  outputs: [{ name: "done", dtype: "string", shape: [] } as const],
};

function loader(choice: EngineChoice, change: Partial<SavedModelLoadingOptions> = {}) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
  const loading = new SavedModelLoading({
    storage: fileStorage,
    engine,
    engines: { ...IMPORT_ONLY, choice, tensorflowLibrary: foundLibrary ?? "" },
    tags: ["serve"],
    log: { info: write, warning: write, error: write },
    ...change,
  });
  return { loading, lines, engines: new ThreadEngines(engine) };
}

function written(name: string, model: Parameters<typeof writeSavedModel>[1]): string {
  const path = join(folder, name);
  writeSavedModel(path, model);
  return path;
}

/** Loads with TensorFlow, serves, and lets go. */
async function served(
  path: string,
  use: (servable: Servable, payload: TensorFlowPayload) => Promise<void>,
  change: Partial<SavedModelLoadingOptions> = {},
): Promise<void> {
  const { loading, engines } = loader("tensorflow", change);
  const payload = structuredClone(await loading.load(id, path)) as TensorFlowPayload;
  assert.equal(payload.engine, "tensorflow");
  const servable = await attachServable(payload, engines, 0);
  try {
    await use(servable, payload);
  } finally {
    servable.release();
    await loading.unload(payload);
  }
}

async function run(servable: Servable, signature: string, inputs: Tensor[], outputs: string[]) {
  const result = await servable.run(signature, inputs, outputs);
  const values = result.tensors.map(({ data }) => Array.from<unknown>(data));
  result.dispose();
  return values;
}

function rows(...values: number[]): NumericTensor {
  return { dtype: "float32", shape: [values.length / 2, 2], data: Float32Array.from(values) };
}

describe("a version that TensorFlow loads", { skip: skipWithoutLibrary }, () => {
  it("answers in any thread, by its signatures", () =>
    served(join(MODELS, "half_plus_two_tf1/123"), async (servable) => {
      const x: Tensor = { dtype: "float32", shape: [3, 1], data: Float32Array.of(1, 2, 5) };
      assert.deepEqual(await run(servable, "serving_default", [x], ["y"]), [[2.5, 3, 4.5]]);
      assert.ok(servable.signatureDefMap().length > 100);
    }));

  it("keeps its state from request to request, which loading hasn't touched", () =>
    served(join(MODELS, "tf1_state/1"), async (servable, payload) => {
      assert.equal(payload.runs.get("add")!.probe, undefined);
      assert.notEqual(payload.runs.get("get")!.probe, undefined);
      assert.equal(payload.runs.get("loop")!.isUnbounded, true);
      const delta: Tensor = { dtype: "float32", shape: [], data: Float32Array.of(2) };
      assert.deepEqual(await run(servable, "add", [delta], ["after"]), [[12]]);
      assert.deepEqual(await run(servable, "add", [delta], ["before", "after"]), [[12], [14]]);
      assert.deepEqual(await run(servable, "get", [], ["count"]), [[14]]);
    }));

  it("has its assets", () =>
    served(join(MODELS, "vocabulary/1"), async (servable) => {
      assert.ok(servable.signatures.size > 0);
    }));

  it("is batched, but for the signatures that change state", async () => {
    const parameters = completeParameters({});
    await served(
      join(MODELS, "tf1_state/1"),
      async (_, { batching }) => {
        assert.deepEqual([...batching!.alone].sort(), [
          "add",
          "choose",
          "double",
          "fill",
          "loop",
          "scatter",
          "ticket",
        ]);
      },
      { batching: { parameters, requestWorkers: 2 } },
    );
  });

  it("is warmed up before it is served", async () => {
    const warmed: string[] = [];
    const warmUp = async (servable: Servable, path: string) => {
      warmed.push(path, ...(await run(servable, "serving_default", [rows(1, 2)], ["y"])).map(String));
    };
    const path = written("warmed", UNCOVERED);
    await served(path, async () => {}, { warmUp });
    assert.deepEqual(warmed, [path, "1.5,1.5"]);
  });

  it("is freed if its warmup fails", async () => {
    const { loading } = loader("tensorflow", { warmUp: () => Promise.reject(new Error("cold")) });
    await assert.rejects(loading.load(id, written("cold", UNCOVERED)), /cold/);
  });

  it("may not touch files, unless that is allowed", async () => {
    const path = written("writing", WRITING);
    const target = join(folder, "target");
    const input: Tensor = { dtype: "string", shape: [], data: [new TextEncoder().encode(target)] };
    await assert.rejects(loader("tensorflow").loading.load(id, path), {
      code: Code.FAILED_PRECONDITION,
      message:
        "The model can't be served: it has an operation that reads or writes files: WriteFile (node write). " +
        "A model could so read or change whatever the server may; --allow_file_ops lets it, " +
        "if all models come from where you trust",
    });
    await served(
      path,
      async (servable) => {
        assert.deepEqual(await run(servable, "serving_default", [input], ["done"]), [input.data]);
        assert.equal(readFileSync(target, "utf8"), "written");
      },
      { allowsFileOps: true },
    );
  });

  it("lets no one run a part of its graph that touches files", async () => {
    const path = written("partly", { ...WRITING, outputs: [{ name: "free", dtype: "string", shape: [] }] });
    const feeds = new Map<string, Tensor>([
      ["path", { dtype: "string", shape: [], data: [new TextEncoder().encode(join(folder, "other"))] }],
    ]);
    await served(path, async (servable) => {
      (await servable.runGraph!({ feeds, fetches: ["free"], targets: [] })).dispose();
      for (const asked of [
        { fetches: ["done:0"], targets: [] },
        { fetches: [], targets: ["write"] },
      ]) {
        await assert.rejects(servable.runGraph!({ feeds, ...asked }), {
          code: Code.PERMISSION_DENIED,
          message: /can't be run, as it reads or writes files/,
        });
      }
    });
  });
});

describe("the choice of an engine", { skip: skipWithoutLibrary }, () => {
  it("is TensorFlow for what the importer doesn't cover, and is in the log", async () => {
    const { loading, lines } = loader("auto");
    const covered = await loading.load(id, join(MODELS, "half_plus_two/123"));
    assert.equal(covered.engine, "onnxruntime");
    assert.ok(
      lines.some((line) => line.endsWith("Engine: onnxruntime; the importer covers every signature")),
    );
    const payload = await loading.load(id, written("uncovered", UNCOVERED));
    assert.equal(payload.engine, "tensorflow");
    assert.ok(
      lines.some((line) =>
        line.endsWith("Engine: tensorflow; the importer doesn't cover this op: IsotonicRegression (node y)"),
      ),
      lines.join("\n"),
    );
    await loading.unload(covered);
    await loading.unload(payload);
  });

  it("is the model's own before the server's", async () => {
    const models = new Map([["m", "tensorflow"]] as const);
    const engines = { ...IMPORT_ONLY, models, tensorflowLibrary: foundLibrary! };
    const { loading } = loader("onnxruntime", { engines });
    const payload = await loading.load(id, join(MODELS, "half_plus_two/123"));
    assert.equal(payload.engine, "tensorflow");
    await loading.unload(payload);
    const other = await loading.load({ name: "other", version: 1n }, join(MODELS, "half_plus_two/123"));
    assert.equal(other.engine, "onnxruntime");
    await loading.unload(other);
  });

  it("doesn't put a broken model right", async () => {
    const path = join(folder, "broken");
    cpSync(join(MODELS, "half_plus_two/123"), path, { recursive: true });
    writeFileSync(join(path, "saved_model.pb"), "no model");
    await assert.rejects(loader("auto").loading.load(id, path), { code: Code.DATA_LOSS });
  });
});
