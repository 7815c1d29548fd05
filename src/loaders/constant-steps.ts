import type { OnnxEngine } from "../engines/engine.ts";
import type { HostValue } from "../host/host-op.ts";
import {
  type CompiledSession,
  type HostStep,
  innerPrograms,
  type Program,
  type SessionStep,
  type Step,
} from "../import/program.ts";
import { fileOps } from "../registry/file-ops.ts";
import { opDefinition } from "../registry/op-registry.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";
import { NO_STATE } from "./servable-state.ts";

/** Values of more elements are left to be computed: every thread would hold a copy. */
const MAX_ELEMENTS = 1 << 16;

/** What of an engine runs a session once. */
export type SessionEngine = Pick<OnnxEngine, "create" | "attach" | "destroy">;

/** A program and what its session steps run. */
export interface SessionProgram {
  readonly program: Program;
  readonly sessions: readonly CompiledSession[];
}

/**
 * Runs the steps whose inputs are the same in every run, once, and makes constants of what they give. A step that fails
 * stays, and fails the requests that need it.
 */
export async function runConstantSteps<T extends SessionProgram>(
  compiled: T,
  engine: SessionEngine,
): Promise<T> {
  const { program, sessions } = compiled;
  const values = new Map<number, Tensor>(program.constants.map(({ register, tensor }) => [register, tensor]));
  const steps: Step[] = [];
  for (const step of program.steps) {
    const inputs = step.inputs.map((register) => values.get(register));
    const isFixed = isPure(step, sessions) && inputs.every((input) => input !== undefined);
    const outputs = isFixed ? await runOnce(step, inputs as Tensor[], sessions, engine) : undefined;
    if (outputs === undefined) steps.push(step);
    else for (const [i, register] of step.outputs.entries()) values.set(register, outputs[i]!);
  }
  if (steps.length === program.steps.length) return compiled;
  const read = new Set([...program.outputs, ...steps.flatMap((step) => step.inputs)]);
  const constants = [...values]
    .filter(([register]) => read.has(register))
    .map(([register, tensor]) => ({ register, tensor }));
  return withoutUnused({ ...compiled, program: { ...program, steps, constants } });
}

/** Leaves out sessions that no step runs any more. */
function withoutUnused<T extends SessionProgram>(compiled: T): T {
  const used = [...sessionsOf(compiled.program)].sort((a, b) => a - b);
  return {
    ...compiled,
    program: renumbered(compiled.program, (session) => used.indexOf(session)),
    sessions: used.map((session) => compiled.sessions[session]!),
  };
}

function sessionsOf({ steps }: Program): ReadonlySet<number> {
  return new Set(
    steps.flatMap((step) =>
      step.kind === "session"
        ? [step.session]
        : innerPrograms(step).flatMap((inner) => [...sessionsOf(inner)]),
    ),
  );
}

function renumbered(program: Program, renumber: (session: number) => number): Program {
  const inside = (inner: Program): Program => renumbered(inner, renumber);
  const steps = program.steps.map((step): Step => {
    if (step.kind === "session") return { ...step, session: renumber(step.session) };
    if (step.kind === "while") return { ...step, condition: inside(step.condition), body: inside(step.body) };
    return step.kind === "branch" ? { ...step, branches: step.branches.map(inside) } : step;
  });
  return { ...program, steps };
}

/** Whether it gives the same for the same inputs, and does nothing else but, perhaps, refuse them; and it ends. */
function isPure(step: Step, sessions: readonly CompiledSession[]): step is SessionStep | HostStep {
  if (step.kind === "session") return !sessions[step.session]!.isUnbounded;
  if (step.kind !== "host" || fileOps.has(step.op)) return false;
  return step.op === "Assert" || (!step.effect && !opDefinition(step.op)?.stateful);
}

async function runOnce(
  step: SessionStep | HostStep,
  inputs: readonly Tensor[],
  sessions: readonly CompiledSession[],
  engine: SessionEngine,
): Promise<readonly Tensor[] | undefined> {
  try {
    const outputs =
      step.kind === "session"
        ? await runSession(sessions[step.session]!, inputs, engine)
        : await runKernel(step, inputs);
    return outputs.every(isSmall) ? outputs : undefined;
  } catch {
    return undefined;
  }
}

function isSmall(value: HostValue): value is Tensor {
  return value.dtype !== "variant" && value.data.length <= MAX_ELEMENTS;
}

async function runSession(
  { model }: CompiledSession,
  inputs: readonly Tensor[],
  engine: SessionEngine,
): Promise<readonly Tensor[]> {
  const descriptor = await engine.create(model, "caller");
  try {
    const session = engine.attach(descriptor);
    try {
      const result = session.run(
        inputs,
        session.outputs.map((_, i) => i),
      );
      const copies = result.tensors.map(
        (tensor) => ({ ...tensor, data: tensor.data.slice() }) as NumericTensor,
      );
      result.dispose();
      return copies;
    } finally {
      session.release();
    }
  } finally {
    engine.destroy(descriptor);
  }
}

async function runKernel(step: HostStep, inputs: readonly Tensor[]): Promise<readonly HostValue[]> {
  const { loadKernels } = await import("./kernels.ts");
  return (await loadKernels([step]))(step, NO_STATE, undefined)(inputs);
}
