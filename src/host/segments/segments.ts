import { invalidArgument } from "../../status/status.ts";
import { formatShape, type PartialShape, type Shape } from "../../tensor/shape.ts";
import { integer, integers } from "../arrays/elements.ts";
import { knownIntegers } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp, KnownInput } from "../host-op.ts";
import { type Kind, reduceRows } from "./reduction.ts";
import { sparseSegmentGradients } from "./sparse-gradients.ts";

function rowsBehind(data: PartialShape, outer: number | undefined, count: number): PartialShape {
  return data && outer !== undefined ? [count, ...data.slice(outer)] : undefined;
}

/** @throws StatusError INVALID_ARGUMENT for ids that aren't in order. */
function checkSorted(ids: readonly number[]): void {
  for (const [i, id] of ids.entries()) {
    if (id < 0) throw invalidArgument("segment ids must be >= 0");
    if (i > 0 && id < ids[i - 1]!) throw invalidArgument("segment ids are not increasing");
  }
}

const segment = (kind: Kind): HostOp => ({
  shapes: (_, [data]) => [rowsBehind(data!.shape, 1, -1)],
  compile:
    () =>
    ([data, segmentIds]) => {
      const ids = integers(segmentIds!);
      if (segmentIds!.shape.length !== 1) throw invalidArgument("segment_ids should be a vector.");
      if (data!.shape[0] !== ids.length) {
        throw invalidArgument("segment_ids should be the same size as dimension 0 of input.");
      }
      checkSorted(ids);
      const count = (ids.at(-1) ?? -1) + 1;
      const assignment = { rows: ids.map((_, i) => i), segments: ids, count };
      return [reduceRows(kind, data!, assignment, data!.shape.slice(1), false)];
    },
});

/** Rows are gathered first; the number of segments may be given. */
const sparseSegment = (kind: Kind): HostOp => ({
  shapes: (_, [data, , , given]) => [rowsBehind(data!.shape, 1, given === undefined ? -1 : known(given))],
  compile:
    () =>
    ([data, indices, segmentIds, given]) => {
      const [rows, ids] = [integers(indices!), integers(segmentIds!)];
      if (data!.shape.length < 1) throw invalidArgument("Shape must be at least rank 1");
      if (rows.length !== ids.length) throw invalidArgument("segment_ids and indices should have same size.");
      checkSorted(ids);
      const least = (ids.at(-1) ?? -1) + 1;
      const count = given === undefined ? least : integer(given);
      if (count < 0) throw invalidArgument("num_segments must be >= 0");
      if (count < least) throw invalidArgument("segment ids must be < num_segments");
      checkRows(rows, data!.shape[0]!);
      return [reduceRows(kind, data!, { rows, segments: ids, count }, data!.shape.slice(1), false)];
    },
});

function known(input: KnownInput): number {
  return knownIntegers(input)?.[0] ?? -1;
}

function checkRows(rows: readonly number[], limit: number): void {
  for (const [i, row] of rows.entries()) {
    if (row < 0 || row >= limit) {
      throw invalidArgument(`indices[${i}] == ${row} out of range [0, ${limit})`);
    }
  }
}

/** Rows with a negative id are dropped. */
const unsortedSegment = (kind: Kind): HostOp => ({
  shapes: (_, [data, ids, count]) => [rowsBehind(data!.shape, ids!.shape?.length, known(count!))],
  compile:
    () =>
    ([data, segmentIds, given]) => {
      const ids = integers(segmentIds!);
      const count = integer(given!);
      if (count < 0) throw invalidArgument(`Input num_segments == ${count} must not be negative.`);
      const outer = segmentIds!.shape.length;
      if (!startsWith(data!.shape, segmentIds!.shape)) {
        throw invalidArgument(
          `data.shape = ${formatShape(data!.shape)} does not start with segment_ids.shape = ${formatShape(segmentIds!.shape)}`,
        );
      }
      const beyond = ids.findIndex((id) => id >= count);
      if (beyond >= 0) {
        throw invalidArgument(
          `segment_ids${position(segmentIds!.shape, beyond)} = ${ids[beyond]} is out of range [0, ${count})`,
        );
      }
      const assignment = { rows: ids.map((_, i) => i), segments: ids, count };
      return [reduceRows(kind, data!, assignment, data!.shape.slice(outer), true)];
    },
});

function startsWith(shape: Shape, start: Shape): boolean {
  return String(shape.slice(0, start.length)) === String(start);
}

/** As TensorFlow shows where an element is: `[1,2]`. */
function position(shape: Shape, index: number): string {
  const at = shape.map((size, axis) => {
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    return Math.floor(index / inner) % size;
  });
  return `[${at}]`;
}

/** Reductions of rows by segment. */
export const segments: HostFamily = {
  SegmentSum: segment("Sum"),
  SegmentProd: segment("Prod"),
  SegmentMax: segment("Max"),
  SegmentMin: segment("Min"),
  SegmentMean: segment("Mean"),
  UnsortedSegmentSum: unsortedSegment("Sum"),
  UnsortedSegmentProd: unsortedSegment("Prod"),
  UnsortedSegmentMax: unsortedSegment("Max"),
  UnsortedSegmentMin: unsortedSegment("Min"),
  SparseSegmentSum: sparseSegment("Sum"),
  SparseSegmentMean: sparseSegment("Mean"),
  SparseSegmentSqrtN: sparseSegment("SqrtN"),
  SparseSegmentSumWithNumSegments: sparseSegment("Sum"),
  SparseSegmentMeanWithNumSegments: sparseSegment("Mean"),
  SparseSegmentSqrtNWithNumSegments: sparseSegment("SqrtN"),
  ...sparseSegmentGradients,
};
