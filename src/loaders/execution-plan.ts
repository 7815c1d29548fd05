import type { Program, Step } from "../import/program.ts";

/** A program's steps as far as some of its outputs need them. */
export interface ExecutionPlan {
  readonly steps: readonly PlannedStep[];
  /** The registers of the wanted outputs, in the order wanted. */
  readonly outputs: readonly number[];
}

export interface PlannedStep {
  readonly step: Step;
  /** Which of the step's outputs to compute: positions in its list. */
  readonly wanted: readonly number[];
  /** The registers that nothing looks at any more after it. */
  readonly dead: readonly number[];
}

/** @param outputs positions among the program's outputs. */
export function planExecution(program: Program, outputs: readonly number[]): ExecutionPlan {
  const results = outputs.map((position) => program.outputs[position]!);
  const needed = new Set(results);
  // Seen from the end, a register that comes up for the first time is looked at for the last.
  const seen = new Set(results);
  const steps: PlannedStep[] = [];
  for (const step of program.steps.toReversed()) {
    const wanted = step.outputs.flatMap((register, i) => (needed.has(register) ? [i] : []));
    const effect = step.kind !== "session" && step.effect;
    if (wanted.length === 0 && !effect) continue;
    for (const register of step.inputs) needed.add(register);
    const dead = [...new Set([...step.inputs, ...step.outputs])].filter((register) => !seen.has(register));
    for (const register of dead) seen.add(register);
    steps.push({ step, wanted, dead });
  }
  return { steps: steps.reverse(), outputs: results };
}
