import type { OnnxEngine } from "../engines/engine.ts";
import type { TensorFlowEngine } from "../engines/tensorflow/engine.ts";
import type { Servable } from "../lifecycle/servable.ts";
import { SavedModelServable } from "./saved-model-servable.ts";
import type { ServablePayload } from "./servable-payload.ts";

/** The engines of one thread. TensorFlow is loaded with the first version that runs on it. */
export class ThreadEngines {
  readonly onnx: OnnxEngine;
  readonly #tensorflow = new Map<string, Promise<TensorFlowEngine>>();

  constructor(onnx: OnnxEngine) {
    this.onnx = onnx;
  }

  /**
   * @param library the path of TensorFlow's library.
   * @throws StatusError (rejects) FAILED_PRECONDITION if it can't be loaded or is of another version.
   */
  tensorflow(library: string): Promise<TensorFlowEngine> {
    let engine = this.#tensorflow.get(library);
    if (engine === undefined) {
      engine = import("../engines/tensorflow/engine.ts").then((module) =>
        module.createTensorFlowEngine(library),
      );
      this.#tensorflow.set(library, engine);
    }
    return engine;
  }
}

/**
 * A loaded version as this thread runs it.
 * @param thread this thread's number among those that serve the version.
 */
export async function attachServable(
  payload: ServablePayload,
  engines: ThreadEngines,
  thread: number,
): Promise<Servable & { release(): void }> {
  if (payload.engine === "onnxruntime") return SavedModelServable.attach(payload, engines.onnx, thread);
  const [engine, { TensorFlowServable }] = await Promise.all([
    engines.tensorflow(payload.model.library),
    import("./tensorflow-servable.ts"),
  ]);
  return new TensorFlowServable(payload, engine);
}
