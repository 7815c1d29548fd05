import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { isNumber, type Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { Formula } from "./formula.ts";
import { checkedIndices, checkedIndices64 } from "./indices.ts";
import { dimsOf, knownAxis, rankOf, vector } from "./int-vector.ts";

const gatherV2: Translator = (node, onnx) => {
  const [params, indices, axisInput] = node.inputs as [Value, Value, Value];
  const batch = batchDims(node.attrs.int("batch_dims"), indices);
  return gather(onnx, params, indices, knownAxis(axisInput, params.shape?.length), batch);
};

/** ResourceGather with the variable's value in place of the variable. Gathers from the axis after the batch. */
const resourceGatherValue: Translator = (node, onnx) => {
  const [params, indices] = node.inputs as [Value, Value];
  const batch = node.attrs.has("batch_dims") ? batchDims(node.attrs.int("batch_dims"), indices) : 0;
  return gather(onnx, params, indices, batch, batch);
};

function batchDims(count: number, indices: Value): number {
  return count < 0 ? count + rankOf(indices, "indices") : count;
}

function gather(onnx: OnnxBuilder, params: Value, indices: Value, axis: number, batch: number): Value {
  if (batch === 0) return onnx.op("Gather", [params, checkedIndices(onnx, indices)], { axis });
  const tuples = onnx.op("Unsqueeze", [checkedIndices64(onnx, indices), onnx.ints([-1])]);
  if (axis === batch) return onnx.op("GatherND", [params, tuples], { batch_dims: batch });
  // GatherND takes from the axis after the batch: bring it there, and what was in between back in front of the indices.
  const order = Array.from({ length: rankOf(params, "params") }, (_, i) => i);
  const between = order.slice(batch, axis);
  const perm = [...order.slice(0, batch), axis, ...between, ...order.slice(axis + 1)];
  const moved = onnx.op("Transpose", [params], { perm });
  const gathered = onnx.op("GatherND", [moved, tuples], { batch_dims: batch });
  const picked = rankOf(indices, "indices") - batch;
  const result = Array.from({ length: picked + order.length - 1 }, (_, i) => i);
  const middle = result.slice(batch + picked, batch + picked + between.length);
  const rest = result.slice(batch + picked + between.length);
  const back = [...result.slice(0, batch), ...middle, ...result.slice(batch, batch + picked), ...rest];
  return onnx.op("Transpose", [gathered], { perm: back });
}

/** One Gather from all tables on top of each other. An index that its table doesn't have is out of the range of all. */
const partitionedGather: Translator = (node, onnx) => {
  const [indices, partitions, ...tables] = node.inputs as [Value, Value, ...Value[]];
  const rank = rankOf(indices, "indices");
  const sizes = tables.map(({ shape }) => shape?.[0]);
  if (!sizes.every((size) => size !== undefined && isNumber(size))) {
    throw unimplemented(`expected tables of known sizes, got [${sizes}]`);
  }
  const rows = sizes as readonly number[];
  const offsets = rows.map((_, i) => rows.slice(0, i).reduce((a, b) => a + b, 0));
  const all = offsets.at(-1)! + rows.at(-1)!;
  const which = checkedIndices(onnx, partitions);
  const behind = onnx.ints(Array.from({ length: rank - 1 }, (_, i) => i + 1));
  const [size, offset] = [rows, offsets].map((list) => {
    const own = onnx.op("Gather", [onnx.ints(list), which]);
    return rank === 1 ? own : onnx.op("Unsqueeze", [own, behind]);
  }) as [Value, Value];
  const f = new Formula(onnx, "int64");
  const index = onnx.cast(indices, "int64");
  const isThere = f.and(f.not(f.less(index, 0)), f.less(index, size));
  const place = f.where(isThere, f.add(index, offset), all);
  return onnx.op("Gather", [onnx.op("Concat", tables, { axis: 0 }), place], { axis: 0 });
};

const gatherNd: Translator = (node, onnx) => {
  const [params, indices] = node.inputs as [Value, Value];
  const depth = indices.shape?.at(-1);
  if (depth === 0) {
    const outer = dimsOf(onnx, indices, 0, rankOf(indices, "indices") - 1);
    return onnx.op("Expand", [params, vector(onnx, [outer, dimsOf(onnx, params)])]);
  }
  return onnx.op("GatherND", [params, checkedIndices64(onnx, indices)]);
};

/** Ops that pick slices by computed indices. ONNX Runtime refuses indices out of range, as TensorFlow does. */
export const gatheringOps: OpFamily = {
  Gather: (node, onnx) => gather(onnx, node.inputs[0]!, node.inputs[1]!, 0, 0),
  GatherV2: gatherV2,
  ResourceGatherValue: resourceGatherValue,
  PartitionedGather: partitionedGather,
  GatherNd: gatherNd,
};
