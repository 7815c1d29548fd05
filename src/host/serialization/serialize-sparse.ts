import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integers, integerTensor } from "../arrays/elements.ts";
import type { HostValue, ValueFamily, ValueKernel, ValueOp } from "../host-op.ts";
import { owned, rowsOf } from "../lists/tensor-list.ts";
import { checkSparse } from "../sparse/check-sparse.ts";
import { checkOrdered, coordinatesOf, denseShapeOf } from "../sparse/coordinates.ts";
import { serialize } from "./serialize-tensor.ts";

/** A sparse tensor's three parts for each of some of them, as strings or as variants that hold the parts. */
function encoded(attrs: Attributes, shape: Shape, parts: readonly Tensor[]): HostValue {
  if (attrs.dtype("out_type") === "variant") return { dtype: "variant", shape, data: parts.map(owned) };
  return { dtype: "string", shape, data: parts.map((part) => serialize(part, true)) };
}

const serializeSparse: ValueOp = {
  shapes: () => [[3]],
  compile:
    (attrs): ValueKernel =>
    (inputs) => {
      const [indices, values, shape] = inputs as readonly [Tensor, Tensor, Tensor];
      checkRanks(indices, values, shape);
      return [encoded(attrs, [3], [indices, values, shape])];
    },
};

/** One sparse tensor for each index along the first axis, whose indices are in order. */
const serializeManySparse: ValueOp = {
  shapes: (_, inputs) => [[knownRows(inputs[2]!.constant), 3]],
  compile:
    (attrs): ValueKernel =>
    (inputs) => {
      const [indices, values, shape] = inputs as readonly [Tensor, Tensor, Tensor];
      checkRanks(indices, values, shape);
      const dense = denseShapeOf(shape);
      if (dense.length <= 1) {
        throw invalidArgument(`Rank of input SparseTensor should be > 1, but saw rank: ${dense.length}`);
      }
      checkSparse(indices, values, dense.length);
      checkOrdered(coordinatesOf(indices), dense);
      const [count, ...rest] = dense as [number, ...number[]];
      const rank = rest.length + 1;
      const at = integers(indices);
      const parts: Tensor[] = [];
      for (let row = 0, from = 0; row < count; row++) {
        let to = from;
        while (to * rank < at.length && at[to * rank] === row) to++;
        const inner = at.slice(from * rank, to * rank).filter((_, i) => i % rank > 0);
        parts.push(
          integerTensor("int64", [to - from, rank - 1], inner),
          rowsOf(values, from, to, [to - from]),
          integerTensor("int64", [rank - 1], rest),
        );
        from = to;
      }
      return [encoded(attrs, [count, 3], parts)];
    },
};

/** @throws StatusError INVALID_ARGUMENT in the words of TensorFlow's SerializeSparse. */
function checkRanks(indices: Tensor, values: Tensor, shape: Tensor): void {
  for (const [name, form, tensor, rank] of [
    ["indices", "matrix", indices, 2],
    ["values", "vector", values, 1],
    ["shape", "vector", shape, 1],
  ] as const) {
    if (tensor.shape.length === rank) continue;
    throw invalidArgument(
      `Input ${name} should be a ${form} but received shape ${formatShape(tensor.shape)}`,
    );
  }
}

function knownRows(shape: Tensor | undefined): number {
  return shape === undefined ? -1 : Number(shape.data[0]);
}

/** Sparse tensors as three strings each, or three variants. */
export const sparseSerialization: ValueFamily = {
  SerializeSparse: serializeSparse,
  SerializeManySparse: serializeManySparse,
};
