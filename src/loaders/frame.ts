import type { RunResult } from "../engines/engine.ts";
import type { HostValue } from "../host/host-op.ts";
import type { Program } from "../import/program.ts";
import type { Cancellation } from "../status/cancellation.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";
import type { ExecutionPlan, PlannedStep } from "./execution-plan.ts";

/** A native result, and the registers that its tensors are in. */
interface Held {
  readonly result: RunResult;
  readonly registers: readonly number[];
}

/** One run of a program: its registers, where it stands, and the native results that it owns. */
export class Frame implements RunResult {
  readonly #registers: (HostValue | undefined)[];
  readonly #plan: ExecutionPlan;
  /** Whether anyone waits for the run. */
  readonly cancellation: Cancellation | undefined;
  #queued: number | undefined;
  #held: Held[] = [];
  #at = 0;

  constructor(
    program: Program,
    inputs: readonly HostValue[],
    plan: ExecutionPlan,
    cancellation?: Cancellation,
  ) {
    this.#plan = plan;
    this.cancellation = cancellation;
    this.#registers = new Array<HostValue | undefined>(program.registerCount);
    for (const [register, value] of inputs.entries()) this.#registers[register] = value;
    for (const { register, tensor } of program.constants) this.#registers[register] = tensor;
  }

  get tensors(): readonly Tensor[] {
    return this.read(this.#plan.outputs) as Tensor[];
  }

  /** Of all sessions together. */
  get queuedMilliseconds(): number | undefined {
    return this.#queued;
  }

  next(): PlannedStep | undefined {
    return this.#plan.steps[this.#at++];
  }

  read(registers: readonly number[]): HostValue[] {
    return registers.map((register) => this.#registers[register]!);
  }

  write(registers: readonly number[], values: readonly HostValue[]): void {
    for (const [i, register] of registers.entries()) this.#registers[register] = values[i];
  }

  keep(registers: readonly number[], result: RunResult): void {
    this.#held.push({ result, registers });
    const { queuedMilliseconds } = result;
    if (queuedMilliseconds !== undefined) this.#queued = (this.#queued ?? 0) + queuedMilliseconds;
    this.write(registers, result.tensors);
  }

  /** Lets go of registers that nothing will look at, and of the native results whose tensors were only there. */
  forget(registers: readonly number[]): void {
    for (const register of registers) this.#registers[register] = undefined;
    if (registers.length === 0 || this.#held.length === 0) return;
    this.#held = this.#held.filter(({ result, registers }) => {
      const isSeen = registers.some((register) => this.#registers[register] !== undefined);
      if (isSeen || this.#isAliased(result)) return true;
      result.dispose();
      return false;
    });
  }

  /** Whether an op has handed on the memory of a result's tensors, as Identity and Reshape do. */
  #isAliased({ tensors }: RunResult): boolean {
    const buffers = new Set(tensors.map(bufferOf));
    return this.#registers.some((value) => value !== undefined && buffers.has(bufferOf(value)));
  }

  /** Ends the run: the outputs, copied out of native memory where they aren't inputs. */
  leave(inputs: readonly HostValue[]): readonly HostValue[] {
    const outputs = this.read(this.#plan.outputs).map((value) => {
      if (value.dtype === "variant" || value.dtype === "string" || inputs.includes(value)) return value;
      return { ...value, data: value.data.slice() } as NumericTensor;
    });
    this.dispose();
    return outputs;
  }

  dispose(): void {
    for (const { result } of this.#held.splice(0)) result.dispose();
  }
}

/** The memory of a numeric tensor; others have none that ends with a run. */
function bufferOf(value: HostValue): ArrayBufferLike | undefined {
  return ArrayBuffer.isView(value.data) ? value.data.buffer : undefined;
}
