import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type CorpusCase, decodeTensor } from "../../conformance/corpus-case.ts";
import type { Signature } from "../../src/lifecycle/servable.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Tolerance } from "../../src/verification/tensor-difference.ts";

/** A version of a model that is tried. */
export interface FuzzedModel {
  /** `NAME/VERSION`. */
  readonly name: string;
  readonly folder: string;
  readonly tags: readonly string[];
  /** Requests that it is known to take, from the `cases.json` beside its versions; may be empty. */
  readonly cases: readonly CorpusCase[];
}

/** The versions of all SavedModels below a folder that has one of models: NAME/VERSION/saved_model.pb. */
export function modelsBelow(root: string): readonly FuzzedModel[] {
  const found: FuzzedModel[] = [];
  for (const name of readdirSync(root).sort()) {
    const folder = join(root, name);
    const description = readJson<{ tags?: readonly string[]; platform?: string }>(join(folder, "model.json"));
    const cases = readJson<readonly CorpusCase[]>(join(folder, "cases.json")) ?? [];
    for (const version of versionsIn(folder)) {
      const tags = description?.tags ?? ["serve"];
      const own = cases.filter((each) => each.version === undefined || String(each.version) === version);
      found.push({ name: `${name}/${version}`, folder: join(folder, version), tags, cases: own });
    }
  }
  return found;
}

function versionsIn(folder: string): readonly string[] {
  if (!statSync(folder).isDirectory()) return [];
  const isModel = (name: string) =>
    ["saved_model.pb", "saved_model.pbtxt"].some((file) => existsSync(join(folder, name, file)));
  return readdirSync(folder).filter((name) => /^\d+$/.test(name) && isModel(name));
}

function readJson<T>(path: string): T | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : undefined;
}

/** The loosest tolerance of a model's cases, as for one that computes in a smaller type than it answers in. */
export function toleranceOf({ cases }: FuzzedModel): Tolerance | undefined {
  const given = cases.flatMap(({ tolerance }) =>
    tolerance === undefined ? [] : [tolerance, ...Object.values(tolerance.by_output ?? {})],
  );
  if (given.length === 0) return undefined;
  const loosest = (of: (each: (typeof given)[number]) => number) => Math.max(...given.map(of));
  return { relative: loosest(({ rtol }) => rtol), absolute: loosest(({ atol }) => atol) };
}

/** The inputs of the cases that were asked of a signature, in the order of the signature's inputs. */
export function casesOf(
  { folder, cases }: FuzzedModel,
  key: string,
  signature: Signature,
): readonly (readonly Tensor[])[] {
  const beside = join(folder, "..");
  const own = cases.filter(({ signature: name, method }) => name === key && method === "predict");
  return own.flatMap(({ inputs = {} }) => {
    const tensors = [...signature.inputs].map(([name, { defaultValue }]) => {
      const given = inputs[name];
      return given === undefined ? defaultValue : decodeTensor(beside, given);
    });
    const fits = [...signature.inputs.values()].every(({ dtype }, i) => tensors[i]?.dtype === dtype);
    return fits ? [tensors as Tensor[]] : [];
  });
}
