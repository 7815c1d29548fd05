import type { OnnxEngine } from "../../src/engines/engine.ts";
import { ComparedVersion } from "../../src/loaders/compared-version.ts";
import { asStatusError, formatStatus } from "../../src/status/status.ts";
import { fileStorage } from "../../src/storage/file.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { madeRequest } from "../../src/verification/made-requests.ts";
import { SeededRandom } from "../../src/verification/seeded-random.ts";
import { type KnownDifference, knownCrash, knownDifference } from "./known-differences.ts";
import { casesOf, type FuzzedModel, toleranceOf } from "./models.ts";
import { variedCase } from "./varied-case.ts";

/** How often a request is like one that the model is known to take, where there is one. */
const FROM_CASES = 0.5;

export interface EngineDifference {
  readonly model: string;
  readonly signature: string;
  readonly output: string | undefined;
  /** With which the model's first request is this one again. */
  readonly seed: number;
  readonly problem: string;
  /** Why it may be so; undefined for one that nobody has looked at. */
  readonly known: KnownDifference | undefined;
}

export interface ModelResult {
  readonly model: string;
  readonly inputs: number;
  /** Outputs whose values were compared. */
  readonly compared: number;
  /** Requests that both refused. */
  readonly refused: number;
  /** The first of each output. */
  readonly differences: readonly EngineDifference[];
  /** Why the model wasn't tried; undefined if it was. */
  readonly skipped: string | undefined;
}

export interface EngineFuzzOptions {
  readonly engine: OnnxEngine;
  /** The path of TensorFlow's library. */
  readonly library: string;
  readonly milliseconds: number;
  readonly seed: number;
}

const NOTHING = { inputs: 0, compared: 0, refused: 0, differences: [] };

/**
 * Asks a model, on both engines, random requests that fit its signatures, for a time. Its state is what earlier requests have
 * made it: of a model that has one, all are needed to see a difference again.
 */
export async function fuzzEngines(model: FuzzedModel, options: EngineFuzzOptions): Promise<ModelResult> {
  const { engine, library, milliseconds, seed } = options;
  const crash = knownCrash(model.name);
  if (crash !== undefined) return { ...NOTHING, model: model.name, skipped: crash };
  let version: ComparedVersion;
  try {
    const { folder, tags } = model;
    const loading = { storage: fileStorage, engine, library, tags };
    version = await ComparedVersion.load(folder, loading, { tolerance: toleranceOf(model) ?? {} });
  } catch (error) {
    const skipped = formatStatus(asStatusError(error));
    return { ...NOTHING, model: model.name, skipped };
  }
  const { comparison } = version;
  /** The seed of each request. */
  const seeds: number[] = [];
  try {
    const requests = new Requests(model, version);
    const end = performance.now() + milliseconds;
    for (let next = seed; requests.isAny && performance.now() < end; next++) {
      const request = requests.make(next);
      if (request === undefined) continue;
      seeds.push(next);
      await version.ask(request.signature, request.inputs);
    }
  } finally {
    await version.release();
  }
  const differences = comparison.disagreements.map((found): EngineDifference => {
    const { signature, output, problem, run } = found;
    const known = knownDifference(found);
    return { model: model.name, signature, output, seed: seeds[run]!, problem, known };
  });
  const refused = [...comparison.signatures.values()].reduce((sum, each) => sum + each.refused, 0);
  const { runs: inputs, compared } = comparison;
  return { model: model.name, inputs, compared, refused, differences, skipped: undefined };
}

interface Request {
  readonly signature: string;
  readonly inputs: readonly Tensor[];
}

class Requests {
  readonly #version: ComparedVersion;
  readonly #keys: readonly string[];
  readonly #cases: ReadonlyMap<string, readonly (readonly Tensor[])[]>;

  constructor(model: FuzzedModel, version: ComparedVersion) {
    const { signatures } = version;
    this.#version = version;
    this.#keys = [...signatures.keys()].filter((key) => signatures.get(key)!.outputs.size > 0);
    this.#cases = new Map([...signatures].map(([key, signature]) => [key, casesOf(model, key, signature)]));
  }

  get isAny(): boolean {
    return this.#keys.length > 0;
  }

  /** Of its own seed alone. */
  make(seed: number): Request | undefined {
    const random = new SeededRandom(seed);
    const key = random.pick(this.#keys);
    const signature = this.#version.signatures.get(key)!;
    const cases = this.#cases.get(key)!;
    const daring = this.#version.isUnbounded(key) ? "ordinary values" : "any values";
    const inputs =
      cases.length > 0 && random.chance(FROM_CASES)
        ? variedCase(random.pick(cases), freeInputs(signature.inputs.values()), random)
        : madeRequest(signature, seed, daring);
    return inputs && { signature: key, inputs };
  }
}

function freeInputs(specs: Iterable<{ readonly shape: readonly number[] | undefined }>): ReadonlySet<number> {
  const free = [...specs].map(({ shape }, position) => ((shape?.[0] ?? 0) < 0 ? position : -1));
  return new Set(free.filter((position) => position >= 0));
}
