import { setImmediate } from "node:timers/promises";
import type { RunResult } from "../engines/engine.ts";
import type { HostValue, ValueKernel } from "../host/host-op.ts";
import { chooseBranch, isTrue } from "../import/branch-choice.ts";
import {
  type BranchStep,
  innerPrograms,
  type KernelStep,
  type Program,
  type Step,
  type WhileStep,
} from "../import/program.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { cancelled } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type ExecutionPlan, type PlannedStep, planExecution } from "./execution-plan.ts";
import { Frame } from "./frame.ts";
import type { PlacedSession } from "./placed-session.ts";
import { SingleSession } from "./single-session.ts";

type Later<T> = T | Promise<T>;

/** How many milliseconds a loop may keep its thread to itself. */
const LONGEST_TURN = 5;

/** The last loop of this thread that waits for its turn. */
let lastTurn: Promise<unknown> = Promise.resolve();

/** Resolves when what else the thread has to do had its turn, and each loop that waited before. */
function nextTurn(): Promise<unknown> {
  lastTurn = lastTurn.then(() => setImmediate());
  return lastTurn;
}

/** What runs a session step. */
export type SessionRunner = Pick<PlacedSession, "run">;

/** Makes what runs a step in TypeScript. */
export type KernelCompiler = (step: KernelStep) => ValueKernel;

/** Whether a step runs in TypeScript, by a kernel. */
export function isKernelStep(step: Step): step is KernelStep {
  return step.kind === "host" || step.kind === "table" || step.kind === "variable";
}

/** Runs one program on one thread. */
export class ProgramRunner {
  readonly #program: Program;
  readonly #sessions: readonly SessionRunner[];
  /** By the step's name. */
  readonly #kernels = new Map<string, ValueKernel>();
  /** What steps run that hold programs, by those. */
  readonly #inner = new Map<Program, ProgramRunner>();
  /** By the wanted outputs; clients ask for few different sets. */
  readonly #plans = new Map<string, ExecutionPlan>();
  readonly #single: SingleSession | undefined;
  readonly #everything: readonly number[];

  /** @param sessions what the program's session steps, and those inside of it, run; they stay the caller's. */
  constructor(program: Program, sessions: readonly SessionRunner[], compile: KernelCompiler) {
    this.#program = program;
    this.#sessions = sessions;
    this.#everything = program.outputs.map((_, i) => i);
    for (const step of program.steps) {
      if (isKernelStep(step)) this.#kernels.set(step.name, compile(step));
      for (const inner of innerPrograms(step)) {
        this.#inner.set(inner, new ProgramRunner(inner, sessions, compile));
      }
    }
    this.#single = SingleSession.of(program);
  }

  /**
   * @param inputs the signature's, in its order.
   * @param outputs positions among the program's outputs: what to compute, in the order wanted.
   * @param cancellation ends long sessions and loops in the middle; the run then fails with CANCELLED.
   */
  run(inputs: readonly Tensor[], outputs: readonly number[], cancellation?: Cancellation): Later<RunResult> {
    const single = this.#single;
    if (single === undefined) return this.#start(inputs, outputs, cancellation);
    return this.#sessions[single.session]!.run(single.inputs(inputs), single.outputs(outputs), cancellation);
  }

