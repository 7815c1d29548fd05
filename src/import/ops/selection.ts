import { unimplemented } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { combine, dimOf, dimsOf, flat, knownInts, product, rankOf, scalarOf, vector } from "./int-vector.ts";
import { reshapeTo } from "./reshape-target.ts";

/** The coordinates of what isn't zero, one per row. */
const where: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  if (x.shape?.length === 0) throw unimplemented("input must have at least one dimension, got a scalar");
  return onnx.op("Transpose", [onnx.op("NonZero", [onnx.cast(x, "bool")])], { perm: [1, 0] });
};

const topKV2: Translator = (node, onnx) =>
  largest(onnx, node.inputs[0]!, onnx.cast(node.inputs[1]!, "int64"), node.attrs.dtype("index_type"));

const topK: Translator = (node, onnx) =>
  largest(onnx, node.inputs[0]!, onnx.ints([node.attrs.int("k")]), "int32");

/** Exact, as TensorFlow's kernel for CPUs is. */
const approximateTopK: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const rank = rankOf(x, "input");
  const given = node.attrs.int("reduction_dimension");
  const axis = given < 0 ? given + rank : given;
  const order = Array.from({ length: rank }, (_, i) => i);
  const perm = [...order.filter((i) => i !== axis), axis];
  const isLast = axis === rank - 1;
  const last = isLast ? x : onnx.op("Transpose", [x], { perm });
  const k = onnx.ints([node.attrs.int("k")]);
  const results = largest(onnx, last, k, "int32", node.attrs.bool("is_max_k"));
  return isLast
    ? results
    : results.map((result) => onnx.op("Transpose", [result], { perm: order.map((i) => perm.indexOf(i)) }));
};

/** The `k` largest (or smallest) along the last axis. Of equal ones the lower index comes first, in ONNX Runtime too. */
export function largest(onnx: OnnxBuilder, x: Value, k: Value, indexType: DType, isLargest = true): Value[] {
  const count = flat(onnx, k);
  const rank = rankOf(x, "input");
  const rows = product(
    onnx,
    Array.from({ length: rank - 1 }, (_, axis) => dimOf(onnx, x, axis)),
  );
  const keys = x.dtype === "uint64" ? signed(onnx, x) : x;
  const run = (value: Value): [Value, Value] => {
    const attrs = isLargest ? { axis: -1 } : { axis: -1, largest: 0 };
    const [values, indices] = onnx.ops("TopK", [value, count], attrs, 2) as [Value, Value];
    return [x.dtype === "uint64" ? unsigned(onnx, values) : values, onnx.cast(indices, indexType)];
  };
  if (typeof rows === "number" && rows > 0) return run(keys);
  // The kernel divides by the number of rows, and that ends the process: an empty batch gets one row.
  const width = dimOf(onnx, x, rank - 1);
  const missing = combine(onnx, "Sub", 1, combine(onnx, "Min", rows, 1));
  const zero = onnx.cast(onnx.scalar("int64", 0), keys.dtype);
  const row = onnx.op("Expand", [zero, vector(onnx, [missing, width])]);
  const padded = onnx.op("Concat", [reshapeTo(onnx, keys, [rows, width]), row], { axis: 0 });
  const leading = dimsOf(onnx, x, 0, rank - 1);
  return run(padded).map((result) => {
    const kept = onnx.op("Slice", [result, onnx.ints([0]), vector(onnx, [rows]), onnx.ints([0])]);
    return reshapeTo(onnx, kept, [leading, count]);
  });
}

const TOP_BIT = BigUint64Array.of(1n << 63n);

/** Numbers of 64 bits in the same order, as signed ones. */
function signed(onnx: OnnxBuilder, x: Value): Value {
  const bit = onnx.constant({ dtype: "uint64", shape: [], data: TOP_BIT });
  return onnx.cast(onnx.op("BitwiseXor", [x, bit]), "int64");
}

function unsigned(onnx: OnnxBuilder, x: Value): Value {
  const bit = onnx.constant({ dtype: "uint64", shape: [], data: TOP_BIT });
  return onnx.op("BitwiseXor", [onnx.cast(x, "uint64"), bit]);
}

/** Values in the order in which they first occur, and for each element which of them it is. */
function unique(onnx: OnnxBuilder, x: Value, axis: number | undefined, indexType: DType): Value[] {
  const attrs = axis === undefined ? { sorted: 0 } : { sorted: 0, axis };
  const [values, , inverse, counts] = onnx.ops("Unique", [x], attrs, 4) as [Value, Value, Value, Value];
  return [values, onnx.cast(inverse, indexType), onnx.cast(counts, indexType)];
}

function uniqueOf(outputs: number): Translator {
  return (node, onnx) =>
    unique(onnx, node.inputs[0]!, undefined, node.attrs.dtype("out_idx")).slice(0, outputs);
}

function uniqueAlong(outputs: number): Translator {
  return (node, onnx) => {
    const axis = knownInts(node.inputs[1]!, "axis")[0];
    return unique(onnx, node.inputs[0]!, axis, node.attrs.dtype("out_idx")).slice(0, outputs);
  };
}

/** What is in `x` but not in `y`, and where. */
const listDiff: Translator = (node, onnx) => {
  const [x, y] = node.inputs as [Value, Value];
  const equal = onnx.op("Equal", [
    onnx.op("Unsqueeze", [x, onnx.ints([1])]),
    onnx.op("Unsqueeze", [y, onnx.ints([0])]),
  ]);
  const matches = onnx.op("ReduceSum", [onnx.cast(equal, "int32"), onnx.ints([1])], { keepdims: 0 });
  const absent = onnx.op("Equal", [matches, onnx.scalar("int32", 0)]);
  const count = scalarOf(onnx, dimsOf(onnx, x));
  const positions = onnx.op("Range", [onnx.scalar("int64", 0), count, onnx.scalar("int64", 1)]);
  const indices = onnx.op("Compress", [positions, absent], { axis: 0 });
  return [onnx.op("Compress", [x, absent], { axis: 0 }), onnx.cast(indices, node.attrs.dtype("out_idx"))];
};

/** How many of each row's sorted numbers come before each of the row's values. */
function bound(comparison: "Less" | "LessOrEqual"): Translator {
  return (node, onnx) => {
    const [sorted, values] = node.inputs as [Value, Value];
    const [row, column] = [
      onnx.op("Unsqueeze", [sorted, onnx.ints([1])]),
      onnx.op("Unsqueeze", [values, onnx.ints([2])]),
    ];
    const before = onnx.cast(onnx.op(comparison, [row, column]), "int32");
    return onnx.cast(
      onnx.op("ReduceSum", [before, onnx.ints([2])], { keepdims: 0 }),
      node.attrs.dtype("out_type"),
    );
  };
}

/** Ops that pick elements by their values. */
export const selectionOps: OpFamily = {
  Where: where,
  TopK: topK,
  TopKV2: topKV2,
  ApproxTopK: approximateTopK,
  Unique: uniqueOf(2),
  UniqueWithCounts: uniqueOf(3),
  UniqueV2: uniqueAlong(2),
  UniqueWithCountsV2: uniqueAlong(3),
  ListDiff: listDiff,
  LowerBound: bound("Less"),
  UpperBound: bound("LessOrEqual"),
};
