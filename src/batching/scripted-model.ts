import type { RunResult } from "../engines/engine.ts";
import type { Servable, Signature } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { invalidArgument } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A row that no run takes. */
export const BAD = -999;

/** A run of the model. */
export interface ScriptedRun {
  readonly rows: number;
  readonly outputs: readonly string[];
  /** What ends it when nobody waits for it any more, if it was given. */
  readonly cancellation?: Cancellation | undefined;
}

const tensor = (key: string, dtype: "float32" | "string", shape: readonly number[]) => ({
  tensorName: `${key}:0`,
  dtype,
  shape,
});

const SIGNATURE: Signature = {
  methodName: "tensorflow/serving/predict",
  inputs: new Map([
    ["name", tensor("name", "string", [-1])],
    ["x", tensor("x", "float32", [-1, -1])],
  ]),
  outputs: new Map([
    ["double", tensor("double", "float32", [-1, -1])],
    ["echo", tensor("echo", "float32", [-1, -1])],
    ["name", tensor("name", "string", [-1])],
    ["sum", tensor("sum", "float32", [-1])],
  ]),
};

/** What the model computes, row by row. `echo` is the input's own memory, as an Identity's output is. */
export function compute(inputs: readonly Tensor[], outputs: readonly string[]): readonly Tensor[] {
  const [name, x] = inputs as [Tensor & { dtype: "string" }, Tensor & { dtype: "float32" }];
  const [rows, columns] = x.shape as [number, number];
  const values = x.data as Float32Array;
  if (values.includes(BAD)) throw invalidArgument("A bad row");
  const all: Record<string, () => Tensor> = {
    double: () => ({ ...x, data: values.map((value) => 2 * value) }),
    echo: () => x,
    name: () => name,
    sum: () => ({
      dtype: "float32",
      shape: [rows],
      data: Float32Array.from({ length: rows }, (_, row) =>
        values.subarray(row * columns, (row + 1) * columns).reduce((sum, value) => sum + value, 0),
      ),
    }),
  };
  return outputs.map((output) => all[output]!());
}

/** A test double: a model that is computed row by row, with a signature `f` and one, `fixed`, for batches of one. */
export class ScriptedModel implements Servable {
  readonly id = { name: "scripted", version: 1n };
  readonly signatures = new Map([
    ["f", SIGNATURE],
    ["fixed", { ...SIGNATURE, inputs: new Map([["x", tensor("x", "float32", [1, -1])]]) }],
  ]);
  readonly runs: ScriptedRun[] = [];
  /** Results that were given and not disposed of. */
  undisposed = 0;
  running = 0;
  mostRunning = 0;
  readonly #wait: () => Promise<unknown> | undefined;

  /** @param wait how long each run takes; those for which it gives undefined are over at once. Default: all are. */
  constructor(wait: () => Promise<unknown> | undefined = () => undefined) {
    this.#wait = wait;
  }

  run(
    _: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    cancellation?: Cancellation,
  ): RunResult | Promise<RunResult> {
    this.runs.push({ rows: inputs[0]!.shape[0]!, outputs, cancellation });
    const wait = this.#wait();
    if (wait === undefined) return this.#finish(inputs, outputs);
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    return wait.then(() => {
      this.running--;
      return this.#finish(inputs, outputs);
    });
  }

  #finish(inputs: readonly Tensor[], outputs: readonly string[]): RunResult {
    const tensors = compute(inputs, outputs);
    this.undisposed++;
    return { tensors, dispose: () => void this.undisposed-- };
  }

  signatureDefMap(): Uint8Array {
    return new Uint8Array();
  }
}
