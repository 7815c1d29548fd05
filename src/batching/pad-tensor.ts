import { dtypeInfo, type NumericArray } from "../tensor/dtype.ts";
import { elementCount, type Shape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * A tensor with its own elements at the beginning of each dimension and its first element everywhere else, as
 * TensorFlow Serving fills up inputs (tensorflow_serving/batching/batching_util.cc).
 * @param shape of the same rank, and in no dimension smaller.
 * @param tensor not empty, unless it has that shape.
 */
export function padTo(tensor: Tensor, shape: Shape): Tensor {
  if (sameShape(tensor.shape, shape)) return tensor;
  const count = elementCount(shape);
  if (tensor.dtype === "string") {
    const data = new Array<Uint8Array>(count).fill(tensor.data[0]!);
    copyRuns(tensor.shape, shape, (to, from, length) => {
      for (let i = 0; i < length; i++) data[to + i] = tensor.data[from + i]!;
    });
    return { dtype: "string", shape, data };
  }
  const { array, lanes } = dtypeInfo(tensor.dtype);
  const data: NumericArray = new array!(count * lanes);
  for (let lane = 0; lane < lanes; lane++) {
    const first = tensor.data[lane]!;
    if (lanes === 1) data.fill(first as never);
    else for (let i = lane; i < data.length; i += lanes) data[i] = first as never;
  }
  copyRuns(tensor.shape, shape, (to, from, length) => {
    data.set(tensor.data.subarray(from * lanes, (from + length) * lanes) as never, to * lanes);
  });
  return { dtype: tensor.dtype, shape, data };
}

/** Tells where each run of elements along the last dimension lies in the smaller shape, and where in the larger. */
function copyRuns(
  small: Shape,
  large: Shape,
  copy: (to: number, from: number, length: number) => void,
): void {
  const length = small.at(-1)!;
  const index = new Array<number>(small.length - 1).fill(0);
  for (let from = 0; from < elementCount(small); from += length) {
    let to = 0;
    for (let i = 0; i < index.length; i++) to = to * large[i]! + index[i]!;
    copy(to * large.at(-1)!, from, length);
    for (let i = index.length - 1; i >= 0 && ++index[i]! === small[i]; i--) index[i] = 0;
  }
}
