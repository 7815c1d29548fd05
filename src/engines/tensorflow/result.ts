import type { Tensor } from "../../tensor/tensor.ts";
import type { RunResult } from "../engine.ts";
import type { Pointer } from "./api.ts";
import type { Binding } from "./binding.ts";
import { readTensor } from "./tensors.ts";

/** Owns the TF_Tensors that its tensors are views of. */
export class NativeResult implements RunResult {
  readonly tensors: readonly Tensor[];
  readonly queuedMilliseconds: number | undefined;
  readonly #binding: Binding;
  #kept: { readonly native: Pointer; readonly view: ArrayBuffer }[] = [];

  /**
   * Takes over the TF_Tensors of a run, also if it throws.
   * @param names of the outputs, for messages.
   * @param queued how many milliseconds the run waited, if it did.
   */
  constructor(
    binding: Binding,
    natives: BigUint64Array,
    names: readonly string[],
    queued: number | undefined,
  ) {
    this.#binding = binding;
    this.queuedMilliseconds = queued;
    const tensors: Tensor[] = [];
    let taken = 0;
    try {
      for (const name of names) {
        const native = natives[taken]!;
        const { tensor, view } = readTensor(binding, native, name);
        tensors.push(tensor);
        taken++;
        if (view === undefined) binding.api.TF_DeleteTensor(native);
        else this.#kept.push({ native, view });
      }
    } catch (error) {
      for (const native of natives.subarray(taken, names.length)) binding.api.TF_DeleteTensor(native);
      this.dispose();
      throw error;
    }
    this.tensors = tensors;
  }

  dispose(): void {
    for (const { native, view } of this.#kept.splice(0)) {
      // Detached, so that a late look finds nothing instead of memory that is someone else's by then.
      view.transfer(0);
      this.#binding.api.TF_DeleteTensor(native);
    }
  }
}
