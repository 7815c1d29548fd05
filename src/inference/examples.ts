import type { RunResult } from "../engines/engine.ts";
import type { ServableHandle, ServableId, ServableLookup, Signature } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { invalidArgument } from "../status/status.ts";
import { dataTypeString } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { DEFAULT_SIGNATURE, type ModelSpec } from "./predict.ts";

// What Classify, Regress and MultiInference have in common: a signature whose one input takes serialized tf.Examples.
// Error texts are those of TensorFlow Serving's classifier.cc, regressor.cc and util.cc, which clients match on.

export interface ExamplesRequest {
  readonly model: ModelSpec;
  /** Serialized tf.Examples. */
  readonly examples: readonly Uint8Array[];
}

export interface ExamplesOptions {
  /** Refuse signatures whose method name is another (--enable_signature_method_name_check). */
  readonly checksMethodName: boolean;
}

/** What a kind of request asks of a signature, and makes of its outputs. */
export interface ExamplesMethod<T> {
  readonly methodName: string;
  /**
   * The keys of the outputs to compute.
   * @throws StatusError if the signature isn't one for this kind of request.
   */
  readonly outputs: (signature: Signature) => readonly string[];
  /** @throws StatusError if the outputs aren't what they must be. */
  readonly result: (outputs: ReadonlyMap<string, Tensor>, count: number) => T;
}

export interface ExamplesResponse<T> {
  readonly id: ServableId;
  readonly signatureName: string;
  readonly result: T;
}

/** Answers one request. Returns without a promise when the model runs on this thread. */
export function askWithExamples<T>(
  lookup: ServableLookup,
  { model, examples }: ExamplesRequest,
  method: ExamplesMethod<T>,
  options: ExamplesOptions,
  cancellation?: Cancellation,
): ExamplesResponse<T> | Promise<ExamplesResponse<T>> {
  const handle = lookup.acquire(model);
  const signatureName = model.signatureName || DEFAULT_SIGNATURE;
  try {
    const signature = handle.signatures.get(signatureName);
    if (signature === undefined) {
      throw invalidArgument(`No signature was found with the name: ${signatureName}`);
    }
    const outputs = outputsForExamples(signature, method, options);
    const result = runWithExamples(handle, signatureName, outputs, examples, method, cancellation);
    const respond = (value: T): ExamplesResponse<T> => {
      handle.release();
      return { id: handle.id, signatureName, result: value };
    };
    if (!(result instanceof Promise)) return respond(result);
    return result.then(respond, (error: unknown) => {
      handle.release();
      throw error;
    });
  } catch (error) {
    handle.release();
    throw error;
  }
}

/**
 * The keys of the outputs to compute.
 * @throws StatusError if the signature isn't one for this kind of request.
 */
export function outputsForExamples<T>(
  signature: Signature,
  method: ExamplesMethod<T>,
  { checksMethodName }: ExamplesOptions,
): readonly string[] {
  if (checksMethodName && signature.methodName !== method.methodName) {
    const kind = method.methodName.endsWith("classify") ? "classification" : "regression";
    throw invalidArgument(
      `Expected ${kind} signature method_name to be ${method.methodName}. Was: ${signature.methodName}`,
    );
  }
  if (signature.inputs.size !== 1) throw invalidArgument("Expected one input Tensor.");
  return method.outputs(signature);
}

/** Runs one signature of a version. @param outputs as of {@link outputsForExamples}. */
export function runWithExamples<T>(
  handle: ServableHandle,
  signatureName: string,
  outputs: readonly string[],
  examples: readonly Uint8Array[],
  method: ExamplesMethod<T>,
  cancellation?: Cancellation,
): T | Promise<T> {
  if (examples.length === 0) throw invalidArgument("Input is empty.");
  checkInput(handle.signatures.get(signatureName)!);
  const input: Tensor = { dtype: "string", shape: [examples.length], data: examples };
  const finish = (run: RunResult): T => {
    try {
      return method.result(new Map(outputs.map((key, i) => [key, run.tensors[i]!])), examples.length);
    } finally {
      run.dispose();
    }
  };
  const run = handle.run(signatureName, [input], outputs, cancellation);
  return run instanceof Promise ? run.then(finish) : finish(run);
}

/** The text is that of TensorFlow's session, which is fed the examples whatever the signature declares. */
function checkInput({ inputs }: Signature): void {
  for (const { dtype } of inputs.values()) {
    if (dtype === "string") continue;
    throw invalidArgument(`Expects arg[0] to be ${dataTypeString(dtype)} but string is provided`);
  }
}
