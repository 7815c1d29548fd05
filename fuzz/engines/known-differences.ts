import type { Disagreement } from "../../src/verification/comparison.ts";

/** A difference that is no defect of the importer's. */
export interface KnownDifference {
  /** Which: the model, as `NAME/VERSION`, and what is said of the difference. */
  readonly model: RegExp;
  readonly problem: RegExp;
  readonly reason: string;
}

const KNOWN: readonly KnownDifference[] = [];

/** The first that fits; undefined for a difference that nobody has looked at. */
export function knownDifference(model: string, { problem }: Disagreement): KnownDifference | undefined {
  return KNOWN.find((known) => known.model.test(model) && known.problem.test(problem));
}
