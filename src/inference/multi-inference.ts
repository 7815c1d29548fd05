import type { ServableHandle, ServableId, ServableLookup } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { invalidArgument, unimplemented } from "../status/status.ts";
import { type Classifications, classification } from "./classify.ts";
import { type ExamplesOptions, outputsForExamples, runWithExamples } from "./examples.ts";
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
  const handle = lookup.acquire(first.model);
  try {
    const runs = checkedTasks(handle, tasks, options);
    const results = runs.map((run) => run(examples, cancellation));
    // Every run must have ended before the version is let go.
    await Promise.allSettled(results);
    return { id: handle.id, results: await Promise.all(results) };
  } finally {
    handle.release();
  }
}

/** What runs each task: all are checked before the first is run. */
type TaskRun = (
  examples: readonly Uint8Array[],
  cancellation: Cancellation | undefined,
) => Promise<InferenceResult>;

function checkedTasks(
  handle: ServableHandle,
  tasks: readonly InferenceTask[],
  options: ExamplesOptions,
): readonly TaskRun[] {
  const names = new Set<string>();
  return tasks.map(({ model, methodName }) => {
    if (model.name === "") throw invalidArgument("Found ModelSpec with an empty model name.");
    if (model.name !== tasks[0]!.model.name) {
      throw invalidArgument("All ModelSpecs in a MultiInferenceRequest must access the same model name.");
    }
    const name = model.signatureName || DEFAULT_SIGNATURE;
    if (names.has(name)) throw invalidArgument(`Duplicate evaluation of signature: ${name}`);
    names.add(name);
    const signature = handle.signatures.get(name);
    if (signature === undefined) {
      throw invalidArgument(`Requested signature not found in model graph: ${name}`);
    }
    if (methodName === classification.methodName) {
      const outputs = outputsForExamples(signature, classification, options);
      return async (examples, cancellation) => ({
        kind: "classification",
        signatureName: name,
        result: await runWithExamples(handle, name, outputs, examples, classification, cancellation),
      });
    }
    if (methodName === regression.methodName) {
      const outputs = outputsForExamples(signature, regression, options);
      return async (examples, cancellation) => ({
        kind: "regression",
        signatureName: name,
        result: await runWithExamples(handle, name, outputs, examples, regression, cancellation),
      });
    }
    throw unimplemented(`Unsupported signature method_name: ${methodName}`);
  });
}
