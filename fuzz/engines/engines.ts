import type { OnnxEngine } from "../../src/engines/engine.ts";
import type { Servable } from "../../src/lifecycle/servable.ts";
import { type EnginePair, loadOnBoth } from "../../src/loaders/engine-pair.ts";
import { asStatusError, formatStatus } from "../../src/status/status.ts";
import { fileStorage } from "../../src/storage/file.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { ComparingServable } from "../../src/verification/comparing-servable.ts";
import { Comparison } from "../../src/verification/comparison.ts";
import { madeRequest } from "../../src/verification/made-requests.ts";
import { SeededRandom } from "../../src/verification/seeded-random.ts";
import { type KnownDifference, knownDifference } from "./known-differences.ts";
import { casesOf, type FuzzedModel } from "./models.ts";
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

/**
 * Asks a model, on both engines, random requests that fit its signatures, for a time. Its state is what earlier requests have
 * made it: of a model that has one, all are needed to see a difference again.
 */
export async function fuzzEngines(model: FuzzedModel, options: EngineFuzzOptions): Promise<ModelResult> {
  const { engine, library, milliseconds, seed } = options;
  let pair: EnginePair;
  try {
    pair = await loadOnBoth(model.folder, { storage: fileStorage, engine, library, tags: model.tags });
  } catch (error) {
    const skipped = formatStatus(asStatusError(error));
    return { model: model.name, inputs: 0, compared: 0, refused: 0, differences: [], skipped };
  }
  try {
    const comparison = new Comparison({ incomparable: pair.incomparable });
    const both = new ComparingServable(pair.imported, pair.tensorflow, comparison);
    const requests = new Requests(model, both, pair.unbounded);
    const end = performance.now() + milliseconds;
    let inputs = 0;
    do {
      const request = requests.make(seed + inputs++);
      if (request === undefined) continue;
      await both.run(request.signature, request.inputs, request.outputs).then(
        (result) => result.dispose(),
        () => {},
      );
    } while (performance.now() < end && requests.isAny);
    const differences = comparison.disagreements.map((found): EngineDifference => {
      const { signature, output, problem } = found;
      const known = knownDifference(model.name, found);
      return { model: model.name, signature, output, seed: seed + found.run, problem, known };
    });
    const refused = [...comparison.signatures.values()].reduce((sum, each) => sum + each.refused, 0);
    return {
      model: model.name,
      inputs: comparison.runs,
      compared: comparison.compared,
      refused,
      differences,
      skipped: undefined,
    };
  } finally {
    await pair.release();
  }
}

interface Request {
  readonly signature: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
}

class Requests {
  readonly #servable: Servable;
  readonly #unbounded: ReadonlySet<string>;
  readonly #keys: readonly string[];
  readonly #cases: ReadonlyMap<string, readonly (readonly Tensor[])[]>;

  constructor(model: FuzzedModel, servable: Servable, unbounded: ReadonlySet<string>) {
    this.#unbounded = unbounded;
    this.#servable = servable;
    this.#keys = [...servable.signatures.keys()].filter(
      (key) => servable.signatures.get(key)!.outputs.size > 0,
    );
    this.#cases = new Map(
      [...servable.signatures].map(([key, signature]) => [key, casesOf(model, key, signature)]),
    );
  }

  get isAny(): boolean {
    return this.#keys.length > 0;
  }

  /** Of its own seed alone. */
  make(seed: number): Request | undefined {
    if (!this.isAny) return undefined;
    const random = new SeededRandom(seed);
    const key = random.pick(this.#keys);
    const signature = this.#servable.signatures.get(key)!;
    const cases = this.#cases.get(key)!;
    const inputs =
      cases.length > 0 && random.chance(FROM_CASES)
        ? variedCase(random.pick(cases), freeInputs(signature.inputs.values()), random)
        : madeRequest(signature, seed, this.#unbounded.has(key) ? "ordinary values" : "any values");
    return inputs && { signature: key, inputs, outputs: [...signature.outputs.keys()] };
  }
}

function freeInputs(specs: Iterable<{ readonly shape: readonly number[] | undefined }>): ReadonlySet<number> {
  const free = [...specs].map(({ shape }, position) => ((shape?.[0] ?? 0) < 0 ? position : -1));
  return new Set(free.filter((position) => position >= 0));
}
