import type { Program } from "../import/program.ts";

/** A program that does nothing but run a session: such a run needs no frame. */
export class SingleSession {
  /** Which of the program's sessions. */
  readonly session: number;
  /** The input that each of the session's inputs is; undefined if they come in that order. */
  readonly #inputs: readonly number[] | undefined;
  readonly #inputCount: number;
  /** The session's output that each of the program's outputs is; undefined if they come in that order. */
  readonly #outputs: readonly number[] | undefined;

  private constructor(session: number, inputs: readonly number[], outputs: readonly number[]) {
    this.session = session;
    this.#inputCount = inputs.length;
    this.#inputs = inputs.every((register, i) => register === i) ? undefined : inputs;
    this.#outputs = outputs.every((output, i) => output === i) ? undefined : outputs;
  }

  static of({ steps, constants, outputs }: Program): SingleSession | undefined {
    const [step, ...others] = steps;
    if (step?.kind !== "session" || others.length > 0 || constants.length > 0) return undefined;
    const given = outputs.map((register) => step.outputs.indexOf(register));
    const isOnce = new Set(given).size === given.length;
    return given.includes(-1) || !isOnce ? undefined : new SingleSession(step.session, step.inputs, given);
  }

  /** The session's inputs among the program's. */
  inputs<T>(all: readonly T[]): readonly T[] {
    if (this.#inputs === undefined) {
      return all.length === this.#inputCount ? all : all.slice(0, this.#inputCount);
    }
    return this.#inputs.map((register) => all[register]!);
  }

  /** The positions of wanted outputs among the session's. */
  outputs(wanted: readonly number[]): readonly number[] {
    const outputs = this.#outputs;
    return outputs === undefined ? wanted : wanted.map((position) => outputs[position]!);
  }
}
