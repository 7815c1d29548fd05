import { invalidArgument } from "../../status/status.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { knownIntegers, vectorLength } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { coordinatesOf } from "../sparse/coordinates.ts";
import { fingerprints, hashed, joined, SEPARATOR } from "../sparse/cross-values.ts";
import { type Column, crossesOf, denseColumn } from "../sparse/crosses.ts";
import { integersOf, numberOf, numbersOf } from "../sparse/int64.ts";

/** A ragged matrix. */
interface Ragged<T> {
  readonly values: T;
  readonly splits: T;
}

interface Sparse<T> {
  readonly indices: T;
  readonly values: T;
  readonly shape: T;
}

/** The inputs of the op, or what is known of them. */
interface CrossedInputs<T> {
  readonly ragged: readonly Ragged<T>[];
  readonly sparse: readonly Sparse<T>[];
  readonly dense: readonly T[];
}

function inputsOf<T>(inputs: readonly T[], raggedCount: number, sparseCount: number): CrossedInputs<T> {
  const take = (from: number, count: number) => inputs.slice(from, from + count);
  const [splits, indices] = [take(raggedCount, raggedCount), take(2 * raggedCount, sparseCount)];
  const values = take(2 * raggedCount + sparseCount, sparseCount);
  const shapes = take(2 * raggedCount + 2 * sparseCount, sparseCount);
  return {
    ragged: take(0, raggedCount).map((tensor, i) => ({ values: tensor, splits: splits[i]! })),
    sparse: indices.map((tensor, i) => ({ indices: tensor, values: values[i]!, shape: shapes[i]! })),
    dense: inputs.slice(2 * raggedCount + 3 * sparseCount),
  };
}

/** @throws StatusError INVALID_ARGUMENT in TensorFlow's words. */
function checkForms({ ragged, sparse, dense }: CrossedInputs<Tensor>): void {
  for (const { values, splits } of ragged) {
    if (values.shape.length !== 1 || splits.shape.length !== 1) throw wrongRank();
    checkSplits(numbersOf(splits), values.shape[0]!);
  }
  for (const [i, { indices, values, shape }] of sparse.entries()) {
    if (indices.shape.length !== 2 || values.shape.length !== 1 || shape.shape.length !== 1)
      throw invalidArgument(`Invalid SparseTensor ${i}`);
    if (elementCount(shape.shape) !== 2) throw wrongRank();
    // TensorFlow would read past the end of the indices.
    if (indices.shape[0]! < values.shape[0]! || indices.shape[1] === 0)
      throw invalidArgument(`Invalid SparseTensor ${i}`);
  }
  for (const { shape } of dense) if (shape.length !== 2) throw wrongRank();
}

function wrongRank() {
  return invalidArgument("tf.ragged.cross only supports inputs with rank=2.");
}

function checkSplits(splits: Float64Array, valueCount: number): void {
  const refuse = (why: string) => invalidArgument(`Invalid ragged splits: ${why}`);
  if (splits.length === 0) throw refuse("ragged splits must have at least one splits, but is empty");
  if (splits[0] !== 0) throw refuse(`first element of ragged splits  must be 0 but is ${splits[0]}`);
  for (let i = 1; i < splits.length; i++) {
    if (splits[i]! >= splits[i - 1]!) continue;
    throw refuse(
      `ragged splits must be monotonically increasing, but ragged_splits[${i}]=${splits[i]} is smaller than ` +
        `row_splits[${i - 1}]=${splits[i - 1]}`,
    );
  }
  const last = splits.at(-1);
  if (last === valueCount) return;
  throw refuse(
    `last element of ragged splits must be the number of ragged values(${valueCount}) but is ${last}`,
  );
}

/** @throws StatusError INVALID_ARGUMENT if the inputs differ in the number of their rows. */
function rowsOf({ ragged, sparse, dense }: CrossedInputs<Tensor>): number {
  const rows = [
    ...ragged.map(({ splits }) => splits.shape[0]! - 1),
    ...dense.map(({ shape }) => shape[0]!),
    ...sparse.map(({ shape }) => numberOf(shape)),
  ];
  if (rows.some((count) => count !== rows[0]))
    throw invalidArgument("inputs must all have the same batch dimension size.");
  return rows[0] ?? 0;
}

