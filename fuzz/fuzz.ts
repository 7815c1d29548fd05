import fc from "fast-check";
import { mutated } from "./mutations.ts";
import type { FuzzTarget } from "./target.ts";

export interface FuzzResult {
  readonly target: string;
  readonly inputs: number;
  /** Undefined if nothing was found. */
  readonly failure:
    | { readonly input: Uint8Array; readonly error: unknown; readonly seed: number }
    | undefined;
}

/** Between looks at the clock. */
const INPUTS_PER_ROUND = 200;

/** Longer for one input is a defect of its own: something in it grows faster than the input. */
const LONGEST_MILLISECONDS = 5000;

/** Tries inputs on a target for a time, or until one fails, which is then made as small as possible. */
export async function fuzz(target: FuzzTarget, milliseconds: number, firstSeed: number): Promise<FuzzResult> {
  const end = performance.now() + milliseconds;
  let inputs = 0;
  for (let seed = firstSeed; performance.now() < end; seed++) {
    const property = fc.asyncProperty(mutated(target.seeds), async (input) => {
      inputs++;
      const start = performance.now();
      await target.run(input);
      const took = performance.now() - start;
      if (took > LONGEST_MILLISECONDS)
        throw new Error(`took ${Math.round(took)} ms for ${input.length} bytes`);
    });
    const result = await fc.check(property, { seed, numRuns: INPUTS_PER_ROUND });
    if (result.failed) {
      const [input] = result.counterexample ?? [new Uint8Array(0)];
      return { target: target.name, inputs, failure: { input, error: result.errorInstance, seed } };
    }
  }
  return { target: target.name, inputs, failure: undefined };
}