  /** All outputs, free of native memory: what a step that holds this program gets. */
  #evaluate(
    inputs: readonly HostValue[],
    cancellation: Cancellation | undefined,
  ): Later<readonly HostValue[]> {
    const frame = this.#start(inputs, this.#everything, cancellation);
    return frame instanceof Promise ? frame.then((done) => done.leave(inputs)) : frame.leave(inputs);
  }

  #start(
    inputs: readonly HostValue[],
    outputs: readonly number[],
    cancellation: Cancellation | undefined,
  ): Later<Frame> {
    return this.#advance(new Frame(this.#program, inputs, this.#plan(outputs), cancellation));
  }

  #plan(outputs: readonly number[]): ExecutionPlan {
    const key = outputs.join();
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = planExecution(this.#program, outputs);
    this.#plans.set(key, plan);
    return plan;
  }

  /** Goes on until a step runs elsewhere, or to the end. */
  #advance(frame: Frame): Later<Frame> {
    try {
      for (let planned = frame.next(); planned !== undefined; planned = frame.next()) {
        const pending = this.#execute(frame, planned);
        if (pending === undefined) {
          frame.forget(planned.dead);
          continue;
        }
        const { dead } = planned;
        return pending.then(
          () => {
            frame.forget(dead);
            return this.#advance(frame);
          },
          (error: unknown) => {
            frame.dispose();
            throw error;
          },
        );
      }
      return frame;
    } catch (error) {
      frame.dispose();
      throw error;
    }
  }

  #execute(frame: Frame, { step, wanted }: PlannedStep): Promise<void> | undefined {
    const { cancellation } = frame;
    const inputs = frame.read(step.inputs);
    if (step.kind === "session") {
      const result = this.#sessions[step.session]!.run(inputs as Tensor[], wanted, cancellation);
      const registers = wanted.map((i) => step.outputs[i]!);
      if (result instanceof Promise) return result.then((run) => frame.keep(registers, run));
      frame.keep(registers, result);
      return undefined;
    }
    if (isKernelStep(step)) {
      frame.write(step.outputs, this.#kernels.get(step.name)!(inputs));
      return undefined;
    }
    const results =
      step.kind === "while"
        ? this.#loop(step, inputs, cancellation)
        : this.#branch(step, inputs, cancellation);
    if (results instanceof Promise) return results.then((values) => frame.write(step.outputs, values));
    frame.write(step.outputs, results);
    return undefined;
  }

  #branch(
    { select, branches }: BranchStep,
    inputs: readonly HostValue[],
    cancellation: Cancellation | undefined,
  ): Later<readonly HostValue[]> {
    const [selector, ...args] = inputs;
    return this.#inner
      .get(branches[chooseBranch(select, selector!, branches.length)]!)!
      .#evaluate(args, cancellation);
  }

  /** Short loops are run in one go. */
  #loop(
    step: WhileStep,
    start: readonly HostValue[],
    cancellation: Cancellation | undefined,
  ): Later<readonly HostValue[]> {
    const [condition, body] = [this.#inner.get(step.condition)!, this.#inner.get(step.body)!];
    const end = performance.now() + LONGEST_TURN;
    for (let values = start; ; ) {
      if (performance.now() > end) return this.#loopOn(step, values, cancellation);
      const test = condition.#evaluate(values, cancellation);
      if (test instanceof Promise) return this.#loopOn(step, values, cancellation, test);
      if (!isTrue(test[0]!)) return values;
      const next = body.#evaluate(values, cancellation);
      if (next instanceof Promise) return next.then((changed) => this.#loopOn(step, changed, cancellation));
      values = next;
    }
  }

  /** Goes on with a loop whose rounds run elsewhere or which is long: the thread's other requests get their turns. */
  async #loopOn(
    step: WhileStep,
    start: readonly HostValue[],
    cancellation: Cancellation | undefined,
    pending?: Promise<readonly HostValue[]>,
  ): Promise<readonly HostValue[]> {
    const [condition, body] = [this.#inner.get(step.condition)!, this.#inner.get(step.body)!];
    let [values, test] = [start, pending];
    for (let end = 0; ; ) {
      if (performance.now() > end) {
        await nextTurn();
        if (cancellation?.isCancelled) throw cancelled("No one waits for the answer of this loop any more");
        end = performance.now() + LONGEST_TURN;
      }
      const [goesOn] = await (test ?? condition.#evaluate(values, cancellation));
      test = undefined;
      if (!isTrue(goesOn!)) return values;
      values = await body.#evaluate(values, cancellation);
    }
  }
}
