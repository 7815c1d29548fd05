import { resourceExhausted } from "../status/status.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { NumericTensor, StringTensor, Tensor } from "../tensor/tensor.ts";
import { padTo } from "./pad-tensor.ts";

/** What tensors may be filled up to, where most of it would be filling. */
const MOST_PADDED_ELEMENTS = 1 << 24;

/** The elements of one row. */
function rowSize(shape: Shape): number {
  let size = 1;
  for (let i = 1; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/**
 * Tensors one after the other along dimension 0, in which alone their shapes may differ.
 * @param rows of the result: what the tensors leave is filled with the last one's first row, which is surely a row that
 * the model takes.
 * @param take gives memory for so many bytes.
 */
export function mergeTensors(
  tensors: readonly Tensor[],
  rows: number,
  take: (bytes: number) => ArrayBuffer,
): Tensor {
  const [first] = tensors;
  const shape = [rows, ...first!.shape.slice(1)];
  return first!.dtype === "string"
    ? mergeStrings(tensors as readonly StringTensor[], shape)
    : mergeNumbers(tensors as readonly NumericTensor[], shape, take);
}

function mergeStrings(tensors: readonly StringTensor[], shape: Shape): StringTensor {
  const data = tensors.flatMap((tensor) => tensor.data);
  const row = tensors.at(-1)!.data.slice(0, rowSize(shape));
  for (let missing = shape[0]! * row.length - data.length; missing > 0; missing -= row.length)
    data.push(...row);
  return { dtype: "string", shape, data };
}

function mergeNumbers(
  tensors: readonly NumericTensor[],
  shape: Shape,
  take: (bytes: number) => ArrayBuffer,
): NumericTensor {
  const { dtype } = tensors[0]!;
  const { array, lanes } = dtypeInfo(dtype);
  const row = rowSize(shape) * lanes;
  const length = shape[0]! * row;
  const data = new array!(take(length * array!.BYTES_PER_ELEMENT), 0, length);
  let at = 0;
  let last = 0;
  for (const tensor of tensors) {
    // The types are equal, which the union of arrays can't express.
    data.set(tensor.data as never, at);
    last = at;
    at += tensor.data.length;
  }
  for (; at < length; at += row) data.copyWithin(at, last, last + row);
  return { dtype, shape, data };
}

/** The rows from `begin` to `end` of a tensor, where they lie. */
export function sliceRows(tensor: Tensor, begin: number, end: number): Tensor {
  const shape = [end - begin, ...tensor.shape.slice(1)];
  const row = rowSize(shape);
  if (tensor.dtype === "string") {
    return { dtype: "string", shape, data: tensor.data.slice(begin * row, end * row) };
  }
  const { lanes } = dtypeInfo(tensor.dtype);
  return { dtype: tensor.dtype, shape, data: tensor.data.subarray(begin * row * lanes, end * row * lanes) };
}

/**
 * Tensors of one rank, each filled up to the largest size in every dimension but the first.
 * @throws StatusError RESOURCE_EXHAUSTED where that would make them many times as large: one long input among many short
 * ones must not take all memory.
 */
export function padToLargest(tensors: readonly Tensor[]): readonly Tensor[] {
  const largest = [...tensors[0]!.shape];
  let rows = 0;
  let elements = 0;
  for (const { shape, data } of tensors) {
    for (let i = 1; i < shape.length; i++) largest[i] = Math.max(largest[i]!, shape[i]!);
    rows += shape[0]!;
    elements += data.length;
  }
  const padded = rows * rowSize(largest);
  if (padded > MOST_PADDED_ELEMENTS && padded > 2 * elements) {
    throw resourceExhausted(`Padding would make ${padded} elements of ${elements}`);
  }
  return tensors.map((tensor) => padTo(tensor, [tensor.shape[0]!, ...largest.slice(1)]));
}