function raggedColumn({ values, splits }: Ragged<Tensor>): Column {
  const ends = Int32Array.from(numbersOf(splits));
  const starts = ends.subarray(0, -1);
  return { values, starts, counts: starts.map((start, row) => ends[row + 1]! - start), isDense: false };
}

/** A row takes whatever is left of the rows before it, should the entries not be in order. */
function sparseColumn({ indices, values }: Sparse<Tensor>, rows: number): Column {
  const { at } = coordinatesOf(indices);
  const [count, width] = [values.shape[0]!, indices.shape[1]!];
  const starts = new Int32Array(rows);
  const counts = new Int32Array(rows);
  for (let row = 0, entry = 0; row < rows; row++) {
    starts[row] = entry;
    while (entry < count && at[width * entry]! <= row) entry++;
    counts[row] = entry - starts[row]!;
  }
  return { values, starts, counts, isDense: false };
}

/** @param order a letter per input, in the order in which they are crossed: R, S or D. */
function columnsOf({ ragged, sparse, dense }: CrossedInputs<Tensor>, order: string): readonly Column[] {
  const rows = rowsOf({ ragged, sparse, dense });
  const columns: Record<string, readonly Column[]> = {
    R: ragged.map(raggedColumn),
    S: sparse.map((tensor) => sparseColumn(tensor, rows)),
    D: dense.map((tensor) => denseColumn(tensor, rows)),
  };
  const used: Record<string, number> = { R: 0, S: 0, D: 0 };
  return Array.from(order, (letter) => columns[letter]![used[letter]!++]!);
}

/** @throws StatusError INVALID_ARGUMENT unless the order names each of the inputs. */
function checkOrder(order: string, counts: Readonly<Record<string, number>>): void {
  const isWhole = Object.entries(counts).every(
    ([letter, count]) => Array.from(order).filter((other) => other === letter).length === count,
  );
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (!isWhole || order.length !== total) throw invalidArgument(`Invalid input_order "${order}"`);
}

/** Rows of crosses, as SparseCross makes them. */
const cross: HostOp = {
  shapes: (attrs, inputs) => {
    const counts = [attrs.dtypes("ragged_values_types").length, attrs.int("Nsparse")] as const;
    const { ragged, sparse, dense } = inputsOf(inputs, ...counts);
    const splits = [
      ...ragged.map((tensor) => vectorLength(tensor.splits)),
      ...dense.map(({ shape }) => (shape === undefined || shape[0]! < 0 ? -1 : shape[0]! + 1)),
      ...sparse.map(({ shape }) => (knownIntegers(shape)?.[0] ?? -2) + 1),
    ];
    return [[-1], [inputs.length === 0 ? 1 : Math.max(...splits)]];
  },
  compile: (attrs) => {
    const [raggedCount, sparseCount] = [attrs.dtypes("ragged_values_types").length, attrs.int("Nsparse")];
    const order = attrs.string("input_order");
    checkOrder(order, { R: raggedCount, S: sparseCount, D: attrs.dtypes("dense_types").length });
    const isHashed = attrs.dtype("out_values_type") === "int64";
    const buckets = attrs.bigint("num_buckets");
    const key = BigInt.asUintN(64, attrs.bigint("hash_key"));
    const splitsType = attrs.dtype("out_row_splits_type");
    return (tensors) => {
      const inputs = inputsOf(tensors, raggedCount, sparseCount);
      checkForms(inputs);
      const columns = columnsOf(inputs, order);
      const crosses = crossesOf(columns);
      const splits = new Float64Array(crosses.perRow.length + 1);
      for (const [row, count] of crosses.perRow.entries()) splits[row + 1] = splits[row]! + count;
      return [
        isHashed ? hashed(columns, crosses, fingerprints, buckets, key) : joined(columns, crosses, SEPARATOR),
        integersOf(splitsType, [splits.length], splits),
      ];
    };
  },
};

export const raggedCross: HostFamily = { RaggedCross: cross };
