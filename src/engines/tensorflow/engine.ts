import { invalidArgument } from "../../status/status.ts";
import type { Engine, GraphRun, RunResult, Session, SessionDescriptor, SessionTensor } from "../engine.ts";
import { type Binding, bind } from "./binding.ts";
import { graphTensor, outputsOf, targetOperations } from "./operations.ts";
import {
  deleteSavedModel,
  loadSavedModel,
  type NativeModel,
  type SavedModelSource,
  type TensorFlowDescriptor,
} from "./saved-model.ts";
import { TensorFlowSession } from "./session.ts";
import { createFrame, SessionCall } from "./session-call.ts";

const NAME = "tensorflow";

/**
 * TensorFlow for this thread. Loads the library.
 * @param library the path of a TensorFlow library with the C API.
 * @throws StatusError FAILED_PRECONDITION if it can't be loaded or is of another version.
 */
export function createTensorFlowEngine(library: string): TensorFlowEngine {
  return new TensorFlowEngine(library, bind(library));
}

/** Loads SavedModels with TensorFlow itself, and runs them. */
export class TensorFlowEngine implements Engine {
  readonly name = NAME;
  readonly #library: string;
  readonly #binding: Binding;

  constructor(library: string, binding: Binding) {
    this.#library = library;
    this.#binding = binding;
  }

  /** TensorFlow's version, e.g. `2.21.0`. */
  get version(): string {
    return this.#binding.api.TF_Version();
  }

  /** As {@link loadSavedModel}. Takes as long as that; `destroy` frees it. */
  load(source: SavedModelSource): NativeModel {
    try {
      return loadSavedModel(this.#binding, this.#library, source);
    } finally {
      this.#binding.trim();
    }
  }

  /** What `attach` makes a session of for these tensors of a loaded model. */
  describe(
    model: NativeModel,
    inputs: readonly SessionTensor[],
    outputs: readonly SessionTensor[],
  ): TensorFlowDescriptor {
    return { ...model, inputs, outputs };
  }

  /** @throws StatusError INVALID_ARGUMENT if the model's graph hasn't the tensors. */
  attach(descriptor: SessionDescriptor): Session {
    return new TensorFlowSession(this.#binding, this.#own(descriptor));
  }

  /**
   * Runs any part of a model's graph, on threads of TensorFlow's. The outputs come in the order of the fetches.
   * @throws StatusError (rejects) INVALID_ARGUMENT or NOT_FOUND for what the graph hasn't, else what TensorFlow says.
   */
  async runGraph(model: NativeModel, { feeds, fetches, targets }: GraphRun): Promise<RunResult> {
    const { api, calls } = this.#binding;
    const { handle, graph } = this.#own(model);
    const inputNames = [...feeds.keys()];
    const question = {
      session: handle,
      feeds: outputsOf(inputNames.map((name) => graphTensor(api, graph, name))),
      inputs: [...feeds.values()],
      inputNames,
      fetches: outputsOf(fetches.map((name) => graphTensor(api, graph, name))),
      outputNames: fetches,
      targets: targetOperations(api, graph, targets),
    };
    const frame = createFrame(feeds.size, fetches.length);
    return calls.run((done) => new SessionCall(this.#binding, question, frame).start(done));
  }

  destroy(model: NativeModel | SessionDescriptor): void {
    deleteSavedModel(this.#binding, this.#own(model));
    this.#binding.trim();
  }

  #own<T extends NativeModel | SessionDescriptor>(given: T): T & NativeModel {
    if (given.engine === NAME && (given as NativeModel).library === this.#library)
      return given as T & NativeModel;
    throw invalidArgument(
      `What belongs to the engine ${given.engine} was given to ${NAME} of ${this.#library}`,
    );
  }
}
