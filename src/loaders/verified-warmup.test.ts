import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { OnnxEngine, RunResult } from "../engines/engine.ts";
import { type EngineChoice, IMPORT_ONLY } from "../engines/engine-choice.ts";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { foundLibrary, skipWithoutLibrary } from "../engines/tensorflow/found-library.ts";
import type { Servable } from "../lifecycle/servable.ts";
import { fileStorage } from "../storage/file.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { SavedModelLoading, type SavedModelLoadingOptions } from "./saved-model-loading.ts";
import { attachServable, ThreadEngines } from "./thread-engines.ts";

const MODELS = fileURLToPath(new URL("../../fixtures/models", import.meta.url));
const HALF = join(MODELS, "half_plus_two/123");

const right = createOnnxRuntimeEngine({ intraOpThreads: 1 });

function wrong(result: RunResult): RunResult {
  const changed = result.tensors.map((tensor) => ({
    ...tensor,
    data: (tensor.data as Float32Array).map((value) => value + 1),
  }));
  result.dispose();
  return { tensors: changed as Tensor[], dispose() {} };
}

/** An engine whose answers are 1 too large; it counts the native sessions that it has. */
class WrongEngine implements OnnxEngine {
  readonly name = right.name;
  sessions = 0;
  shareWeights = right.shareWeights.bind(right);
  releaseWeights = right.releaseWeights.bind(right);

  create: OnnxEngine["create"] = async (...args) => {
    const session = await right.create(...args);
    this.sessions++;
    return session;
  };

  destroy: OnnxEngine["destroy"] = (session) => {
    right.destroy(session);
    this.sessions--;
  };

  attach: OnnxEngine["attach"] = (descriptor) => {
    const session = right.attach(descriptor);
    return {
      inputs: session.inputs,
      outputs: session.outputs,
      run: (inputs, outputs) => wrong(session.run(inputs, outputs)),
      runAsync: async (inputs, outputs) => wrong(await session.runAsync(inputs, outputs)),
      release: () => session.release(),
    };
  };
}

const x: Tensor = { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 5) };

async function ask(servable: Servable): Promise<unknown[]> {
  const result = await servable.run("serving_default", [x], ["y"]);
  const values = [...(result.tensors[0]!.data as Float32Array)];
  result.dispose();
  return values;
}

interface Loaded {
  readonly lines: readonly string[];
  readonly engine: string;
  /** What the version answers. */
  readonly answer: unknown;
  /** What warming it up was answered. */
  readonly warmup: readonly unknown[];
}

async function load(
  engine: OnnxEngine,
  choice: EngineChoice,
  more: Partial<SavedModelLoadingOptions> = {},
): Promise<Loaded> {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const warmup: unknown[] = [];
  const loading = new SavedModelLoading({
    storage: fileStorage,
    engine,
    engines: { ...IMPORT_ONLY, choice, tensorflowLibrary: foundLibrary ?? "" },
    tags: ["serve"],
    log: { info: () => {}, warning: write, error: write },
    warmUp: async (servable) => void warmup.push(await ask(servable)),
    verifies: async () => true,
    ...more,
  });
  const payload = await loading.load({ name: "m", version: 1n }, HALF);
  const servable = await attachServable(payload, new ThreadEngines(engine), 0);
  const answer = await ask(servable);
  servable.release();
  await loading.unload(payload);
  return { lines, engine: payload.engine, answer, warmup };
}

const DIFFERENCE = "signature serving_default, output y, request 0: y[0] is 3.5 instead of 2.5";

describe("an imported version that is compared with TensorFlow", { skip: skipWithoutLibrary }, () => {
  it("serves if it answers the same", async () => {
    const { lines, engine, answer, warmup } = await load(right, "auto");
    assert.deepEqual([lines, engine], [[], "onnxruntime"]);
    assert.deepEqual([answer, warmup], [[2.5, 3, 4.5], [[2.5, 3, 4.5]]]);
  });

  it("gives way to TensorFlow if it doesn't, and is freed", async () => {
    const wrong = new WrongEngine();
    const { lines, engine, answer } = await load(wrong, "auto");
    assert.deepEqual([engine, answer], ["tensorflow", [2.5, 3, 4.5]]);
    assert.equal(lines.length, 1);
    const said = lines[0] ?? "";
    assert.ok(said.includes(`${DIFFERENCE}. Engine: tensorflow; it serves the version instead`), said);
    assert.equal(wrong.sessions, 0);
  });

  it("serves all the same where only it may", async () => {
    const { lines, engine, answer } = await load(new WrongEngine(), "onnxruntime");
    assert.deepEqual([engine, answer], ["onnxruntime", [3.5, 4, 5.5]]);
    const said = lines[0] ?? "";
    assert.ok(
      said.includes(`${DIFFERENCE}. The imported version serves all the same, as --engine=onnxruntime asks`),
      said,
    );
  });

  it("is freed if what it is asked fails", async () => {
    const wrong = new WrongEngine();
    const warmUp = async (servable: Servable) => {
      await servable.run("serving_default", [{ ...x, shape: [1, 3] }], ["y"]);
      throw new Error("the warmup failed");
    };
    await assert.rejects(load(wrong, "auto", { warmUp }), /the warmup failed/);
    assert.equal(wrong.sessions, 0);
  });
});

describe("an imported version that can't be compared", () => {
  it("serves: it has nothing to be asked, or there is no TensorFlow", async () => {
    const { engine, warmup } = await load(right, "auto", { verifies: async () => false });
    assert.deepEqual([engine, warmup], ["onnxruntime", [[2.5, 3, 4.5]]]);
    const infos: string[] = [];
    const log = { info: (line: string) => void infos.push(line), warning() {}, error() {} };
    const engines = { ...IMPORT_ONLY, tensorflowLibrary: "/nowhere" };
    const missing = await load(right, "auto", { engines, log });
    assert.deepEqual([missing.engine, missing.warmup], ["onnxruntime", [[2.5, 3, 4.5]]]);
    assert.ok(
      infos.some((line) => line.startsWith("Not compared with TensorFlow: --tensorflow_library: /nowhere")),
    );
  });

  it("isn't loaded twice if it is TensorFlow's anyway", { skip: skipWithoutLibrary }, async () => {
    const verifies = () => assert.fail("there is nothing to compare");
    const { engine } = await load(right, "tensorflow", { verifies });
    assert.equal(engine, "tensorflow");
  });
});
