import { invalidArgument } from "../../status/status.ts";
import type {
  EngineModel,
  OnnxEngine,
  OnnxSessionDescriptor,
  OperatorThreads,
  Session,
  SessionDescriptor,
  SharedWeights,
  Weight,
} from "../engine.ts";
import { weightBytes } from "../weight.ts";
import { type Binding, bind } from "./binding.ts";
import { createSession } from "./create.ts";
import { acquireEnvironment, type OnnxRuntimeOptions } from "./environment.ts";
import { OnnxRuntimeSession } from "./session.ts";
import { releaseWeights, shareWeights } from "./weights.ts";

export type { OnnxRuntimeOptions } from "./environment.ts";

const NAME = "onnxruntime";

/**
 * ONNX Runtime for this thread. The thread pools are the process's: the options of the first engine to create a
 * session count.
 * @throws StatusError FAILED_PRECONDITION if the native library is missing or too old.
 */
export function createOnnxRuntimeEngine(options: OnnxRuntimeOptions = {}): OnnxEngine {
  return new OnnxRuntimeEngine(bind(), options);
}

class OnnxRuntimeEngine implements OnnxEngine {
  readonly name = NAME;
  readonly #binding: Binding;
  readonly #options: OnnxRuntimeOptions;
  #environment: bigint | undefined;

  constructor(binding: Binding, options: OnnxRuntimeOptions) {
    this.#binding = binding;
    this.#options = options;
  }

  async create(
    model: EngineModel,
    threads: OperatorThreads = "engine",
    shared?: SharedWeights,
  ): Promise<OnnxSessionDescriptor> {
    if (shared !== undefined) this.#own(shared);
    const { api, trim } = this.#binding;
    this.#environment ??= acquireEnvironment(api, this.#options);
    try {
      return {
        engine: NAME,
        handle: createSession(this.#binding, this.#environment, model, threads, shared),
        inputs: model.inputs,
        outputs: model.outputs,
        weightBytes: model.weights.reduce((total, weight) => total + weightBytes(weight), 0),
      };
    } finally {
      trim();
    }
  }

  attach(descriptor: SessionDescriptor): Session {
    this.#own(descriptor);
    return new OnnxRuntimeSession(this.#binding, descriptor);
  }

  destroy(descriptor: SessionDescriptor): void {
    this.#own(descriptor);
    this.#binding.api.ReleaseSession(descriptor.handle);
    this.#binding.trim();
  }

  shareWeights(weights: readonly Weight[]): SharedWeights {
    return shareWeights(this.#binding, NAME, weights);
  }

  releaseWeights(shared: SharedWeights): void {
    this.#own(shared);
    releaseWeights(this.#binding, shared);
    this.#binding.trim();
  }

  #own({ engine }: SessionDescriptor | SharedWeights): void {
    if (engine === NAME) return;
    throw invalidArgument(`What belongs to the engine ${engine} was given to ${NAME}`);
  }
}
