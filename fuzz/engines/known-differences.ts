import type { Disagreement } from "../../src/verification/comparison.ts";

/** A difference that was looked at, and is none of a request that anybody would send. */
export interface KnownDifference {
  /** Which it is: what is said of it. */
  readonly problem: RegExp;
  readonly reason: string;
}

const KNOWN: readonly KnownDifference[] = [
  {
    problem: /TensorFlow fails with INVALID_ARGUMENT: \S+ is both fed and fetched/,
    reason: "TensorFlow refuses a signature that hands an input on as it is; the importer answers it",
  },
  {
    problem: /TensorFlow fails with INVALID_ARGUMENT: ConcatOp : Dimension \d+ in both shapes must be equal/,
    reason: "ONNX Runtime's Concat passes over empty tensors, whatever their other dimensions are",
  },
  {
    problem:
      /is answered, where TensorFlow fails with INVALID_ARGUMENT: Requires start <= limit when delta > 0/,
    reason: "ONNX's Range of a limit that can't be reached is empty",
  },
];

/** Models that can't be tried with random requests, by `NAME/`: TensorFlow itself, its Python package too, doesn't survive them. */
const CRASHES: Readonly<Record<string, string>> = {
  "tf1_sequence_example/":
    "TensorFlow writes beyond its memory when it parses damaged SequenceExamples, and ends the process",
  "tf2_while_tensorarray/": "a loop of the model doesn't end for some of its inputs",
  "tf1_sparse_components/": "TensorFlow ends the process for a sparse tensor with a negative size",
};

/** The first that fits; undefined for a difference that nobody has looked at. */
export function knownDifference({ problem }: Disagreement): KnownDifference | undefined {
  return KNOWN.find((known) => known.problem.test(problem));
}

/** Why a model can't be tried. */
export function knownCrash(model: string): string | undefined {
  return Object.entries(CRASHES).find(([start]) => model.startsWith(start))?.[1];
}
