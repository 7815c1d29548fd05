import { invalidArgument } from "../../status/status.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integer, integers, integerTensor, span } from "../arrays/elements.ts";
import { knownIntegers } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type Floats, type FloatType, floatsOf, floatTensor, newFloats } from "../math/floats.ts";

type Kind = "Sum" | "Mean" | "SqrtN";

/** What each row of the data had a part in, weighed as it was when segments were made of gathered rows. */
function spread(
  kind: Kind,
  grad: Tensor,
  targets: readonly number[],
  ids: readonly number[],
  rows: number,
): Tensor {
  const rest = grad.shape.slice(1);
  const width = span(rest, 0);
  const segments = grad.shape[0]!;
  if ((ids.at(-1) ?? -1) >= segments) throw invalidArgument("Invalid number of segments");
  const counts = new Map<number, number>();
  for (const id of ids) {
    if (id < 0 || id >= segments) throw invalidArgument(`Segment id ${id} out of range [0, ${segments}).`);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const sums = new Float64Array(rows * width);
  const from: Floats = floatsOf(grad);
  for (const [i, target] of targets.entries()) {
    const count = counts.get(ids[i]!)!;
    const share = kind === "Sum" ? 1 : kind === "Mean" ? 1 / count : 1 / Math.sqrt(count);
    for (let k = 0; k < width; k++) sums[target * width + k]! += from[ids[i]! * width + k]! * share;
  }
  const dtype = grad.dtype as FloatType;
  const out = newFloats(dtype, sums.length);
  out.set(sums);
  return floatTensor(dtype, [rows, ...rest], out);
}

function checkIndices(indices: readonly number[], limit: number): void {
  for (const index of indices) {
    if (index < 0 || index >= limit) throw invalidArgument(`Index ${index} out of range [0, ${limit}).`);
  }
}

const gradient = (kind: Kind): HostOp => ({
  shapes: (_, [grad, , , rows]) => [
    grad!.shape && [knownIntegers(rows!)?.[0] ?? -1, ...grad!.shape.slice(1)],
  ],
  compile:
    () =>
    ([grad, indices, ids, rows]) => {
      const targets = integers(indices!);
      checkIndices(targets, integer(rows!));
      return [spread(kind, grad!, targets, integers(ids!), integer(rows!))];
    },
});

/** Only the rows that were gathered, and which those are, in order. */
const gradientOfGathered = (kind: Kind): HostOp => ({
  shapes: (_, [grad]) => [grad!.shape && [-1, ...grad!.shape.slice(1)], [-1]],
  compile: (attrs) => {
    const dtype = attrs.dtype("Tidx");
    return ([grad, indices, ids, rows]) => {
      const wanted = integers(indices!);
      checkIndices(wanted, integer(rows!));
      const sorted = [...new Set(wanted)].sort((a, b) => a - b);
      const places = new Map(sorted.map((index, i) => [index, i]));
      const targets = wanted.map((index) => places.get(index)!);
      return [
        spread(kind, grad!, targets, integers(ids!), sorted.length),
        integerTensor(dtype, [sorted.length], sorted),
      ];
    };
  },
});

export const sparseSegmentGradients: HostFamily = {
  SparseSegmentSumGrad: gradient("Sum"),
  SparseSegmentMeanGrad: gradient("Mean"),
  SparseSegmentSqrtNGrad: gradient("SqrtN"),
  SparseSegmentSumGradV2: gradientOfGathered("Sum"),
  SparseSegmentMeanGradV2: gradientOfGathered("Mean"),
  SparseSegmentSqrtNGradV2: gradientOfGathered("SqrtN"),
};
