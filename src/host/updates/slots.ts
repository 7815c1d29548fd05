import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { type Slots, slotsOf } from "../arrays/elements.ts";
import { type FloatType, floatsOf, floatTensor } from "../math/floats.ts";

const HALVES = new Set(["float16", "bfloat16"]);

/** A tensor's numbers in an array that can be computed in. */
export interface Work {
  /** A copy. */
  readonly slots: Slots;
  finish(): Tensor;
}

/** Numbers as they are computed with: half floats as such, not as their bits. */
export function numbersOf(tensor: Tensor): Slots {
  return HALVES.has(tensor.dtype) ? (floatsOf(tensor) as unknown as Slots) : slotsOf(tensor);
}

export function workOn(tensor: Tensor): Work {
  const { dtype, shape } = tensor;
  if (HALVES.has(dtype)) {
    const values = floatsOf(tensor).slice();
    return {
      slots: values as unknown as Slots,
      finish: () => floatTensor(dtype as FloatType, shape, values),
    };
  }
  const data = tensor.data.slice() as NumericTensor["data"];
  return { slots: data as unknown as Slots, finish: () => ({ ...tensor, data }) as Tensor };
}
