import type { ServableLookup } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { failedPrecondition, invalidArgument } from "../status/status.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { formatShape } from "../tensor/shape.ts";
import {
  askWithExamples,
  type ExamplesMethod,
  type ExamplesOptions,
  type ExamplesRequest,
  type ExamplesResponse,
} from "./examples.ts";
import { signatureText } from "./signature-text.ts";

/** A value of each example. */
export type Regressions = readonly number[];

const INPUTS = "inputs";
const OUTPUTS = "outputs";

/** tensorflow/serving/regress: one float of each example. */
export const regression: ExamplesMethod<Regressions> = {
  methodName: "tensorflow/serving/regress",
  outputs: (signature) => {
    if (signature.outputs.size !== 1) throw invalidArgument("Expected one output Tensor.");
    if (!signature.inputs.has(INPUTS)) {
      throw failedPrecondition(`No regression inputs found in SignatureDef: ${signatureText(signature)}`);
    }
    if (!signature.outputs.has(OUTPUTS)) {
      throw failedPrecondition(`No regression outputs found in SignatureDef: ${signatureText(signature)}`);
    }
    return [OUTPUTS];
  },
  result: (outputs, count) => {
    const { dtype, shape, data } = outputs.get(OUTPUTS)!;
    if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1)) {
      throw invalidArgument(
        `Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got ${formatShape(shape)}`,
      );
    }
    if (shape[0] !== count) {
      throw invalidArgument(`Input batch size did not match output batch size: ${count} vs. ${shape[0]}`);
    }
    if (dtype !== "float32") {
      throw invalidArgument(`Expected output Tensor of DT_FLOAT.  Got: ${dtypeInfo(dtype).protoName}`);
    }
    return Array.from(data as Float32Array);
  },
};

/**
 * Answers a Regress request.
 * @throws StatusError (or rejects with one): NOT_FOUND, INVALID_ARGUMENT, FAILED_PRECONDITION, or the engine's.
 */
export function regress(
  lookup: ServableLookup,
  request: ExamplesRequest,
  options: ExamplesOptions,
  cancellation?: Cancellation,
): ExamplesResponse<Regressions> | Promise<ExamplesResponse<Regressions>> {
  return askWithExamples(lookup, request, regression, options, cancellation);
}
