import { packStrings, unpackStrings } from "../../state/packed-strings.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount, type Shape } from "../../tensor/shape.ts";
import { bytesOf, type NumericTensor, type Tensor } from "../../tensor/tensor.ts";

/** The bytes of each part of so many elements of a tensor: a key, or a value. */
export function cutCells(tensor: Tensor, elements: number): Uint8Array[] {
  const count = elements === 0 ? 0 : tensor.data.length / lanesOf(tensor.dtype) / elements;
  if (tensor.dtype === "string") {
    return Array.from({ length: count }, (_, i) =>
      packStrings(tensor.data.slice(i * elements, (i + 1) * elements)),
    );
  }
  const bytes = bytesOf(tensor);
  const size = dtypeInfo(tensor.dtype).size * elements;
  return Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

/** The tensor that cells make one after the other. */
export function joinCells(dtype: DType, shape: Shape, cells: readonly Uint8Array[]): Tensor {
  if (dtype === "string") {
    const each = cells.length === 0 ? 0 : elementCount(shape) / cells.length;
    return { dtype, shape, data: cells.flatMap((cell) => unpackStrings(cell, each)) };
  }
  const bytes = new Uint8Array(elementCount(shape) * dtypeInfo(dtype).size);
  let at = 0;
  for (const cell of cells) {
    bytes.set(cell, at);
    at += cell.length;
  }
  return { dtype, shape, data: new (dtypeInfo(dtype).array!)(bytes.buffer) } as NumericTensor;
}

function lanesOf(dtype: DType): number {
  return dtypeInfo(dtype).lanes;
}
