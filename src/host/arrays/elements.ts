import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** What ops that only move elements see of a tensor's data, whatever its type. */
export interface Slots {
  readonly length: number;
  [index: number]: unknown;
}

/** Slots per element: two for complex numbers. */
export function lanesOf(dtype: DType): number {
  return dtypeInfo(dtype).lanes;
}

export function slotsOf(tensor: Tensor): Slots {
  return tensor.data as unknown as Slots;
}

/** Slots for this many elements: zeros, or strings and variants that are empty until they are set. */
export function newSlots(dtype: DType, count: number): Slots {
  const { array, lanes } = dtypeInfo(dtype);
  if (array === undefined) return new Array<unknown>(count).fill(dtype === "string" ? EMPTY : undefined);
  return new array(count * lanes) as unknown as Slots;
}

const EMPTY = new Uint8Array(0);

/** @param data from {@link newSlots} of the same type, for as many elements as the shape has. */
export function tensorOf(dtype: DType, shape: Shape, data: Slots): Tensor {
  return { dtype, shape, data } as unknown as Tensor;
}

/** The same elements under another shape of as many. */
export function withShape(tensor: Tensor, shape: Shape): Tensor {
  return { ...tensor, shape };
}

/** The tensor whose element i is element `sources[i]` of another; -1 stands for zero or the empty string. */
export function pick(tensor: Tensor, shape: Shape, sources: Int32Array): Tensor {
  const { dtype } = tensor;
  const lanes = lanesOf(dtype);
  const from = slotsOf(tensor);
  const to = newSlots(dtype, sources.length);
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i]!;
    if (source < 0) continue;
    for (let lane = 0; lane < lanes; lane++) to[i * lanes + lane] = from[source * lanes + lane];
  }
  return tensorOf(dtype, shape, to);
}

/** A tensor of integers of any width as numbers. */
export function integers(tensor: Tensor): readonly number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** The first element of a tensor of integers. */
export function integer(tensor: Tensor): number {
  return Number(tensor.data[0]);
}

/** A tensor of integers, `int32` or `int64`. */
export function integerTensor(dtype: DType, shape: Shape, values: readonly number[]): Tensor {
  return dtype === "int64"
    ? { dtype, shape, data: BigInt64Array.from(values, BigInt) }
    : { dtype: "int32", shape, data: Int32Array.from(values) };
}

/** Elements between neighbours along each axis, row-major. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** The product of the sizes from one axis up to another. */
export function span(shape: Shape, from: number, to = shape.length): number {
  return elementCount(shape.slice(from, to));
}

/** As TensorFlow prints where an element is: `[1,0]`, or nothing in a scalar. */
export function placeText(position: number, shape: Shape): string {
  if (shape.length === 0) return "";
  const strides = stridesOf(shape);
  return `[${shape.map((dim, axis) => Math.floor(position / strides[axis]!) % dim).join(",")}]`;
}
