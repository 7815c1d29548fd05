import type { RunResult } from "../engines/engine.ts";
import type { ServableId, ServableLookup, ServableRequest, Signature } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { failedPrecondition, invalidArgument, type StatusError } from "../status/status.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { formatShape, isCompatible } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The signature that a request means when it names none. */
export const DEFAULT_SIGNATURE = "serving_default";

export interface ModelSpec extends ServableRequest {
  /** Empty means {@link DEFAULT_SIGNATURE}. */
  readonly signatureName: string;
}

export interface PredictRequest {
  readonly model: ModelSpec;
  /** The inputs, or what decodes them once the signature is known (JSON has no types of its own). */
  readonly inputs: ReadonlyMap<string, Tensor> | ((signature: Signature) => ReadonlyMap<string, Tensor>);
  /** Output keys that are wanted; empty means all. */
  readonly outputFilter: readonly string[];
  /** The error for a signature that the model doesn't have, where it isn't the Predict RPC's. */
  readonly unknownSignature?: (name: string) => StatusError;
}

export interface PredictResponse {
  readonly id: ServableId;
  readonly signatureName: string;
  /** Keys and tensors, in the same order. The tensors are valid until `dispose`. */
  readonly outputs: readonly string[];
  readonly tensors: readonly Tensor[];
  /** Frees the tensors and lets go of the version. Exactly once. */
  dispose(): void;
}

/**
 * Answers a Predict request. Returns without a promise when the model runs on this thread.
 * Error texts are those of TensorFlow Serving's predict_util.cc, which clients match on.
 * @throws StatusError (or rejects with one): NOT_FOUND, FAILED_PRECONDITION, INVALID_ARGUMENT, or the engine's.
 */
export function predict(
  lookup: ServableLookup,
  request: PredictRequest,
  cancellation?: Cancellation,
): PredictResponse | Promise<PredictResponse> {
  const handle = lookup.acquire(request.model);
  let result: RunResult | Promise<RunResult>;
  let outputs: readonly string[];
  const signatureName = request.model.signatureName || DEFAULT_SIGNATURE;
  try {
    const signature = handle.signatures.get(signatureName);
    if (signature === undefined) {
      const unknown = request.unknownSignature ?? unknownSignature;
      throw unknown(signatureName);
    }
    const given = typeof request.inputs === "function" ? request.inputs(signature) : request.inputs;
    const inputs = orderInputs(signature, given);
    outputs = selectOutputs(signature, request.outputFilter);
    result = handle.run(signatureName, inputs, outputs, cancellation);
  } catch (error) {
    handle.release();
    throw error;
  }
  const respond = (run: RunResult): PredictResponse => ({
    id: handle.id,
    signatureName,
    outputs,
    tensors: run.tensors,
    dispose() {
      run.dispose();
      handle.release();
    },
  });
  if (!(result instanceof Promise)) return respond(result);
  return result.then(respond, (error: unknown) => {
    handle.release();
    throw error;
  });
}

function unknownSignature(name: string): StatusError {
  return failedPrecondition(`Serving signature key "${name}" not found.`);
}

function orderInputs(signature: Signature, given: ReadonlyMap<string, Tensor>): Tensor[] {
  const ordered: Tensor[] = [];
  let taken = 0;
  for (const [key, spec] of signature.inputs) {
    const passed = given.get(key);
    const tensor = passed ?? spec.defaultValue;
    if (tensor === undefined) throw inputMismatch(signature, given);
    if (passed !== undefined) taken++;
    if (tensor.dtype !== spec.dtype) {
      throw invalidArgument(
        `input ${key} (tensor ${spec.tensorName}): expects dtype ${dtypeInfo(spec.dtype).protoName}, ` +
          `got ${dtypeInfo(tensor.dtype).protoName}`,
      );
    }
    if (!isCompatible(tensor.shape, spec.shape)) {
      throw invalidArgument(
        `input ${key} (tensor ${spec.tensorName}): expects shape ${formatShape(spec.shape)}, ` +
          `got ${formatShape(tensor.shape)}`,
      );
    }
    ordered.push(tensor);
  }
  if (taken !== given.size) throw inputMismatch(signature, given);
  return ordered;
}

function inputMismatch(signature: Signature, given: ReadonlyMap<string, Tensor>) {
  const sent = [...given.keys()].sort();
  const expected = [...signature.inputs.keys()].sort();
  const extra = sent.filter((key) => !signature.inputs.has(key));
  const missing = expected.filter(
    (key) => !given.has(key) && signature.inputs.get(key)!.defaultValue === undefined,
  );
  return invalidArgument(
    `input size does not match signature: ${sent.length}!=${expected.length} len({${sent.join(",")}}) != ` +
      `len({${expected.join(",")}}). Sent extra: {${extra.join(",")}}. Missing but required: {${missing.join(",")}}.`,
  );
}

function selectOutputs(signature: Signature, filter: readonly string[]): readonly string[] {
  if (filter.length === 0) return [...signature.outputs.keys()];
  const seen = new Set<string>();
  for (const key of filter) {
    if (!signature.outputs.has(key)) {
      throw invalidArgument(
        `output tensor alias not found in signature: ${key} Outputs expected to be in the set {${[
          ...signature.outputs.keys(),
        ]
          .sort()
          .join(",")}}.`,
      );
    }
    if (seen.has(key)) throw invalidArgument(`duplicate output tensor alias: ${key}`);
    seen.add(key);
  }
  return filter;
}
