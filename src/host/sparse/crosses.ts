import { invalidArgument } from "../../status/status.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { coordinatesOf } from "./coordinates.ts";
import { int64Of, numberOf } from "./int64.ts";

/** The features of a column: in row r the values from starts[r] on, counts[r] of them. */
export interface Column {
  readonly values: Tensor;
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly isDense: boolean;
}

/** Every choice of one feature per column in each row; the last column's varies fastest. */
export interface Crosses {
  readonly count: number;
  /** Of each cross, the place of each column's feature among the column's values. */
  readonly places: Int32Array;
  /** How many crosses each row has. */
  readonly perRow: Float64Array;
}

/** The inputs of an op that crosses `sparseCount` sparse tensors and any number of dense ones. */
export interface CrossInputs {
  readonly indices: readonly Tensor[];
  readonly values: readonly Tensor[];
  readonly shapes: readonly Tensor[];
  readonly dense: readonly Tensor[];
}

export function crossInputs(inputs: readonly Tensor[], sparseCount: number, denseCount: number): CrossInputs {
  return {
    indices: inputs.slice(0, sparseCount),
    values: inputs.slice(sparseCount, 2 * sparseCount),
    shapes: inputs.slice(2 * sparseCount, 3 * sparseCount),
    dense: inputs.slice(3 * sparseCount, 3 * sparseCount + denseCount),
  };
}

/** @throws StatusError INVALID_ARGUMENT in TensorFlow's words. */
export function columnsOf(inputs: CrossInputs): readonly Column[] {
  const { indices, values, shapes, dense } = inputs;
  checkForms(inputs);
  const rows = rowCount(inputs);
  for (const [i, shape] of shapes.entries())
    if (numberOf(shape) !== rows) throw otherBatch(rows, numberOf(shape), `position ${i}`);
  for (const [i, { shape }] of dense.entries())
    if (shape[0] !== rows) throw otherBatch(rows, shape[0]!, `dense tensor ${i}`);
  return [
    ...indices.map((tensor, i) => sparseColumn(tensor, values[i]!, rows)),
    ...dense.map((tensor) => denseColumn(tensor, rows)),
  ];
}

function rowCount({ shapes, dense }: CrossInputs): number {
  const first = shapes[0];
  return first === undefined ? (dense[0]?.shape[0] ?? 0) : numberOf(first);
}

function otherBatch(rows: number, got: number, where: string) {
  return invalidArgument(`Expected batch size ${rows} got ${got} at ${where}`);
}

function checkForms({ indices, values, shapes, dense }: CrossInputs): void {
  for (const [i, { shape }] of indices.entries()) {
    checkRank("Input indices", "matrix", shape, 2, i);
    if (shape[1] !== 2)
      throw invalidArgument(`Expected D2 of index to be 2 got ${shape[1]} at position ${i}`);
  }
  for (const [i, { shape }] of values.entries()) {
    checkRank("Input values", "vector", shape, 1, i);
    const count = indices[i]!.shape[0];
    if (shape[0] !== count)
      throw invalidArgument(`Expected size of values to be ${count} got ${shape[0]} at position ${i}`);
  }
  for (const [i, { shape }] of shapes.entries()) {
    checkRank("Input shapes", "vector", shape, 1, i);
    if (shape[0] !== 2) {
      throw invalidArgument(`shape should imply a 2D tensor, but got ${formatShape(shape)} at position ${i}`);
    }
  }
  for (const [i, { shape }] of dense.entries()) checkRank("Dense inputs", "matrix", shape, 2, i);
}

function checkRank(
  name: string,
  form: string,
  shape: readonly number[],
  rank: number,
  position: number,
): void {
  if (shape.length === rank) return;
  throw invalidArgument(
    `${name} should be a ${form} but received shape ${formatShape(shape)} at position ${position}`,
  );
}

/** The entries are taken to be in the order of their rows. */
function sparseColumn(indices: Tensor, values: Tensor, rows: number): Column {
  const { count, at } = coordinatesOf(indices);
  const starts = new Int32Array(rows);
  const counts = new Int32Array(rows);
  for (let row = 0, entry = 0; row < rows; row++) {
    starts[row] = entry;
    while (entry < count && at[2 * entry] === row) entry++;
    counts[row] = entry - starts[row]!;
  }
  return { values, starts, counts, isDense: false };
}

export function denseColumn(values: Tensor, rows: number): Column {
  const width = values.shape[1]!;
  const starts = new Int32Array(rows);
  for (let row = 0; row < rows; row++) starts[row] = row * width;
  return { values, starts, counts: new Int32Array(rows).fill(width), isDense: true };
}

export function crossesOf(columns: readonly Column[]): Crosses {
  const rows = columns[0]?.counts.length ?? 0;
  const perRow = Float64Array.from({ length: rows }, (_, row) =>
    columns.reduce((product, column) => product * column.counts[row]!, 1),
  );
  const count = perRow.reduce((sum, inRow) => sum + inRow, 0);
  const width = columns.length;
  const places = new Int32Array(count * width);
  for (let row = 0, cross = 0; row < rows; row++) {
    for (let i = 0; i < perRow[row]!; i++, cross++) {
      for (let c = width - 1, rest = i; c >= 0; c--) {
        const { starts, counts } = columns[c]!;
        const features = counts[row]!;
        places[cross * width + c] = starts[row]! + (rest % features);
        rest = Math.floor(rest / features);
      }
    }
  }
  return { count, places, perRow };
}

/** Where the crosses stand in a sparse tensor. */
export function indicesOf({ count, perRow }: Crosses): Tensor {
  const indices = new Float64Array(count * 2);
  for (let row = 0, cross = 0; row < perRow.length; row++) {
    for (let i = 0; i < perRow[row]!; i++, cross++) {
      indices[2 * cross] = row;
      indices[2 * cross + 1] = i;
    }
  }
  return int64Of([count, 2], indices);
}

/** The shape of the sparse tensor that holds the crosses. */
export function shapeOf({ perRow }: Crosses): Tensor {
  const widest = perRow.reduce((most, inRow) => Math.max(most, inRow), 0);
  return int64Of([2], [perRow.length, widest]);
}
