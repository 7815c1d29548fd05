import type { RunResult } from "../engines/engine.ts";
import type { Servable, ServableId, Signature } from "../lifecycle/servable.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Comparison, Outcome } from "./comparison.ts";

/**
 * One version on two engines: each request runs on both, one after the other, so that what it changes both have
 * changed. It is answered as the one that is right does. The servables stay their owner's.
 */
export class ComparingServable implements Servable {
  readonly id: ServableId;
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly #judged: Servable;
  readonly #right: Servable;
  readonly #comparison: Comparison;

  constructor(judged: Servable, right: Servable, comparison: Comparison) {
    this.id = judged.id;
    this.signatures = judged.signatures;
    this.#judged = judged;
    this.#right = right;
    this.#comparison = comparison;
  }

  async run(signature: string, inputs: readonly Tensor[], outputs: readonly string[]): Promise<RunResult> {
    const judged = await outcomeOf(() => this.#judged.run(signature, inputs, outputs));
    const right = await outcomeOf(() => this.#right.run(signature, inputs, outputs));
    this.#comparison.add(signature, outputs, judged, right);
    judged.result?.dispose();
    if (right.result === undefined) throw right.error;
    return right.result;
  }

  signatureDefMap(): Uint8Array {
    return this.#judged.signatureDefMap();
  }
}

async function outcomeOf(run: () => RunResult | Promise<RunResult>): Promise<Outcome> {
  try {
    return { result: await run() };
  } catch (error) {
    return { error };
  }
}
