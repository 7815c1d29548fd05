import type { Engine, RunResult } from "../engines/engine.ts";
import type { KernelStep } from "../import/program.ts";
import type { Servable, ServableId } from "../lifecycle/servable.ts";
import { type Access, StateLock } from "../state/lock.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { internal, invalidArgument } from "../status/status.ts";
import { formatShape, isCompatible, type PartialShape } from "../tensor/shape.ts";
import type { Signature } from "../tensor/signature.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";
import { PlacedSession } from "./placed-session.ts";
import { isKernelStep, type KernelCompiler, ProgramRunner } from "./program-runner.ts";
import type { ImportedPayload, LoadedProgram } from "./servable-payload.ts";
import { accessOf, attachState, stepsWithin } from "./servable-state.ts";

/**
 * Kernels take time and memory in each thread, and most models need few or none: those are loaded that the version needs.
 */
async function kernelCompiler({ programs, freePrograms, state }: ImportedPayload): Promise<KernelCompilers> {
  const steps = [...programs.values(), ...freePrograms.values()].flatMap(({ program }) =>
    stepsWithin(program),
  );
  const kernelSteps = steps.filter(isKernelStep);
  if (kernelSteps.length === 0) return () => unneeded;
  const { loadKernels } = await import("./kernels.ts");
  const compileKernel = await loadKernels(kernelSteps);
  const attached = attachState(state);
  return (access) => (step) => compileKernel(step, attached, access);
}

function unneeded({ name }: KernelStep): never {
  throw internal(`No kernels were loaded for the step ${name}`);
}

/** Makes kernels for a program that uses the state so. */
type KernelCompilers = (access: Access | undefined) => KernelCompiler;

interface SignatureRunner {
  readonly runner: ProgramRunner;
  /** How its runs use what requests change. */
  readonly access: Access | undefined;
  /** The position of each output among the program's. */
  readonly positions: ReadonlyMap<string, number>;
}

interface FreeRunner extends SignatureRunner {
  readonly shapes: readonly PartialShape[];
}

/** A loaded SavedModel as one thread runs it. */
export class SavedModelServable implements Servable {
  readonly id: ServableId;
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly #sessions: readonly PlacedSession[];
  readonly #runners: ReadonlyMap<string, SignatureRunner>;
  /** For inputs of other shapes than the signature declares. */
  readonly #freeRunners: ReadonlyMap<string, FreeRunner>;
  readonly #signatureDefMap: Uint8Array;
  readonly #lock: StateLock;

  /**
   * Attaches to the payload's sessions; `release` lets go of them.
   * @param thread this thread's number among those that serve the version.
   */
  static async attach(payload: ImportedPayload, engine: Engine, thread: number): Promise<SavedModelServable> {
    return new SavedModelServable(payload, engine, thread, await kernelCompiler(payload));
  }

  private constructor(payload: ImportedPayload, engine: Engine, thread: number, compile: KernelCompilers) {
    this.id = payload.id;
    this.#lock = new StateLock(payload.state.lock, thread);
    this.signatures = payload.signatures;
    this.#signatureDefMap = payload.signatureDefMap;
    this.#sessions = payload.sessions.map((session) => new PlacedSession(session, engine));
    const runnerOf = ([key, { program, sessions }]: [string, LoadedProgram]): [string, SignatureRunner] => {
      const names = [...payload.signatures.get(key)!.outputs.keys()];
      const access = accessOf(program, payload.state);
      const runner = new ProgramRunner(
        program,
        sessions.map((position) => this.#sessions[position]!),
        compile(access),
      );
      return [key, { runner, access, positions: new Map(names.map((name, i) => [name, i])) }];
    };
    this.#runners = new Map([...payload.programs].map(runnerOf));
    this.#freeRunners = new Map(
      [...payload.freePrograms].map(([key, free]) => [
        key,
        { ...runnerOf([key, free])[1], shapes: free.shapes },
      ]),
    );
  }

  run(
    signature: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    cancellation?: Cancellation,
  ): RunResult | Promise<RunResult> {
    const { runner, access, positions } = this.#runnerFor(signature, inputs);
    const wanted = outputs.map((name) => positions.get(name)!);
    if (access === undefined) return runner.run(inputs, wanted, cancellation);
    return this.#lock.during(access, () => {
      const result = runner.run(inputs, wanted, cancellation);
      return result instanceof Promise ? result.then(unshare) : unshare(result);
    });
  }

  #runnerFor(key: string, inputs: readonly Tensor[]): SignatureRunner {
    const found = this.#runners.get(key);
    if (found === undefined) throw internal(`No program for the signature ${key}`);
    const specs = this.signatures.get(key)!.inputs;
    let i = 0;
    for (const { shape } of specs.values()) {
      if (!isCompatible(inputs[i++]!.shape, shape)) return this.#freeRunnerFor(key, inputs);
    }
    return found;
  }

  #freeRunnerFor(key: string, inputs: readonly Tensor[]): SignatureRunner {
    const free = this.#freeRunners.get(key);
    for (const [i, [name, { shape, tensorName }]] of [...this.signatures.get(key)!.inputs].entries()) {
      const wanted = free === undefined ? shape : free.shapes[i];
      const given = inputs[i]!.shape;
      if (isCompatible(given, wanted)) continue;
      throw invalidArgument(
        `input ${name} (tensor ${tensorName}): expects shape ${formatShape(wanted)}, got ${formatShape(given)}`,
      );
    }
    return free!;
  }

  signatureDefMap(): Uint8Array {
    return this.#signatureDefMap;
  }

  /** No run may be under way, and none may follow. */
  release(): void {
    for (const session of this.#sessions) session.release();
  }
}

/** Copies outputs that are variables' own memory, which others may change once the lock is let go. */
function unshare(result: RunResult): RunResult {
  const tensors = result.tensors.map((tensor) => {
    const isOwn = tensor.dtype === "string" || !(tensor.data.buffer instanceof SharedArrayBuffer);
    return isOwn ? tensor : ({ ...tensor, data: tensor.data.slice() } as NumericTensor);
  });
  const { queuedMilliseconds } = result;
  return { tensors, queuedMilliseconds, dispose: () => result.dispose() };
}
