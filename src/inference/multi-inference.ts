import type { ServableHandle, ServableId, ServableLookup } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { invalidArgument, unimplemented } from "../status/status.ts";
import { type Classifications, classification } from "./classify.ts";
import { type ExamplesMethod, type ExamplesOptions, runWithExamples } from "./examples.ts";
import { DEFAULT_SIGNATURE, type ModelSpec } from "./predict.ts";
import { type Regressions, regression } from "./regress.ts";

export interface InferenceTask {
  readonly model: ModelSpec;
  /** That of {@link classification} or {@link regression}. */
  readonly methodName: string;
}

export interface MultiInferenceRequest {
  readonly tasks: readonly InferenceTask[];
  /** Serialized tf.Examples. */
  readonly examples: readonly Uint8Array[];
}

export type InferenceResult =
  | { readonly kind: "classification"; readonly signatureName: string; readonly result: Classifications }
  | { readonly kind: "regression"; readonly signatureName: string; readonly result: Regressions };

export interface MultiInferenceResponse {
  readonly id: ServableId;
  /** In the order of the tasks. */
  readonly results: readonly InferenceResult[];
}

/**
 * Asks several signatures of one version for the same examples. Error texts are those of TensorFlow Serving's
 * multi_inference.cc.
 * @throws rejects with StatusError: NOT_FOUND, INVALID_ARGUMENT, FAILED_PRECONDITION, UNIMPLEMENTED, or the engine's.
 */
export async function multiInference(
  lookup: ServableLookup,
  { tasks, examples }: MultiInferenceRequest,
  options: ExamplesOptions,
  cancellation?: Cancellation,
): Promise<MultiInferenceResponse> {
  const [first] = tasks;
  // As for a request without a ModelSpec.
  if (first === undefined || first.model.name === "")
    throw invalidArgument("ModelSpec has no name specified.");
  checkTasks(tasks);
  const handle = lookup.acquire(first.model);
  try {
    checkInputs(handle, tasks);
    const results = tasks.map((task) => runTask(handle, task, examples, options, cancellation));
    // Every run must have ended before the version is let go.
    await Promise.allSettled(results);
    return { id: handle.id, results: await Promise.all(results) };
  } finally {
    handle.release();
  }
}

function signatureNameOf({ model }: InferenceTask): string {
  return model.signatureName || DEFAULT_SIGNATURE;
}

function checkTasks(tasks: readonly InferenceTask[]): void {
  const names = new Set<string>();
  for (const task of tasks) {
    if (task.model.name === "") throw invalidArgument("Found ModelSpec with an empty model name.");
    if (task.model.name !== tasks[0]!.model.name) {
      throw invalidArgument("All ModelSpecs in a MultiInferenceRequest must access the same model name.");
    }
    const name = signatureNameOf(task);
    if (names.has(name)) throw invalidArgument(`Duplicate evaluation of signature: ${name}`);
    names.add(name);
  }
}

function checkInputs(handle: ServableHandle, tasks: readonly InferenceTask[]): void {
  const tensors = tasks.map((task) => {
    const signature = handle.signatures.get(signatureNameOf(task));
    if (signature === undefined) {
      throw invalidArgument(`Requested signature not found in model graph: ${signatureNameOf(task)}`);
    }
    return signature.inputs.get("inputs")?.tensorName;
  });
  const known = tensors.filter((tensor) => tensor !== undefined);
  if (new Set(known).size > 1) throw invalidArgument("Input tensor must be the same for all Signatures.");
}

async function runTask(
  handle: ServableHandle,
  task: InferenceTask,
  examples: readonly Uint8Array[],
  options: ExamplesOptions,
  cancellation?: Cancellation,
): Promise<InferenceResult> {
  const signatureName = signatureNameOf(task);
  const signature = handle.signatures.get(signatureName)!;
  const ask = <T>(method: ExamplesMethod<T>) =>
    runWithExamples(handle, signatureName, signature, examples, method, options, cancellation);
  if (task.methodName === classification.methodName) {
    const result = await ask(classification);
    return { kind: "classification", signatureName, result };
  }
  if (task.methodName === regression.methodName) {
    const result = await ask(regression);
    return { kind: "regression", signatureName, result };
  }
  throw unimplemented(`Unsupported signature method_name: ${task.methodName}`);
}
