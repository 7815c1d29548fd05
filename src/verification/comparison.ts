import type { RunResult } from "../engines/engine.ts";
import { asStatusError, type Code, codeName, formatStatus } from "../status/status.ts";
import { type Tolerance, tensorDifference } from "./tensor-difference.ts";

/** How a run ended. */
export type Outcome =
  | { readonly result: RunResult; readonly error?: undefined }
  | { readonly result?: undefined; readonly error: unknown };

/** Where two engines disagree. */
export interface Disagreement {
  readonly signature: string;
  /** Undefined if it is about the run as a whole: one engine refused it, or for another reason. */
  readonly output: string | undefined;
  /** The position of the run among all, from 0. */
  readonly run: number;
  readonly problem: string;
}

/** What is known of one output of a signature. */
export interface OutputComparison {
  /** Runs whose values were compared. */
  readonly compared: number;
  readonly maxAbsolute: number;
  readonly maxRelative: number;
  /** Runs in which the output differed by more than the tolerance. */
  readonly differing: number;
  /** Why its values can't be compared; undefined if they can. */
  readonly incomparable: string | undefined;
}

export interface SignatureComparison {
  readonly outputs: ReadonlyMap<string, OutputComparison>;
  /** Runs that both engines refused with the same code. */
  readonly refused: number;
  /** What they refused them with. */
  readonly codes: ReadonlySet<Code>;
  /** Runs that one engine refused and the other didn't, or for another reason. */
  readonly endedDifferently: number;
}

type Counting<T> = { -readonly [K in keyof T]: T[K] };

interface Counts extends Counting<Omit<SignatureComparison, "outputs" | "codes">> {
  readonly outputs: Map<string, Counting<OutputComparison>>;
  readonly codes: Set<Code>;
}

/** Why outputs can't be compared, by signature and output. */
export type IncomparableOutputs = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface ComparisonOptions {
  /** What takes the place of each type's tolerance. */
  readonly tolerance?: Partial<Tolerance>;
  readonly incomparable?: IncomparableOutputs;
}

const KEPT_DISAGREEMENTS = 100;

/** Counts in which runs two engines agree: the one that is judged, and the one that is right. */
export class Comparison {
  readonly #options: ComparisonOptions;
  readonly #signatures = new Map<string, Counts>();
  readonly #disagreements: Disagreement[] = [];
  #runs = 0;

  constructor(options: ComparisonOptions = {}) {
    this.#options = options;
  }

  /** How many runs there were. */
  get runs(): number {
    return this.#runs;
  }

  get signatures(): ReadonlyMap<string, SignatureComparison> {
    return this.#signatures;
  }

  /** The first of each output. */
  get disagreements(): readonly Disagreement[] {
    return this.#disagreements;
  }

  /** How many values of outputs were compared, of all runs together. */
  get compared(): number {
    const outputs = [...this.#signatures.values()].flatMap((each) => [...each.outputs.values()]);
    return outputs.reduce((sum, { compared }) => sum + compared, 0);
  }

  /**
   * Compares how a run ended on both engines.
   * @param outputs which were computed, in the order of the results' tensors.
   * @returns what they disagree in.
   */
  add(
    signature: string,
    outputs: readonly string[],
    judged: Outcome,
    right: Outcome,
  ): readonly Disagreement[] {
    const run = this.#runs++;
    const counts = this.#countsOf(signature);
    const found: Disagreement[] = [];
    if (judged.result !== undefined && right.result !== undefined) {
      for (const [i, output] of outputs.entries()) {
        const into = this.#outputOf(signature, output);
        if (into.incomparable !== undefined) continue;
        const difference = tensorDifference(
          judged.result.tensors[i]!,
          right.result.tensors[i]!,
          this.#options.tolerance,
        );
        into.compared++;
        into.maxAbsolute = Math.max(into.maxAbsolute, difference.maxAbsolute);
        into.maxRelative = Math.max(into.maxRelative, difference.maxRelative);
        if (difference.problem === undefined) continue;
        if (into.differing++ === 0) this.#keep({ signature, output, run, problem: difference.problem });
        found.push({ signature, output, run, problem: difference.problem });
      }
      return found;
    }
    const problem = endDifference(judged, right);
    if (problem === undefined) {
      counts.refused++;
      counts.codes.add(asStatusError(right.error).code);
      return found;
    }
    if (counts.endedDifferently++ === 0) this.#keep({ signature, output: undefined, run, problem });
    return [{ signature, output: undefined, run, problem }];
  }

  #keep(disagreement: Disagreement): void {
    if (this.#disagreements.length < KEPT_DISAGREEMENTS) this.#disagreements.push(disagreement);
  }

  #countsOf(signature: string): Counts {
    let counts = this.#signatures.get(signature);
    if (counts === undefined) {
      counts = { outputs: new Map(), refused: 0, codes: new Set(), endedDifferently: 0 };
      this.#signatures.set(signature, counts);
    }
    return counts;
  }

  #outputOf(signature: string, output: string): Counting<OutputComparison> {
    const { outputs } = this.#countsOf(signature);
    let found = outputs.get(output);
    if (found === undefined) {
      const incomparable = this.#options.incomparable?.get(signature)?.get(output);
      found = { compared: 0, maxAbsolute: 0, maxRelative: 0, differing: 0, incomparable };
      outputs.set(output, found);
    }
    return found;
  }
}

/** What two runs of which at least one failed disagree in. */
function endDifference(judged: Outcome, right: Outcome): string | undefined {
  if (judged.result !== undefined)
    return `is answered, where TensorFlow fails with ${formatStatus(asStatusError(right.error))}`;
  const status = asStatusError(judged.error);
  if (right.result !== undefined) return `fails with ${formatStatus(status)}, where TensorFlow answers`;
  const expected = asStatusError(right.error);
  if (status.code === expected.code) return undefined;
  return `fails with ${formatStatus(status)}, where TensorFlow has ${codeName(expected.code)}: ${expected.message}`;
}
