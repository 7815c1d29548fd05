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

/** Nothing is to be run but what the outputs need. */
export const NO_TARGETS = new BigUint64Array(0);

/** One call of TF_SessionRun. Owns the TF_Tensors that it feeds, and all that C sees is kept by it. */
export class SessionCall {
  readonly #binding: Binding;
  readonly #question: SessionQuestion;
  readonly #fed: BigUint64Array;
  readonly #fetched: BigUint64Array;
  readonly #status: Pointer;

  /** @throws StatusError for a tensor that can't be fed; nothing stays allocated then. Else run it, exactly once. */
  constructor(binding: Binding, question: SessionQuestion) {
    const { inputs, inputNames, outputNames } = question;
    this.#binding = binding;
    this.#question = question;
    this.#fed = new BigUint64Array(inputs.length);
    this.#fetched = new BigUint64Array(outputNames.length);
    let made = 0;
    try {
      for (; made < inputs.length; made++) {
        this.#fed[made] = createTensor(binding, inputs[made]!, inputNames[made]!);
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
      this.#fed,
      inputs.length,
      fetches,
      this.#fetched,
      outputNames.length,
      targets,
      targets.length,
      null,
      this.#status,
    ] as const;
  }

  #finish(queued: number | undefined): RunResult {
    const { api } = this.#binding;
    this.#deleteFed(this.#fed.length);
    try {
      check(api, this.#status);
    } finally {
      api.TF_DeleteStatus(this.#status);
    }
    return new NativeResult(this.#binding, this.#fetched, this.#question.outputNames, queued);
  }

  #deleteFed(count: number): void {
    for (let i = 0; i < count; i++) this.#binding.api.TF_DeleteTensor(this.#fed[i]!);
  }
}
