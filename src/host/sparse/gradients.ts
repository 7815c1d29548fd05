import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integers, lanesOf, pick } from "../arrays/elements.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { elementsOf, newElements, tensorOfElements } from "./arithmetic.ts";

/** Where each row of indices is among others, by what it says. */
function placesOf(indices: Tensor, from?: readonly number[]): Map<string, number> {
  const rank = indices.shape[1]!;
  const at = integers(indices);
  return new Map(
    Array.from({ length: indices.shape[0]! }, (_, row) => {
      const index = at.slice(row * rank, (row + 1) * rank).map((value, axis) => value + (from?.[axis] ?? 0));
      return [String(index), row] as const;
    }),
  );
}

/** The gradient of the sum's values for those of one of its operands; zero for a value that the sum left out. */
function handedOn(indices: Tensor, grad: Tensor, places: ReadonlyMap<string, number>): Tensor {
  const sources = Int32Array.from([...rowsOf(indices)], (row) => places.get(row) ?? -1);
  return pick(grad, [sources.length], sources);
}

function* rowsOf(indices: Tensor): Generator<string> {
  const rank = indices.shape[1]!;
  const at = integers(indices);
  for (let row = 0; row < indices.shape[0]!; row++) yield String(at.slice(row * rank, (row + 1) * rank));
}

const addGrad: HostOp = {
  shapes: (_, [, a, b]): PartialShape[] => [[a!.shape?.[0] ?? -1], [b!.shape?.[0] ?? -1]],
  compile:
    () =>
    ([grad, a, b, sum]) => {
      if (sum!.shape[0] !== grad!.shape[0]) {
        throw invalidArgument(
          `# elements in backprop_val_grad and rows in sum_indices should match (#nnz of sum): got ` +
            `${grad!.shape[0]} and ${sum!.shape[0]}`,
        );
      }
      const places = placesOf(sum!);
      return [handedOn(a!, grad!, places), handedOn(b!, grad!, places)];
    },
};

const sliceGrad: HostOp = {
  shapes: (_, [, input]): PartialShape[] => [[input!.shape?.[0] ?? -1]],
  compile:
    () =>
    ([grad, input, start, output]) => [handedOn(input!, grad!, placesOf(output!, integers(start!)))],
};

/** What was filled in shares one gradient. */
const fillEmptyRowsGrad: HostOp = {
  shapes: (_, [map]): PartialShape[] => [[map!.shape?.[0] ?? -1], []],
  compile: (attrs) => {
    const dtype = attrs.dtype("T");
    return ([map, grad]) => {
      const sources = integers(map!);
      const count = grad!.shape[0]!;
      const values = elementsOf(grad!);
      const lanes = lanesOf(dtype);
      const visited = new Uint8Array(count);
      for (const source of sources) {
        if (source < 0 || source >= count) {
          throw invalidArgument(`Elements in reverse index must be in [0, ${count}) but got ${source}`);
        }
        visited[source] = 1;
      }
      const sum = newElements(dtype, 1);
      for (let i = 0; i < count; i++) {
        if (visited[i] === 0)
          for (let lane = 0; lane < lanes; lane++) sum[lane]! += values[i * lanes + lane]!;
      }
      return [pick(grad!, [sources.length], Int32Array.from(sources)), tensorOfElements(dtype, [], sum)];
    };
  },
};

/** The gradients of ops on sparse tensors. */
export const sparseGradients: HostFamily = {
  SparseAddGrad: addGrad,
  SparseSliceGrad: sliceGrad,
  SparseFillEmptyRowsGrad: fillEmptyRowsGrad,
  RaggedFillEmptyRowsGrad: fillEmptyRowsGrad,
};
