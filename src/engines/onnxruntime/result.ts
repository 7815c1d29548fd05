import koffi from "koffi";
import { internal } from "../../status/status.ts";
import { dtypeInfo, type NumericArray, type NumericArrayConstructor } from "../../tensor/dtype.ts";
import { MAX_RANK } from "../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import type { RunResult, SessionTensor } from "../engine.ts";
import { readDims } from "../native-dims.ts";
import type { Binding } from "./binding.ts";
import type { Frame, FramePool } from "./frame.ts";
import { checkRun } from "./status.ts";

/** How an output of a session is read, worked out once. */
export interface OutputRow {
  readonly name: string;
  readonly dtype: NumericTensor["dtype"];
  readonly size: number;
  readonly lanes: number;
  readonly array: NumericArrayConstructor;
}

/** @param output numeric, as session creation has checked. */
export function outputRow({ name, dtype }: SessionTensor): OutputRow {
  const { size, lanes, array } = dtypeInfo(dtype);
  if (array === undefined) throw internal(`Output '${name}' of type ${dtype} is not numeric`);
  return { name, dtype: dtype as NumericTensor["dtype"], size, lanes, array };
}

/** Owns the frame of its run, and with it the copies in it and the native values that are viewed. */
export class NativeResult implements RunResult {
  readonly tensors: Tensor[] = [];
  readonly queuedMilliseconds: number | undefined;
  readonly #binding: Binding;
  readonly #pool: FramePool;
  readonly #count: number;
  #views: ArrayBuffer[] | undefined;
  #frame: Frame | undefined;
  #copied = 0;

  /**
   * @param count how many outputs `frame` was run with.
   * @param queued how many milliseconds the run waited, if it did.
   */
  constructor(binding: Binding, pool: FramePool, frame: Frame, count: number, queued: number | undefined) {
    this.queuedMilliseconds = queued;
    this.#binding = binding;
    this.#pool = pool;
    this.#frame = frame;
    this.#count = count;
  }

  /** Reads output `index` of the frame, as the next of the tensors. */
  add(index: number, row: OutputRow): void {
    const { api, memcpy } = this.#binding;
    const frame = this.#frame!;
    const { pointer } = frame;
    const value = frame.outputs[index]!;
    checkRun(api, api.GetTensorElementTypeAndShapeDataReference(value, frame.type, pointer, frame.count));
    const rank = Number(frame.count[0]);
    if (rank > MAX_RANK) {
      throw internal(`Output '${row.name}' has rank ${rank}; the highest supported is ${MAX_RANK}`);
    }
    if (rank > 0) memcpy(frame.dims, pointer[0]!, rank * 8);
    const shape = readDims(frame.dims, rank);
    let elements = 1;
    for (const dim of shape) elements *= dim;
    checkRun(api, api.GetTensorMutableData(value, pointer));
    this.tensors.push({ dtype: row.dtype, shape, data: this.#read(frame, row, elements) });
  }

  #read(frame: Frame, row: OutputRow, elements: number): NumericArray {
    const bytes = elements * row.size;
    const offset = this.#copied;
    if (offset + bytes <= frame.copies.length) {
      const target = offset === 0 ? frame.copies : frame.copies.subarray(offset);
      if (bytes > 0) this.#binding.memcpy(target, frame.pointer[0]!, bytes);
      this.#copied = (offset + bytes + 15) & ~15;
      return new row.array(frame.copies.buffer, offset, elements * row.lanes);
    }
    // Caution: if another thread terminates this one in the microsecond that this takes, Node aborts the process, as
    // koffi then has no way to report its failure. Threads that run sessions are to be asked to end, not terminated.
    const view = koffi.view(frame.pointer[0]!, bytes);
    this.#views ??= [];
    this.#views.push(view);
    return new row.array(view);
  }

  dispose(): void {
    const frame = this.#frame;
    if (frame === undefined) return;
    this.#frame = undefined;
    // Detached, so that a late look finds nothing instead of memory that is someone else's by then.
    if (this.#views !== undefined) for (const view of this.#views) view.transfer(0);
    for (let i = 0; i < this.#count; i++) {
      if (frame.outputs[i] !== 0n) this.#binding.api.ReleaseValue(frame.outputs[i]!);
    }
    this.#pool.give(frame);
  }
}
