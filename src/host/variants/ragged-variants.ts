import { invalidArgument } from "../../status/status.ts";
import { type DType, dataTypeString } from "../../tensor/dtype.ts";
import { formatShape, type PartialShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integers, integerTensor, newSlots, tensorOf } from "../arrays/elements.ts";
import { knownIntegers, ofRank, vectorLength } from "../arrays/known-shapes.ts";
import type { ValueFamily, ValueKernel, ValueOp } from "../host-op.ts";
import { joinTensors, owned, rowsOf } from "../lists/tensor-list.ts";
import { debugString } from "../strings/numbers/summary.ts";

/** What a variant holds of a ragged tensor: its row splits from the outermost on, and the values of the innermost rows. */
interface RaggedValue {
  readonly splits: readonly (readonly number[])[];
  readonly values: Tensor;
}

/** @throws StatusError INVALID_ARGUMENT for another kind of variant. */
function raggedOf(held: unknown, index: number): RaggedValue {
  if (held !== null && typeof held === "object" && "splits" in held) return held as RaggedValue;
  throw invalidArgument(
    `Input Variant element at index ${index} doesn't hold a RaggedTensorVariant: it was not encoded by RaggedTensorToVariant`,
  );
}

const toVariant: ValueOp = {
  shapes: (attrs, inputs): PartialShape[] => {
    if (!attrs.bool("batched_input")) return [[]];
    const [first] = inputs;
    const length = first!.shape?.[0] ?? -1;
    return [[inputs.length === 1 || length < 0 ? length : length - 1]];
  },
  compile: (attrs): ValueKernel => {
    const isBatched = attrs.bool("batched_input");
    return (inputs) => {
      const values = inputs.at(-1) as Tensor;
      const splits = (inputs.slice(0, -1) as Tensor[]).map(integers);
      if (!isBatched) {
        return [{ dtype: "variant", shape: [], data: [{ splits, values: owned(values) as Tensor }] }];
      }
      const rows = splits.length === 0 ? rowsOfTensor(values) : rowsOfRagged(splits, values);
      return [{ dtype: "variant", shape: [rows.length], data: rows }];
    };
  },
};

function rowsOfTensor(values: Tensor): RaggedValue[] {
  const [count, ...rest] = values.shape;
  if (count === undefined) throw invalidArgument("Can't unbatch rank-0 tensor.");
  return Array.from({ length: count }, (_, i) => ({
    splits: [],
    values: rowsOf(values, i, i + 1, rest),
  }));
}

function rowsOfRagged([outer, ...inner]: readonly (readonly number[])[], values: Tensor): RaggedValue[] {
  return Array.from({ length: Math.max(0, outer!.length - 1) }, (_, row) => {
    let [from, to] = [outer![row]!, outer![row + 1]!];
    const splits = inner.map((level) => {
      const own = level.slice(from, to + 1);
      const start = own[0] ?? 0;
      [from, to] = [start, own.at(-1) ?? start];
      return own.map((split) => split - start);
    });
    return { splits, values: rowsOf(values, from, to, [to - from, ...values.shape.slice(1)]) };
  });
}

const fromVariant: ValueOp = {
  shapes: (attrs): PartialShape[] => [
    ...new Array<PartialShape>(attrs.int("output_ragged_rank")).fill([-1]),
    undefined,
  ],
  compile: (attrs): ValueKernel => {
    const given = attrs.int("input_ragged_rank");
    const wanted = attrs.int("output_ragged_rank");
    const [dtype, splitType] = [attrs.dtype("Tvalues"), attrs.dtype("Tsplits")];
    return ([encoded]) => {
      const { shape, data } = encoded!;
      const inner = given < 0 ? wanted - shape.length : given;
      if (given < 0 && inner < 0) {
        throw invalidArgument(
          `Inferred input_ragged_rank (output_ragged_rank - encoded_variant.dims()) must be >= 0, found ` +
            `output_ragged_rank: ${wanted}, encoded_variant.dims(): ${shape.length}, inferred input_ragged_rank: ${inner}`,
        );
      }
      if (wanted !== inner + shape.length) {
        throw invalidArgument(
          `output_ragged_rank must be equal to input_ragged_rank + encoded_ragged.dims(); output_ragged_rank: ${wanted}, ` +
            `input_ragged_rank: ${inner}, encoded_variant.dims(): ${shape.length}.`,
        );
      }
      const parts = (data as readonly unknown[]).map(raggedOf);
      for (const [i, part] of parts.entries()) checkPart(part, i, dtype, inner);
      const { splits, values } = shape.length === 0 ? parts[0]! : stack(shape, parts, inner, dtype);
      return [...splits.map((level) => integerTensor(splitType, [level.length], level)), values];
    };
  },
};

