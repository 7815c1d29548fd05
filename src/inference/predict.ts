import type { RunResult } from "../engines/engine.ts";
import type { ServableId, ServableLookup, ServableRequest, Signature } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { failedPrecondition, internal, invalidArgument, type StatusError } from "../status/status.ts";
import { dataTypeString } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The signature that a request means when it names none. */
export const DEFAULT_SIGNATURE = "serving_default";

export interface ModelSpec extends ServableRequest {
  /** Empty means {@link DEFAULT_SIGNATURE}. */
  readonly signatureName: string;
}

/** Tensors by their keys; `get` may be what reads one, and throw. */
export type NamedInputs = Pick<ReadonlyMap<string, Tensor>, "keys" | "has" | "get">;

export interface PredictRequest {
  readonly model: ModelSpec;
  /** The inputs, or what decodes them once the signature is known (JSON has no types of its own). */
  readonly inputs: NamedInputs | ((signature: Signature) => NamedInputs);
  /** Output keys that are wanted; empty means all. */
  readonly outputFilter: readonly string[];
  /** The error for a signature that the model doesn't have, where it isn't the Predict RPC's. */
  readonly unknownSignature?: (name: string) => StatusError;
}

export interface PredictOptions {
  /** Refuse signatures of an unknown method (--enable_signature_method_name_check). Default: false. */
  readonly checksMethodName?: boolean;
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
  options: PredictOptions = {},
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
    if (options.checksMethodName) checkMethodName(signature);
    const given = typeof request.inputs === "function" ? request.inputs(signature) : request.inputs;
    checkKeys(signature, given);
    const inputs = orderInputs(signature, given);
    outputs = selectOutputs(signature, request.outputFilter);
    checkTypes(signature, inputs);
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

const METHODS = ["predict", "classify", "regress"].map((method) => `tensorflow/serving/${method}`);

function checkMethodName({ methodName }: Signature): void {
  if (METHODS.includes(methodName)) return;
  throw internal(
    `Expected prediction signature method_name to be one of {${METHODS.join(", ")}}. Was: ${methodName}`,
  );
}

/** Whether the request has what the signature asks for, before any tensor is looked at. */
function checkKeys(signature: Signature, given: NamedInputs): void {
  const { inputs } = signature;
  const sent = [...given.keys()];
  const extra = sent.filter((key) => !inputs.has(key));
  const missing = [...inputs].filter(
    ([key, { defaultValue }]) => defaultValue === undefined && !given.has(key),
  );
  if (extra.length + missing.length === 0) return;
  if (sent.length === inputs.size && extra.length > 0) {
    throw invalidArgument(
      `input tensor alias not found in signature: ${extra[0]}. Inputs expected to be in the set ` +
        `${keySet(inputs.keys())}.`,
    );
  }
  throw invalidArgument(
    `input size does not match signature: ${sent.length}!=${inputs.size} len(${keySet(sent)}) != ` +
      `len(${keySet(inputs.keys())}). Sent extra: ${keySet(extra)}. ` +
      `Missing but required: ${keySet(missing.map(([key]) => key))}.`,
  );
}

function keySet(keys: Iterable<string>): string {
  return `{${[...keys].sort().join(",")}}`;
}

function orderInputs(signature: Signature, given: NamedInputs): Tensor[] {
  const ordered: Tensor[] = [];
  for (const [key, { defaultValue }] of signature.inputs) ordered.push(given.get(key) ?? defaultValue!);
  return ordered;
}

/** The text is that of TensorFlow's session, which counts the tensors that it is fed in the order of their names. */
function checkTypes(signature: Signature, tensors: readonly Tensor[]): void {
  const specs = [...signature.inputs.values()];
  if (specs.every(({ dtype }, i) => dtype === tensors[i]!.dtype)) return;
  const fed = specs.map((spec, i) => ({ ...spec, given: tensors[i]!.dtype }));
  fed.sort((a, b) => (a.tensorName < b.tensorName ? -1 : 1));
  const wrong = fed.findIndex(({ dtype, given }) => dtype !== given);
  const { dtype, given } = fed[wrong]!;
  throw invalidArgument(
    `Expects arg[${wrong}] to be ${dataTypeString(dtype)} but ${dataTypeString(given)} is provided`,
  );
}

function selectOutputs(signature: Signature, filter: readonly string[]): readonly string[] {
  if (filter.length === 0) return [...signature.outputs.keys()];
  const seen = new Set<string>();
  for (const key of filter) {
    if (!signature.outputs.has(key)) {
      throw invalidArgument(
        `output tensor alias not found in signature: ${key} Outputs expected to be in the set ` +
          `${keySet(signature.outputs.keys())}.`,
      );
    }
    if (seen.has(key)) throw invalidArgument(`duplicate output tensor alias: ${key}`);
    seen.add(key);
  }
  return filter;
}
