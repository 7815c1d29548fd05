import type { Engine, RunResult, Session } from "../engines/engine.ts";
import type { Cancellation } from "../status/cancellation.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { runError } from "./run-errors.ts";
import { countElements, RunPlacement } from "./run-placement.ts";
import type { LoadedSession } from "./servable-payload.ts";

/**
 * One thread's use of a session, which runs on this thread or on one of the engine's, as its runs are short or long. One
 * whose loops may take any number of rounds always runs on one of the engine's.
 */
export class PlacedSession {
  readonly #session: Session;
  readonly #placement: RunPlacement;

  readonly #isUnbounded: boolean;

  constructor({ session, probe, isUnbounded }: LoadedSession, engine: Engine) {
    this.#isUnbounded = isUnbounded;
    this.#session = engine.attach(session);
    this.#placement = new RunPlacement(probe);
  }

  /** As `Session.run` and `Session.runAsync`, with errors worded for TensorFlow's users. */
  run(
    inputs: readonly Tensor[],
    outputs: readonly number[],
    cancellation?: Cancellation,
  ): RunResult | Promise<RunResult> {
    if (this.#isUnbounded) return this.#runElsewhere(inputs, outputs, cancellation);
    const elements = countElements(inputs);
    const start = performance.now();
    if (this.#placement.isShort(elements)) {
      const result = this.#runHere(inputs, outputs);
      this.#placement.ran({ microseconds: (performance.now() - start) * 1000, elements });
      return result;
    }
    return this.#runElsewhere(inputs, outputs, cancellation).then((result) => {
      this.#placement.ranElsewhere({ microseconds: (performance.now() - start) * 1000, elements });
      return result;
    });
  }

  #runHere(inputs: readonly Tensor[], outputs: readonly number[]): RunResult {
    try {
      return this.#session.run(inputs, outputs);
    } catch (error) {
      throw runError(error, inputs);
    }
  }

  #runElsewhere(
    inputs: readonly Tensor[],
    outputs: readonly number[],
    cancellation: Cancellation | undefined,
  ): Promise<RunResult> {
    return this.#session.runAsync(inputs, outputs, cancellation).catch((error: unknown) => {
      throw runError(error, inputs);
    });
  }

  release(): void {
    this.#session.release();
  }
}
