import { invalidArgument } from "../../status/status.ts";
import { type DType, dataTypeString } from "../../tensor/dtype.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integers, integerTensor, span } from "../arrays/elements.ts";
import type { HostValue, ValueFamily, ValueOp } from "../host-op.ts";
import { joinTensors } from "../lists/tensor-list.ts";
import { parse } from "./serialize-tensor.ts";

interface Sparse {
  readonly indices: Tensor;
  readonly values: Tensor;
  readonly shape: readonly number[];
}

/** The parts of the sparse tensors that an input holds, one after the other. */
function partsOf(input: HostValue): Tensor[] {
  if (input.dtype === "variant") return input.data as Tensor[];
  return (input.data as readonly Uint8Array[]).map((bytes) =>
    parse(bytes, "Could not parse serialized proto"),
  );
}

function checkLayout(shape: Shape): void {
  const given = formatShape(shape);
  if (shape.length === 0) throw invalidArgument(`Serialized sparse should have non-zero rank ${given}`);
  if (shape.at(-1) !== 3) {
    throw invalidArgument(`Serialized sparse should have 3 as the last dimension ${given}`);
  }
  if (shape.includes(0)) {
    throw invalidArgument(
      `Serialized sparse should have at least 1 serialized tensor, but has a zero dimension ${given}`,
    );
  }
}

function sparseOf(parts: readonly Tensor[], i: number, dtype: DType): Sparse {
  const [indices, values, shape] = parts.slice(3 * i, 3 * i + 3) as [Tensor, Tensor, Tensor];
  const check = (tensor: Tensor, part: number, what: string, rank: number): void => {
    if (tensor.shape.length === rank) return;
    throw invalidArgument(
      `Expected serialized_sparse[${i}, ${part}] to represent ${what} but received shape ${formatShape(tensor.shape)}`,
    );
  };
  check(indices, 0, "an index matrix", 2);
  check(values, 1, "a values vector", 1);
  check(shape, 2, "a shape vector", 1);
  if (values.dtype !== dtype) {
    throw invalidArgument(
      `Requested SparseTensor of type ${dataTypeString(dtype)} but SparseTensor[${i}].values.dtype() == ` +
        dataTypeString(values.dtype),
    );
  }
  const [count, rank] = indices.shape;
  if (values.shape[0] !== count) {
    throw invalidArgument(
      `Expected row counts of SparseTensor[${i}].indices and SparseTensor[${i}].values to match but they do not: ` +
        `${count} vs. ${values.shape[0]}`,
    );
  }
  if (shape.shape[0] !== rank) {
    throw invalidArgument(
      `Expected column counts of SparseTensor[${i}].indices to match size of SparseTensor[${i}].shape but they do not: ` +
        `${rank} vs. ${shape.shape[0]}`,
    );
  }
  return { indices, values, shape: integers(shape) };
}

/** One sparse tensor of all, with the axes that they are arranged along in front. */
const deserialize: ValueOp = {
  shapes: () => [[-1, -1], [-1], [-1]],
  compile: (attrs) => {
    const dtype = attrs.dtype("dtype");
    return ([input]) => {
      checkLayout(input!.shape);
      const parts = partsOf(input!);
      const outer = input!.shape.slice(0, -1);
      const count = span(outer, 0);
      const tensors = Array.from({ length: count }, (_, i) => sparseOf(parts, i, dtype));
      const [first] = tensors as [Sparse, ...Sparse[]];
      const rank = first.shape.length;
      const odd = tensors.findIndex((tensor) => tensor.shape.length !== rank);
      if (odd >= 0) {
        throw invalidArgument(
          `Inconsistent shape across SparseTensors: rank prior to SparseTensor[${odd}] was: ${rank} but rank of ` +
            `SparseTensor[${odd}] is: ${tensors[odd]!.shape.length}`,
        );
      }
      const inner = first.shape.map((_, axis) => Math.max(...tensors.map(({ shape }) => shape[axis]!)));
      const at = tensors.flatMap(({ indices }, i) => placed(integers(indices), rank, coordinates(i, outer)));
      const total = tensors.reduce((sum, { values }) => sum + values.shape[0]!, 0);
      const shape = [...outer, ...inner];
      return [
        integerTensor("int64", [total, shape.length], at),
        joinTensors(
          dtype,
          [total],
          tensors.map(({ values }) => values),
        ),
        integerTensor("int64", [shape.length], shape),
      ];
    };
  },
};

function coordinates(position: number, shape: Shape): number[] {
  return shape.map((size, axis) => Math.floor(position / span(shape, axis + 1)) % size);
}

function placed(indices: readonly number[], rank: number, front: readonly number[]): number[] {
  if (front.length === 0) return [...indices];
  const rows: number[] = [];
  for (let i = 0; i < indices.length; i += rank) rows.push(...front, ...indices.slice(i, i + rank));
  return rows;
}

export const sparseDeserialization: ValueFamily = {
  DeserializeSparse: deserialize,
  DeserializeManySparse: deserialize,
};
