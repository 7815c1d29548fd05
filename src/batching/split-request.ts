import type { RunResult } from "../engines/engine.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mergeTensors, sliceRows } from "./merge-tensors.ts";

/**
 * The rows of each part of a request that is cut to fit into batches: the first fills up the open batch
 * (tensorflow/core/kernels/batching_util/input_split_metadata.cc).
 * @param room rows that the open batch still takes.
 * @param most rows of a batch.
 */
export function partSizes(rows: number, room: number, most: number): readonly number[] {
  const sizes: number[] = [];
  for (
    let size = Math.min(rows, room === 0 ? most : room), left = rows;
    left > 0;
    size = Math.min(left, most)
  ) {
    sizes.push(size);
    left -= size;
  }
  return sizes;
}

/** The inputs of each part, where they lie. */
export function cutInputs(
  inputs: readonly Tensor[],
  sizes: readonly number[],
): readonly (readonly Tensor[])[] {
  let begin = 0;
  return sizes.map((size) => {
    const from = begin;
    begin += size;
    return inputs.map((tensor) => sliceRows(tensor, from, begin));
  });
}

/**
 * The answer to a request from those to its parts, which it disposes of.
 * @throws rejects, when all parts are settled, with what the first failed with.
 */
export async function joinResults(parts: readonly Promise<RunResult>[]): Promise<RunResult> {
  const settled = await Promise.allSettled(parts);
  const results = settled.flatMap((part) => (part.status === "fulfilled" ? [part.value] : []));
  try {
    const failed = settled.find((part) => part.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const tensors = results[0]!.tensors.map((_, i) => join(results.map((result) => result.tensors[i]!)));
    return { tensors, dispose() {} };
  } finally {
    for (const result of results) result.dispose();
  }
}

function join(tensors: readonly Tensor[]): Tensor {
  const rows = tensors.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return mergeTensors(tensors, rows, (bytes) => new ArrayBuffer(bytes));
}
