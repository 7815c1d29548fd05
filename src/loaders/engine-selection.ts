import type { EngineChoice, EngineSettings } from "../engines/engine-choice.ts";
import { findTensorFlow, INSTALL_COMMAND, requireTensorFlow } from "../engines/tensorflow/library.ts";
import { asStatusError, Code, StatusError, unimplemented } from "../status/status.ts";

/** What a version runs on, and why, for the log. */
export type EngineSelection = ImporterSelection | TensorFlowSelection;

interface ImporterSelection {
  readonly engine: "onnxruntime";
  readonly reason: string;
}

interface TensorFlowSelection {
  readonly engine: "tensorflow";
  readonly reason: string;
  /** The path of the library. */
  readonly library: string;
}

/** The choice for a model, and who made it. */
export function choiceFor(
  model: string,
  { choice, models }: EngineSettings,
): { readonly choice: EngineChoice; readonly by: string } {
  const own = models.get(model);
  if (own !== undefined) return { choice: own, by: "the model's settings ask for it" };
  return { choice, by: `--engine=${choice} asks for it` };
}

/**
 * What a version runs on before anything is known of it: TensorFlow if that is asked for, else what imports it.
 * @throws StatusError FAILED_PRECONDITION or NOT_FOUND if TensorFlow is asked for and isn't there.
 */
export function firstSelection(model: string, settings: EngineSettings): EngineSelection {
  const { choice, by } = choiceFor(model, settings);
  if (choice === "tensorflow") {
    return { engine: "tensorflow", reason: by, library: requireTensorFlow(settings.tensorflowLibrary) };
  }
  const reason = choice === "auto" ? "the importer covers every signature" : by;
  return { engine: "onnxruntime", reason };
}

/**
 * What a version runs on that couldn't be imported.
 * @param error what the importer said.
 * @throws StatusError: the importer's, with the way out if there is one.
 */
export function selectionAfter(error: unknown, model: string, settings: EngineSettings): TensorFlowSelection {
  const { code, message } = asStatusError(error);
  if (code !== Code.UNIMPLEMENTED) throw error;
  const { choice } = choiceFor(model, settings);
  if (choice !== "auto") {
    throw new StatusError(
      code,
      `The model can't be served: ${message}. The engine TensorFlow runs every op: --engine=auto lets it`,
      {
        cause: error,
      },
    );
  }
  const library = findTensorFlow(settings.tensorflowLibrary);
  if (library !== undefined) return { engine: "tensorflow", reason: message, library };
  throw unimplemented(
    `The model can't be served: ${message}. TensorFlow runs every op, but is not installed: '${INSTALL_COMMAND}' installs it`,
  );
}
