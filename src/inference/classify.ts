import type { ServableLookup, Signature } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { failedPrecondition, invalidArgument } from "../status/status.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  askWithExamples,
  type ExamplesMethod,
  type ExamplesOptions,
  type ExamplesRequest,
  type ExamplesResponse,
} from "./examples.ts";
import { signatureText } from "./signature-text.ts";

/** A class that an example may be of. What the signature doesn't compute is undefined. */
export interface ClassScore {
  readonly label: Uint8Array | undefined;
  readonly score: number | undefined;
}

/** The classes of each example. */
export type Classifications = readonly (readonly ClassScore[])[];

const INPUTS = "inputs";
const CLASSES = "classes";
const SCORES = "scores";

/** tensorflow/serving/classify: labels, scores or both of each example. */
export const classification: ExamplesMethod<Classifications> = {
  methodName: "tensorflow/serving/classify",
  outputs: (signature) => {
    const { inputs, outputs } = signature;
    if (outputs.size !== 1 && outputs.size !== 2) {
      throw invalidArgument(`Expected one or two output Tensors, found ${outputs.size}`);
    }
    if (!inputs.has(INPUTS)) {
      throw failedPrecondition(`No classification inputs found in SignatureDef: ${signatureText(signature)}`);
    }
    return outputKeys(signature);
  },
  result: (outputs, count) => {
    const [classes, scores] = [outputs.get(CLASSES), outputs.get(SCORES)];
    if (classes !== undefined) checkOutput(CLASSES, classes, "string", count);
    if (scores !== undefined) checkOutput(SCORES, scores, "float32", count);
    const width = (classes ?? scores)!.shape[1]!;
    if (classes !== undefined && scores !== undefined && scores.shape[1] !== width) {
      throw invalidArgument(
        `Tensors class and score should match in dim_size(1). Got ${width} vs. ${scores.shape[1]}`,
      );
    }
    const labels = classes?.data as readonly Uint8Array[] | undefined;
    const values = scores?.data as Float32Array | undefined;
    return Array.from({ length: count }, (_, row) =>
      Array.from({ length: width }, (_, column): ClassScore => {
        const at = row * width + column;
        return { label: labels?.[at], score: values?.[at] };
      }),
    );
  },
};

/**
 * Answers a Classify request.
 * @throws StatusError (or rejects with one): NOT_FOUND, INVALID_ARGUMENT, FAILED_PRECONDITION, or the engine's.
 */
export function classify(
  lookup: ServableLookup,
  request: ExamplesRequest,
  options: ExamplesOptions,
  cancellation?: Cancellation,
): ExamplesResponse<Classifications> | Promise<ExamplesResponse<Classifications>> {
  return askWithExamples(lookup, request, classification, options, cancellation);
}

function outputKeys(signature: Signature): readonly string[] {
  const keys = [CLASSES, SCORES].filter((key) => signature.outputs.has(key));
  if (keys.length > 0) return keys;
  throw failedPrecondition(
    `Expected classification signature outputs to contain at least one of "${CLASSES}" or "${SCORES}". ` +
      `Signature was: ${signatureText(signature)}`,
  );
}

function checkOutput(name: string, { dtype, shape }: Tensor, wanted: Tensor["dtype"], count: number): void {
  if (shape.length !== 2) {
    throw invalidArgument(`Expected Tensor shape: [batch_size num_classes] but got ${formatShape(shape)}`);
  }
  if (dtype !== wanted) {
    throw invalidArgument(
      `Expected ${name} Tensor of ${dtypeInfo(wanted).protoName}. Got: ${dtypeInfo(dtype).protoName}`,
    );
  }
  if (shape[0] !== count) {
    throw invalidArgument(`Expected ${name} output batch size of ${count}. Got: ${shape[0]}`);
  }
}