function checkPart({ splits, values }: RaggedValue, index: number, dtype: DType, rank: number): void {
  if (splits.length !== rank) {
    throw invalidArgument(
      `Encoded input RaggedTensorVariant has ragged_rank=${splits.length}.  Expected ragged_rank=${rank}.`,
    );
  }
  if (values.dtype !== dtype) {
    throw invalidArgument(
      `Expected values Tensor dtype: ${dataTypeString(dtype)}, found: ${dataTypeString(values.dtype)}`,
    );
  }
  if (values.shape.length < 1) {
    throw invalidArgument(
      `Ragged values must have rank >= 1; encoded scalar element at index ${index} has values Tensor: ${debugString(values)}`,
    );
  }
}

/** The axes that the parts are arranged along become row splits: all but the last of rows that are equally long. */
function stack(shape: Shape, parts: readonly RaggedValue[], rank: number, dtype: DType): RaggedValue {
  const even = shape.slice(0, -1).map((_, axis) => {
    const rows = shape.slice(0, axis + 1).reduce((a, b) => a * b, 1);
    return Array.from({ length: rows + 1 }, (_row, i) => i * shape[axis + 1]!);
  });
  const levels = Array.from({ length: rank + 1 }, (): number[] => [0]);
  for (const { splits, values } of parts) {
    const [outer, ...inner] = levels as [number[], ...number[][]];
    const rows = splits[0] === undefined ? values.shape[0]! : splits[0].length - 1;
    outer.push(outer.at(-1)! + rows);
    for (const [i, level] of inner.entries()) {
      const offset = level.at(-1)!;
      for (const split of splits[i]!.slice(1)) level.push(offset + split);
    }
  }
  return { splits: [...even, ...levels], values: joined(parts, dtype) };
}

function joined(parts: readonly RaggedValue[], dtype: DType): Tensor {
  const [first] = parts;
  if (first === undefined) return tensorOf(dtype, [0], newSlots(dtype, 0));
  const rest = first.values.shape.slice(1);
  for (const [i, { values }] of parts.entries()) {
    if (String(values.shape.slice(1)) === String(rest)) continue;
    throw invalidArgument(
      `All flat_values must have compatible shapes.  Shape at index 0: ${formatShape(first.values.shape)}.  ` +
        `Shape at index ${i}: ${formatShape(values.shape)}.  If you are using tf.map_fn, then you may need to specify an ` +
        "explicit fn_output_signature with appropriate ragged_rank, and/or convert output tensors to RaggedTensors.",
    );
  }
  const rows = parts.reduce((sum, { values }) => sum + values.shape[0]!, 0);
  return joinTensors(
    dtype,
    [rows, ...rest],
    parts.map(({ values }) => values),
  );
}

/** The gradient of the values out of those of the rows that they were cut into. */
const toVariantGradient: ValueOp = {
  shapes: (_, [, , shape]): PartialShape[] => [knownIntegers(shape!) ?? ofRank(vectorLength(shape!))],
  compile: (attrs): ValueKernel => {
    const dtype = attrs.dtype("Tvalues");
    return ([encoded, , shape]) => {
      const parts = (encoded!.data as readonly unknown[]).map(raggedOf);
      for (const { values } of parts) {
        if (values.dtype === dtype) continue;
        throw invalidArgument(
          `Expected values Tensor dtype: ${dataTypeString(dtype)}, found: ${dataTypeString(values.dtype)}`,
        );
      }
      const wanted = integers(shape as Tensor);
      return [
        joinTensors(
          dtype,
          wanted,
          parts.map(({ values }) => values),
        ),
      ];
    };
  },
};

/** Ragged tensors as variants: how lists and maps hold them. */
export const raggedVariants: ValueFamily = {
  RaggedTensorToVariant: toVariant,
  RaggedTensorFromVariant: fromVariant,
  RaggedTensorToVariantGradient: toVariantGradient,
};
