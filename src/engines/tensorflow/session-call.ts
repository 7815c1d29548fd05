import type { Tensor } from "../../tensor/tensor.ts";
import type { RunResult } from "../engine.ts";
import type { Pointer } from "./api.ts";
import type { Binding } from "./binding.ts";
import { NativeResult } from "./result.ts";
import { check } from "./status.ts";
import { createTensor } from "./tensors.ts";

/** What a session is asked. */
export interface SessionQuestion {
  /** `TF_Session *` */
  readonly session: Pointer;
  /** TF_Outputs, what they are fed with, and what messages call them. */
  readonly feeds: BigUint64Array;
  readonly inputs: readonly Tensor[];
  readonly inputNames: readonly string[];
  /** TF_Outputs that are wanted, and what messages call them. */
  readonly fetches: BigUint64Array;
  readonly outputNames: readonly string[];
  /** TF_Operations to run besides. */
  readonly targets: BigUint64Array;
}

/**
 * Room for the TF_Tensors that go in and come out. It is made once and used again, by one call at a time: memory that C
 * sees for the first time costs more than the rest of a call.
 */
export interface CallFrame {
  readonly fed: BigUint64Array;
  readonly fetched: BigUint64Array;
}

export function createFrame(inputs: number, outputs: number): CallFrame {
  return { fed: new BigUint64Array(inputs), fetched: new BigUint64Array(outputs) };
}

/** Nothing is to be run but what the outputs need. */
export const NO_TARGETS = new BigUint64Array(0);

/** One call of TF_SessionRun. Owns the TF_Tensors that it feeds, and all that C sees is kept by it. */
export class SessionCall {
  readonly #binding: Binding;
  readonly #question: SessionQuestion;
  readonly #frame: CallFrame;
  readonly #status: Pointer;

  /** @throws StatusError for a tensor that can't be fed; nothing stays allocated then. Else run it, exactly once. */
  constructor(binding: Binding, question: SessionQuestion, frame: CallFrame) {
    const { inputs, inputNames } = question;
    this.#binding = binding;
    this.#question = question;
    this.#frame = frame;
    let made = 0;
    try {
      for (; made < inputs.length; made++) {
        frame.fed[made] = createTensor(binding, inputs[made]!, inputNames[made]!);
      }
    } catch (error) {
      this.#deleteFed(made);
      throw error;
    }
    this.#status = binding.api.TF_NewStatus();
  }

  /** Runs on the calling thread. @throws StatusError with TensorFlow's code and message. */
  run(): RunResult {
    const { api, onCallingThread } = this.#binding;
    api.TF_SessionRun(...this.#arguments(onCallingThread));
    return this.#finish(undefined);
  }

  /** Runs on threads of TensorFlow's. `done` is called when it has ended, with what makes the result, or throws. */
  start(done: (finish: (queued: number | undefined) => RunResult) => void): void {
    this.#binding.api.TF_SessionRun.async(...this.#arguments(null), () =>
      done((queued) => this.#finish(queued)),
    );
  }

  #arguments(options: Pointer | null) {
    const { session, feeds, inputs, fetches, outputNames, targets } = this.#question;
    return [
      session,
      options,
      feeds,
      this.#frame.fed,
      inputs.length,
      fetches,
      this.#frame.fetched,
      outputNames.length,
      targets,
      targets.length,
      null,
      this.#status,
    ] as const;
  }

  #finish(queued: number | undefined): RunResult {
    const { api } = this.#binding;
    this.#deleteFed(this.#question.inputs.length);
    try {
      check(api, this.#status);
    } finally {
      api.TF_DeleteStatus(this.#status);
    }
    return new NativeResult(this.#binding, this.#frame.fetched, this.#question.outputNames, queued);
  }

  #deleteFed(count: number): void {
    for (let i = 0; i < count; i++) this.#binding.api.TF_DeleteTensor(this.#frame.fed[i]!);
  }
}
