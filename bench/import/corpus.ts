import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type CorpusCase, decodeTensor } from "../../conformance/corpus-case.ts";
import { savedModelsBelow } from "../../conformance/corpus-model.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** A model of a corpus folder with the request that is timed. */
export interface CorpusModel {
  readonly name: string;
  /** The folder that has the case's files. */
  readonly folder: string;
  readonly version: string;
  readonly tags: readonly string[];
  readonly case: TimedCase;
  /** The case's position in cases.json. */
  readonly position: number;
}

/** Of method `classify` or `regress`: serialized Examples in place of inputs. */
export type TimedCase = Omit<CorpusCase, "inputs"> & {
  readonly inputs?: CorpusCase["inputs"];
  readonly examples?: readonly string[];
};

/** The SavedModels below a folder, each with its first case that TensorFlow answers. */
export function corpusModels(root: string, prefixes: readonly string[]): readonly CorpusModel[] {
  return savedModelsBelow(root)
    .filter(
      (folder) => prefixes.length === 0 || prefixes.some((prefix) => basename(folder).startsWith(prefix)),
    )
    .flatMap((folder) => {
      const { tags } = read(folder, "model.json") as { readonly tags: readonly string[] };
      const cases = read(folder, "cases.json") as readonly TimedCase[];
      const position = cases.findIndex((one) => one.error === undefined);
      const found = cases[position];
      if (found === undefined) return [];
      const version = String(found.version ?? latestVersion(folder));
      return [{ name: basename(folder), folder, version, tags, case: found, position }];
    });
}

function read(folder: string, file: string): unknown {
  return JSON.parse(readFileSync(join(folder, file), "utf8"));
}

function latestVersion(folder: string): number {
  return Math.max(
    ...readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  );
}

/** The request's tensors by the signature's names. @param inputs those names. */
export function requestOf(model: CorpusModel, inputs: Iterable<string>): ReadonlyMap<string, Tensor> {
  const { examples, inputs: given } = model.case;
  if (examples !== undefined) {
    const data = examples.map((text) => Buffer.from(text, "base64"));
    return new Map([...inputs].map((key) => [key, { dtype: "string", shape: [data.length], data }]));
  }
  return new Map(
    Object.entries(given ?? {}).map(([key, tensor]) => [key, decodeTensor(model.folder, tensor)]),
  );
}
