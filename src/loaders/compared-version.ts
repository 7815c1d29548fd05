import type { Servable, Signature } from "../lifecycle/servable.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ComparingServable } from "../verification/comparing-servable.ts";
import { Comparison, type ComparisonOptions } from "../verification/comparison.ts";
import { type EnginePair, type EnginePairOptions, loadOnBoth } from "./engine-pair.ts";

/** A version that is asked on both engines, and what is known of how they agree. */
export class ComparedVersion {
  readonly comparison: Comparison;
  readonly #folder: string;
  readonly #options: EnginePairOptions;
  #pair: EnginePair;
  #both: Servable;

  /** @throws StatusError (rejects) as {@link loadOnBoth}. */
  static async load(
    folder: string,
    options: EnginePairOptions,
    { tolerance = {} }: Pick<ComparisonOptions, "tolerance"> = {},
  ): Promise<ComparedVersion> {
    return new ComparedVersion(folder, options, tolerance, await loadOnBoth(folder, options));
  }

  private constructor(
    folder: string,
    options: EnginePairOptions,
    tolerance: ComparisonOptions["tolerance"] & {},
    pair: EnginePair,
  ) {
    this.#folder = folder;
    this.#options = options;
    this.comparison = new Comparison({ incomparable: pair.incomparable, tolerance });
    this.#pair = pair;
    this.#both = new ComparingServable(pair.imported, pair.tensorflow, this.comparison);
  }

  get signatures(): ReadonlyMap<string, Signature> {
    return this.#both.signatures;
  }

  /** What answers as TensorFlow does, and counts. The same until a request is refused. */
  get servable(): Servable {
    return this.#both;
  }

  /** Whether a signature has loops, which may take any number of rounds. */
  isUnbounded(signature: string): boolean {
    return this.#pair.unbounded.has(signature);
  }

  /**
   * Asks for all outputs of a signature. Where a request is refused that may have changed something by then, the version
   * is loaded anew: TensorFlow leaves what it had done, and the importer nothing.
   */
  async ask(signature: string, inputs: readonly Tensor[]): Promise<void> {
    const outputs = [...this.signatures.get(signature)!.outputs.keys()];
    try {
      const result = await this.#both.run(signature, inputs, outputs);
      result.dispose();
    } catch {
      // The comparison knows.
      if (this.#pair.changing.has(signature)) await this.#reload();
    }
  }

  release(): Promise<void> {
    return this.#pair.release();
  }

  async #reload(): Promise<void> {
    const pair = await loadOnBoth(this.#folder, this.#options);
    await this.#pair.release();
    this.#pair = pair;
    this.#both = new ComparingServable(pair.imported, pair.tensorflow, this.comparison);
  }
}
