import { invalidArgument } from "../../status/status.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount, formatShape, type PartialShape, type Shape } from "../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import type { HostValue, VariantTensor } from "../host-op.ts";

/** What a TensorList variant holds. Lists share their items; none is changed after it was made. */
export interface TensorList {
  readonly elementDtype: DType;
  /** What every element's shape must be compatible with. */
  readonly elementShape: PartialShape;
  /** Undefined: reserved, but not set. */
  readonly items: readonly (HostValue | undefined)[];
}

export function listTensor(list: TensorList): VariantTensor {
  return { dtype: "variant", shape: [], data: [list] };
}

/** @throws StatusError INVALID_ARGUMENT if the value is no list. */
export function listOf(value: HostValue | undefined): TensorList {
  const held = value?.dtype === "variant" ? value.data[0] : undefined;
  if (held === undefined || typeof held !== "object" || !("items" in (held as object))) {
    throw invalidArgument("Input handle is not a list");
  }
  return held as TensorList;
}

/** The integers of a small tensor: an index, a shape. */
export function integers(value: HostValue | undefined): number[] {
  return value === undefined || value.dtype === "variant" || value.dtype === "string"
    ? []
    : Array.from(value.data as ArrayLike<number | bigint>, Number);
}

/** A shape as ops pass it: a vector, or the scalar -1 for any rank. */
export function shapeOfInput(value: HostValue | undefined): PartialShape {
  if (value === undefined || (value.shape.length === 0 && integers(value)[0] === -1)) return undefined;
  return integers(value);
}

/** What both shapes say together. */
export function mergeShapes(a: PartialShape, b: PartialShape): PartialShape {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.length !== b.length) throw incompatible(a, b);
  return a.map((dim, i) => {
    if (dim >= 0 && b[i]! >= 0 && dim !== b[i]) throw incompatible(a, b);
    return dim >= 0 ? dim : b[i]!;
  });
}

function incompatible(a: PartialShape, b: PartialShape) {
  return invalidArgument(`Incompatible shapes: ${formatShape(a)} vs. ${formatShape(b)}`);
}

/** A tensor that doesn't end with the run that made it. */
export function owned(value: HostValue): HostValue {
  if (value.dtype === "variant" || value.dtype === "string") return value;
  return { ...value, data: value.data.slice() } as NumericTensor;
}

/** Zeros, or empty strings. */
export function zeros(dtype: DType, shape: Shape): Tensor {
  const count = elementCount(shape);
  if (dtype === "string") return { dtype, shape, data: new Array<Uint8Array>(count).fill(new Uint8Array(0)) };
  const { array, lanes } = dtypeInfo(dtype);
  if (array === undefined) throw invalidArgument(`A list of ${dtype} has elements that were never set`);
  return { dtype, shape, data: new array(count * lanes) } as NumericTensor;
}

/** The shape that all elements have, as far as the list and its items say. */
export function knownElementShape(list: TensorList, asked: PartialShape): PartialShape {
  let shape = mergeShapes(list.elementShape, asked);
  for (const item of list.items) {
    if (item !== undefined && !shape?.every((dim) => dim >= 0)) shape = mergeShapes(shape, item.shape);
  }
  return shape;
}

/** Tensors of one dtype, one after the other along a first dimension that they share or that is new. */
export function joinTensors(dtype: DType, shape: Shape, parts: readonly Tensor[]): Tensor {
  // Strings, or variants, which lists of lists hold.
  if (dtypeInfo(dtype).array === undefined) {
    return { dtype, shape, data: parts.flatMap((part) => part.data as Uint8Array[]) } as Tensor;
  }
  const { array, lanes } = dtypeInfo(dtype);
  const data = new array!(elementCount(shape) * lanes) as Float32Array;
  let at = 0;
  for (const part of parts) {
    data.set(part.data as Float32Array, at);
    at += part.data.length;
  }
  return { dtype, shape, data } as NumericTensor;
}

/** The part of a tensor from one row to another, copied. */
export function rowsOf(tensor: Tensor, from: number, to: number, shape: Shape): Tensor {
  const perRow = tensor.data.length / Math.max(1, tensor.shape[0]!);
  return { ...tensor, shape, data: tensor.data.slice(from * perRow, to * perRow) } as Tensor;
}
