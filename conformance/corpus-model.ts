import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../src/engines/engine.ts";
import { predict } from "../src/inference/predict.ts";
import { ServableMap } from "../src/lifecycle/servable-map.ts";
import { SavedModelLoading } from "../src/loaders/saved-model-loading.ts";
import { SavedModelServable } from "../src/loaders/saved-model-servable.ts";
import { asStatusError, codeName, formatStatus } from "../src/status/status.ts";
import { fileStorage } from "../src/storage/file.ts";
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
 * Loads every version of a model and asks all of its `predict` cases.
 * @returns what the first answer that differs is, or undefined.
 * @throws StatusError if a version can't be loaded.
 */
export async function checkModel(folder: string, engine: Engine): Promise<string | undefined> {
  const { name, tags } = describe(folder);
  const cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as CorpusCase[];
  const loading = new SavedModelLoading({ storage: fileStorage, engine, tags, log: silent });
  const map = new ServableMap();
  const unload: (() => Promise<void>)[] = [];
  try {
    for (const version of readdirSync(folder).filter((entry) => /^\d+$/.test(entry))) {
      const payload = await loading.load({ name, version: BigInt(version) }, join(folder, version));
      const servable = await SavedModelServable.attach(payload, engine, 0);
      map.add(servable);
      unload.push(() => {
        servable.release();
        return loading.unload(payload);
      });
    }
    for (const [i, wanted] of cases.entries()) {
      const problem = wanted.method === "predict" ? await runCase(map, folder, name, wanted) : undefined;
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
  const version = wanted.version === undefined ? undefined : BigInt(wanted.version);
  const inputs = new Map(
    Object.entries(wanted.inputs).map(([key, tensor]) => [key, decodeTensor(folder, tensor)]),
  );
  try {
    const response = await predict(map, {
      model: { name, version, signatureName: wanted.signature },
      inputs,
      outputFilter: wanted.output_filter ?? [],
    });
    try {
      if (wanted.error !== undefined) return `answered where ${wanted.error.code} was expected`;
      for (const [key, expected] of Object.entries(wanted.outputs ?? {})) {
        const at = response.outputs.indexOf(key);
        if (at < 0) return `no output ${key}`;
        const problem = difference(response.tensors[at]!, folder, expected, key, wanted);
        if (problem !== undefined) return problem;
      }
      return undefined;
    } finally {
      response.dispose();
    }
  } catch (error) {
    const status = asStatusError(error);
    return wanted.error?.code === codeName(status.code) ? undefined : formatStatus(status);
  }
}
