import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { OnnxEngine } from "../src/engines/engine.ts";
import { type EngineSettings, IMPORT_ONLY } from "../src/engines/engine-choice.ts";
import { type Classifications, classify } from "../src/inference/classify.ts";
import { predict } from "../src/inference/predict.ts";
import { regress } from "../src/inference/regress.ts";
import { ServableMap } from "../src/lifecycle/servable-map.ts";
import { SavedModelLoading } from "../src/loaders/saved-model-loading.ts";
import { attachServable, ThreadEngines } from "../src/loaders/thread-engines.ts";
import { asStatusError, codeName, formatStatus } from "../src/status/status.ts";
import { fileStorage } from "../src/storage/file.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { type CorpusCase, decodeTensor, difference } from "./corpus-case.ts";

/** What a model's model.json says. */
interface ModelDescription {
  readonly name: string;
  readonly platform: string;
  readonly tags: readonly string[];
}

const silent = { info() {}, warning() {}, error() {} };

/** The folders below `root` that hold SavedModels with cases. */
export function savedModelsBelow(root: string): readonly string[] {
  const folders = readdirSync(root)
    .sort()
    .map((name) => join(root, name));
  return folders.filter(
    (folder) => existsSync(join(folder, "model.json")) && describe(folder).platform === "tensorflow",
  );
}

function describe(folder: string): ModelDescription {
  return JSON.parse(readFileSync(join(folder, "model.json"), "utf8")) as ModelDescription;
}

/**
 * Loads every version of a model and asks all of its cases.
 * @param engines which engine runs it; by default it is imported.
 * @returns what the first answer that differs is, or undefined.
 * @throws StatusError if a version can't be loaded.
 */
export async function checkModel(
  folder: string,
  engine: OnnxEngine,
  engines: EngineSettings = IMPORT_ONLY,
): Promise<string | undefined> {
  const { name, tags } = describe(folder);
  const cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as CorpusCase[];
  const loading = new SavedModelLoading({ storage: fileStorage, engine, engines, tags, log: silent });
  const threadEngines = new ThreadEngines(engine);
  const map = new ServableMap();
  const unload: (() => Promise<void>)[] = [];
  try {
    for (const version of readdirSync(folder).filter((entry) => /^\d+$/.test(entry))) {
      const payload = await loading.load({ name, version: BigInt(version) }, join(folder, version));
      const servable = await attachServable(payload, threadEngines, 0);
      map.add(servable);
      unload.push(() => {
        servable.release();
        return loading.unload(payload);
      });
    }
    for (const [i, wanted] of cases.entries()) {
      const problem = await runCase(map, folder, name, wanted);
      if (problem !== undefined) return `case ${i}: ${problem}`;
    }
    return undefined;
  } finally {
    for (const end of unload) await end();
  }
}

async function runCase(
  map: ServableMap,
  folder: string,
  name: string,
  wanted: CorpusCase,
): Promise<string | undefined> {
  try {
    const answer = await ask(map, folder, name, wanted);
    try {
      if (wanted.error !== undefined) return `answered where ${wanted.error.code} was expected`;
      for (const [key, expected] of Object.entries(wanted.outputs ?? {})) {
        const got = answer.outputs.get(key);
        if (got === undefined) return `no output ${key}`;
        const problem = difference(got, folder, expected, key, wanted);
        if (problem !== undefined) return problem;
      }
      return undefined;
    } finally {
      answer.dispose();
    }
  } catch (error) {
    const status = asStatusError(error);
    return wanted.error?.code === codeName(status.code) ? undefined : formatStatus(status);
  }
}

interface Answer {
  readonly outputs: ReadonlyMap<string, Tensor>;
  dispose(): void;
}

async function ask(map: ServableMap, folder: string, name: string, wanted: CorpusCase): Promise<Answer> {
  const version = wanted.version === undefined ? undefined : BigInt(wanted.version);
  const model = { name, version, signatureName: wanted.signature };
  if (wanted.method === "predict") {
    const inputs = Object.entries(wanted.inputs ?? {});
    const response = await predict(map, {
      model,
      inputs: new Map(inputs.map(([key, tensor]) => [key, decodeTensor(folder, tensor)])),
      outputFilter: wanted.output_filter ?? [],
    });
    const outputs = new Map(response.outputs.map((key, i) => [key, response.tensors[i]!]));
    return { outputs, dispose: () => response.dispose() };
  }
  const request = { model, examples: (wanted.examples ?? []).map((text) => Buffer.from(text, "base64")) };
  const options = { checksMethodName: true };
  const outputs =
    wanted.method === "classify"
      ? classTensors((await classify(map, request, options)).result)
      : new Map([["outputs", vector((await regress(map, request, options)).result)]]);
  return { outputs, dispose() {} };
}

function vector(values: readonly number[]): Tensor {
  return { dtype: "float32", shape: [values.length], data: Float32Array.from(values) };
}

/** `classes` and `scores`, [batch, n]. */
function classTensors(examples: Classifications): ReadonlyMap<string, Tensor> {
  const shape = [examples.length, examples[0]?.length ?? 0];
  const all = examples.flat();
  return new Map<string, Tensor>([
    ["classes", { dtype: "string", shape, data: all.map(({ label }) => label ?? new Uint8Array(0)) }],
    ["scores", { dtype: "float32", shape, data: Float32Array.from(all, ({ score }) => score ?? 0) }],
  ]);
}
