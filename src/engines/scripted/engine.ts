import { failedPrecondition, invalidArgument } from "../../status/status.ts";
import { formatShape, isCompatible } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type {
  EngineModel,
  OnnxEngine,
  OnnxSessionDescriptor,
  OperatorThreads,
  RunResult,
  Session,
  SessionDescriptor,
  SessionTensor,
  SharedWeights,
  Weight,
} from "../engine.ts";
import { weightBytes } from "../weight.ts";

/** What a scripted engine does. */
export interface Script {
  /** Called by `create` before the session exists; throw to refuse the model. */
  readonly create?: (model: EngineModel) => void | Promise<void>;
  /**
   * One run. Not called for inputs that don't fit the descriptor.
   * @returns a tensor for each of `descriptor.outputs`, in that order. The caller of the run gets the ones it asked for.
   */
  readonly run: (
    inputs: readonly Tensor[],
    descriptor: SessionDescriptor,
  ) => readonly Tensor[] | Promise<readonly Tensor[]>;
}

/**
 * An engine without native code, for tests of what stands on engines. It holds its users to the contract: what is
 * used after its end, or ended out of order, throws FAILED_PRECONDITION. A session may be attached on another thread
 * by an engine made there with the same script.
 */
export class ScriptedEngine implements OnnxEngine {
  readonly name = "scripted";
  readonly #script: Script;
  /** Sessions that exist, with the number of their attached handles in this thread. */
  readonly #attached = new Map<bigint, number>();
  #created = 0n;
  #undisposed = 0;

  constructor(script: Script) {
    this.#script = script;
  }

  /** How many sessions were created and not destroyed. */
  get sessions(): number {
    return this.#attached.size;
  }

  /** How many results were handed out and not disposed. */
  get undisposed(): number {
    return this.#undisposed;
  }

  async create(
    model: EngineModel,
    _threads?: OperatorThreads,
    shared?: SharedWeights,
  ): Promise<OnnxSessionDescriptor> {
    await this.#script.create?.(model);
    for (const weight of model.weights) {
      if (weight.use === "own" || !shared?.tensors.has(weight.key)) read(weight);
    }
    this.#created++;
    this.#attached.set(this.#created, 0);
    return {
      engine: this.name,
      handle: this.#created,
      inputs: model.inputs,
      outputs: model.outputs,
      weightBytes: model.weights.reduce((total, weight) => total + weightBytes(weight), 0),
    };
  }

  attach(descriptor: SessionDescriptor): Session {
    this.#count(descriptor, 1);
    const ended = () => this.#count(descriptor, -1);
    return new ScriptedSession(this.#script, descriptor, ended, (change) => {
      this.#undisposed += change;
    });
  }

  destroy(descriptor: SessionDescriptor): void {
    const attached = this.#attached.get(descriptor.handle);
    if (attached === undefined) throw failedPrecondition("No such session, or destroyed before");
    if (attached > 0) throw failedPrecondition(`The session is still attached ${attached} times`);
    this.#attached.delete(descriptor.handle);
  }

  shareWeights(weights: readonly Weight[]): SharedWeights {
    for (const weight of weights) read(weight);
    const tensors = new Map(weights.map(({ key }, i) => [key, BigInt(i)]));
    return { engine: this.name, tensors, buffers: [], layouts: 0n };
  }

  releaseWeights(): void {}

  #count({ handle }: SessionDescriptor, change: number): void {
    const attached = this.#attached.get(handle);
    if (attached !== undefined) this.#attached.set(handle, attached + change);
  }
}

function read(weight: Weight): void {
  weight.read(new Uint8Array(weightBytes(weight)));
}

class ScriptedSession implements Session {
  readonly inputs: readonly SessionTensor[];
  readonly outputs: readonly SessionTensor[];
  readonly #script: Script;
  readonly #descriptor: SessionDescriptor;
  readonly #ended: () => void;
  readonly #results: (change: number) => void;
  #running = 0;
  #released = false;

  constructor(
    script: Script,
    descriptor: SessionDescriptor,
    ended: () => void,
    results: (change: number) => void,
  ) {
    this.inputs = descriptor.inputs;
    this.outputs = descriptor.outputs;
    this.#script = script;
    this.#descriptor = descriptor;
    this.#ended = ended;
    this.#results = results;
  }

  run(inputs: readonly Tensor[], outputs: readonly number[]): RunResult {
    this.#check(inputs, outputs);
    const all = this.#script.run(inputs, this.#descriptor);
    if (all instanceof Promise) throw failedPrecondition("The script is asynchronous; use runAsync");
    return this.#result(all, outputs);
  }

  async runAsync(inputs: readonly Tensor[], outputs: readonly number[]): Promise<RunResult> {
    this.#check(inputs, outputs);
    this.#running++;
    try {
      return this.#result(await this.#script.run(inputs, this.#descriptor), outputs);
    } finally {
      this.#running--;
    }
  }

  release(): void {
    if (this.#released) return;
    if (this.#running > 0) throw failedPrecondition(`${this.#running} runs are under way`);
    this.#released = true;
    this.#ended();
  }

  #check(inputs: readonly Tensor[], outputs: readonly number[]): void {
    if (this.#released) throw failedPrecondition("A session was run after its release");
    if (inputs.length !== this.inputs.length) {
      throw invalidArgument(`The session takes ${this.inputs.length} inputs, got ${inputs.length}`);
    }
    for (const [i, { name, dtype, shape }] of this.inputs.entries()) {
      const got = inputs[i]!;
      if (got.dtype === dtype && isCompatible(got.shape, shape)) continue;
      throw invalidArgument(
        `Input '${name}' is ${dtype} ${formatShape(shape)}, got ${got.dtype} ${formatShape(got.shape)}`,
      );
    }
    for (const index of outputs) {
      if (this.outputs[index] === undefined) throw invalidArgument(`There is no output with index ${index}`);
    }
  }

  #result(all: readonly Tensor[], outputs: readonly number[]): RunResult {
    let disposed = false;
    this.#results(1);
    return {
      tensors: outputs.map((index) => all[index]!),
      dispose: () => {
        if (!disposed) this.#results(-1);
        disposed = true;
      },
    };
  }
}
