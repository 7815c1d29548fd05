import { failedPrecondition, invalidArgument } from "../../status/status.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { RunResult, Session, SessionTensor } from "../engine.ts";
import type { Binding } from "./binding.ts";
import { type GraphTensor, graphTensor, OUTPUT_WORDS, outputsOf } from "./operations.ts";
import type { TensorFlowDescriptor } from "./saved-model.ts";
import { type CallFrame, createFrame, NO_TARGETS, SessionCall } from "./session-call.ts";

/** This thread's handle on one signature of a native session. */
export class TensorFlowSession implements Session {
  readonly inputs: readonly SessionTensor[];
  readonly outputs: readonly SessionTensor[];
  readonly #binding: Binding;
  readonly #descriptor: TensorFlowDescriptor;
  readonly #inputNames: readonly string[];
  readonly #outputNames: readonly string[];
  readonly #feeds: BigUint64Array;
  readonly #fetches: BigUint64Array;
  /** Those that no run uses. */
  readonly #frames: CallFrame[] = [];
  /** Asynchronous runs under way or waiting. */
  #running = 0;
  #released = false;

  /** @throws StatusError INVALID_ARGUMENT if the graph hasn't the tensors that the descriptor declares. */
  constructor(binding: Binding, descriptor: TensorFlowDescriptor) {
    this.inputs = descriptor.inputs;
    this.outputs = descriptor.outputs;
    this.#binding = binding;
    this.#descriptor = descriptor;
    this.#inputNames = descriptor.inputs.map(({ name }) => name);
    this.#outputNames = descriptor.outputs.map(({ name }) => name);
    const find = (declared: SessionTensor) => declaredTensor(binding, descriptor, declared);
    this.#feeds = outputsOf(descriptor.inputs.map(find));
    this.#fetches = outputsOf(descriptor.outputs.map(find));
  }

  run(inputs: readonly Tensor[], outputs: readonly number[]): RunResult {
    const frame = this.#takeFrame();
    try {
      return this.#call(inputs, outputs, frame).run();
    } finally {
      this.#frames.push(frame);
    }
  }

  async runAsync(inputs: readonly Tensor[], outputs: readonly number[]): Promise<RunResult> {
    // Counted from here on, as a call that waits for its turn needs the session too.
    this.#running++;
    const frame = this.#takeFrame();
    try {
      return await this.#binding.calls.run((done) => this.#call(inputs, outputs, frame).start(done));
    } finally {
      this.#frames.push(frame);
      this.#running--;
    }
  }

  release(): void {
    if (this.#running > 0) {
      throw failedPrecondition(`A session can't be released: ${this.#running} runs are under way`);
    }
    this.#released = true;
  }

  #takeFrame(): CallFrame {
    return this.#frames.pop() ?? createFrame(this.inputs.length, this.outputs.length);
  }

  #call(inputs: readonly Tensor[], outputs: readonly number[], frame: CallFrame): SessionCall {
    if (this.#released) throw failedPrecondition("A session was run after its release");
    if (inputs.length !== this.inputs.length) {
      throw invalidArgument(`The session takes ${this.inputs.length} inputs, got ${inputs.length}`);
    }
    const question = {
      session: this.#descriptor.handle,
      feeds: this.#feeds,
      inputs,
      inputNames: this.#inputNames,
      ...this.#wanted(outputs),
      targets: NO_TARGETS,
    };
    return new SessionCall(this.#binding, question, frame);
  }

  #wanted(outputs: readonly number[]): { fetches: BigUint64Array; outputNames: readonly string[] } {
    const { length } = this.outputs;
    if (outputs.length === length && outputs.every((output, i) => output === i)) {
      return { fetches: this.#fetches, outputNames: this.#outputNames };
    }
    if (outputs.length > length) {
      throw invalidArgument(`The session has ${length} outputs, got ${outputs.length} indexes`);
    }
    const wrong = outputs.find((output) => this.outputs[output] === undefined);
    if (wrong !== undefined) {
      throw invalidArgument(`The session has ${length} outputs; there is no index ${wrong}`);
    }
    const fetches = new BigUint64Array(OUTPUT_WORDS * outputs.length);
    for (const [i, output] of outputs.entries()) {
      const from = OUTPUT_WORDS * output;
      fetches.set(this.#fetches.subarray(from, from + OUTPUT_WORDS), OUTPUT_WORDS * i);
    }
    return { fetches, outputNames: outputs.map((output) => this.#outputNames[output]!) };
  }
}

function declaredTensor(
  { api }: Binding,
  { graph }: TensorFlowDescriptor,
  { name, dtype }: SessionTensor,
): GraphTensor {
  const found = graphTensor(api, graph, name);
  if (found.dtype === dtype) return found;
  throw invalidArgument(`Tensor ${name} is declared as ${dtype}, but the graph has ${found.dtype} there`);
}
