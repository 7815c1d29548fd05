import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { Formula, type Term } from "./formula.ts";
import {
  combine,
  dimOf,
  dimsOf,
  FAR,
  knownInts,
  type Part,
  product,
  rankOf,
  scalarOf,
} from "./int-vector.ts";
import { reshapeTo } from "./reshape-target.ts";

/** Which diagonals, and where each lies in its row of the packed form, which is as long as the longest of them. */
interface Band {
  readonly lower: number;
  readonly upper: number;
  /** Whether those above (below) the main diagonal end where the longest does, instead of beginning there. */
  readonly rightAbove: boolean;
  readonly rightBelow: boolean;
}

function bandOf(node: OpNode, k: Value | undefined): Band {
  const known = k === undefined ? [0] : knownInts(k, "k");
  const align = node.op.endsWith("V3") ? node.attrs.string("align") : "LEFT_LEFT";
  const [above, below] = align.split("_");
  return {
    lower: known[0]!,
    upper: known.at(-1)!,
    rightAbove: above === "RIGHT",
    rightBelow: below === "RIGHT",
  };
}

/** What is constant here ONNX Runtime computes once. */
class Grid extends Formula {
  readonly #onnx: OnnxBuilder;

  constructor(onnx: OnnxBuilder) {
    super(onnx, "int64");
    this.#onnx = onnx;
  }

  /** 0, 1, ... as a column. */
  column(count: Part): Value {
    return this.#onnx.op("Unsqueeze", [this.row(count), this.#onnx.ints([1])]);
  }

  /** 0, 1, ... as a row. */
  row(count: Part): Value {
    return this.#onnx.op("Range", [this.term(0), this.term(this.size(count)), this.term(1)]);
  }

  size(count: Part): Term {
    return typeof count === "number" ? count : scalarOf(this.#onnx, count);
  }

  /** By how much diagonals (a tensor of their numbers) are moved to the right in their rows. */
  shift(band: Band, diagonal: Value, lengths: Value, longest: Part): Term {
    if (band.lower === band.upper || !(band.rightAbove || band.rightBelow)) return 0;
    const right = this.sub(this.size(longest), lengths);
    if (band.rightAbove && band.rightBelow) return right;
    const moved = band.rightAbove ? this.greater(diagonal, 0) : this.less(diagonal, 0);
    return this.where(moved, right, 0);
  }

  lengths(diagonal: Value, rows: Part, columns: Part): Value {
    const down = this.add(this.min(diagonal, 0), this.size(rows));
    return this.min(down, this.sub(this.size(columns), this.max(diagonal, 0)));
  }

  within(x: Value, lower: Term, upper: Term): Value {
    return this.not(this.or(this.less(x, lower), this.greater(x, upper)));
  }
}

/** The packed diagonals spread over matrices of the given sizes, and where in these they lie. */
function spread(
  onnx: OnnxBuilder,
  packed: Value,
  band: Band,
  rows: Part,
  columns: Part,
): { spread: Value; inBand: Value } {
  const single = band.lower === band.upper;
  const rank = rankOf(packed, "diagonal");
  const longest = dimOf(onnx, packed, rank - 1);
  const f = new Grid(onnx);
  const [row, column] = [f.column(rows), f.row(columns)];
  const diagonal = f.sub(column, row);
  const inBand = single ? f.equal(diagonal, band.lower) : f.within(diagonal, band.lower, band.upper);
  const shift = f.shift(band, diagonal, f.lengths(diagonal, rows, columns), longest);
  const along = f.add(f.min(row, column), shift);
  const index = single ? along : f.add(f.mul(f.sub(band.upper, diagonal), f.size(longest)), along);
  const count = product(onnx, [band.upper - band.lower + 1, longest]);
  const flattened = single ? packed : reshapeTo(onnx, packed, [dimsOf(onnx, packed, 0, rank - 2), count]);
  const gathered = onnx.op("Gather", [flattened, f.where(inBand, index, 0)], { axis: -1 });
  return { spread: gathered, inBand };
}

/** Matrices with the given diagonals; the sizes that aren't given are the least that hold them. */
function diag(node: OpNode, onnx: OnnxBuilder, packed: Value, band: Band): Value {
  const [rowCount, columnCount, padding] = node.inputs.slice(2) as [Value?, Value?, Value?];
  const longest = dimOf(onnx, packed, rankOf(packed, "diagonal") - 1);
  const given = (size: Value | undefined, what: string): number =>
    size === undefined ? -1 : knownInts(size, what)[0]!;
  const [rows, columns] = [given(rowCount, "num_rows"), given(columnCount, "num_cols")];
  const leastRows = combine(onnx, "Add", longest, Math.max(-band.upper, 0));
  const leastColumns = combine(onnx, "Add", longest, Math.max(band.lower, 0));
  const square = combine(onnx, "Add", longest, Math.max(-band.upper, band.lower, 0));
  const height = rows >= 0 ? rows : columns >= 0 ? leastRows : square;
  const width = columns >= 0 ? columns : rows >= 0 ? leastColumns : square;
  const { spread: values, inBand } = spread(onnx, packed, band, height, width);
  return onnx.op("Where", [inBand, values, padding ?? zero(onnx, packed)]);
}

function zero(onnx: OnnxBuilder, like: Value): Value {
  return onnx.cast(onnx.scalar("int64", 0), like.dtype);
}

const matrixDiag: Translator = (node, onnx) =>
  diag(node, onnx, node.inputs[0]!, bandOf(node, node.inputs[1]));

const matrixSetDiag: Translator = (node, onnx) => {
  const [x, packed, k] = node.inputs as [Value, Value, Value | undefined];
  const rank = rankOf(x, "input");
  const sizes = [dimOf(onnx, x, rank - 2), dimOf(onnx, x, rank - 1)] as const;
  const { spread: values, inBand } = spread(onnx, packed, bandOf(node, k), ...sizes);
  return onnx.op("Where", [inBand, values, x]);
};

const matrixDiagPart: Translator = (node, onnx) => {
  const [x, k, padding] = node.inputs as [Value, Value | undefined, Value | undefined];
  return diagPart(onnx, x, bandOf(node, k), padding ?? zero(onnx, x));
};

function diagPart(onnx: OnnxBuilder, x: Value, band: Band, padding: Value): Value {
  const rank = rankOf(x, "input");
  const [rows, columns] = [dimOf(onnx, x, rank - 2), dimOf(onnx, x, rank - 1)];
  const longest = combine(
    onnx,
    "Min",
    combine(onnx, "Add", rows, Math.min(band.upper, 0)),
    combine(onnx, "Add", columns, Math.min(-band.lower, 0)),
  );
  const count = band.upper - band.lower + 1;
  const f = new Grid(onnx);
  const order = count === 1 ? f.term(0) : f.column(count);
  const diagonal = f.sub(band.upper, order);
  const lengths = f.lengths(diagonal, rows, columns);
  const along = f.sub(f.row(longest), f.shift(band, diagonal, lengths, longest));
  const row = f.sub(along, f.min(diagonal, 0));
  const column = f.add(along, f.max(diagonal, 0));
  const index = f.add(f.mul(row, f.size(columns)), column);
  const flattened = reshapeTo(onnx, x, [dimsOf(onnx, x, 0, rank - 2), product(onnx, [rows, columns])]);
  if (count === 1) return onnx.op("Gather", [flattened, index], { axis: -1 });
  const inside = f.within(along, 0, f.sub(lengths, 1));
  const gathered = onnx.op("Gather", [flattened, f.where(inside, index, 0)], { axis: -1 });
  return onnx.op("Where", [inside, gathered, padding]);
}

/** A tensor's elements on the diagonal of one of twice the rank. */
const tensorDiag: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const matrix = diag({ ...node, inputs: [] }, onnx, reshapeTo(onnx, x, [-1]), bandOf(node, undefined));
  return reshapeTo(onnx, matrix, [dimsOf(onnx, x), dimsOf(onnx, x)]);
};

const tensorDiagPart: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const dims = dimsOf(onnx, x, 0, rankOf(x, "input") / 2);
  const count = onnx.op("ReduceProd", [dims, onnx.ints([0])], { keepdims: 1 });
  const matrix = reshapeTo(onnx, x, [count, count]);
  return reshapeTo(onnx, diagPart(onnx, matrix, bandOf(node, undefined), zero(onnx, x)), [dims]);
};

/** Keeps what is not more than `num_lower` below nor `num_upper` above the main diagonal; negative means all. */
const matrixBandPart: Translator = (node, onnx) => {
  const [x, below, above] = node.inputs as [Value, Value, Value];
  const upperPart = trilu(onnx, x, below, (count) => onnx.op("Neg", [count]), 1);
  return trilu(onnx, upperPart, above, (count) => count, 0);
};

function trilu(
  onnx: OnnxBuilder,
  x: Value,
  limit: Value,
  diagonal: (count: Value) => Value,
  upper: 0 | 1,
): Value {
  const f = new Formula(onnx, "int64");
  const given = scalarOf(onnx, onnx.cast(limit, "int64"));
  const known = given.elements?.[0];
  if (typeof known === "number" && known < 0) return x;
  const count = typeof known === "number" ? given : f.where(f.less(given, 0), FAR, given);
  return onnx.op("Trilu", [x, diagonal(count)], { upper });
}

/** Ops on the diagonals of matrices. */
export const diagonalOps: OpFamily = {
  MatrixDiag: matrixDiag,
  MatrixDiagV2: matrixDiag,
  MatrixDiagV3: matrixDiag,
  MatrixDiagPart: matrixDiagPart,
  MatrixDiagPartV2: matrixDiagPart,
  MatrixDiagPartV3: matrixDiagPart,
  MatrixSetDiag: matrixSetDiag,
  MatrixSetDiagV2: matrixSetDiag,
  MatrixSetDiagV3: matrixSetDiag,
  MatrixBandPart: matrixBandPart,
  BatchMatrixDiag: matrixDiag,
  BatchMatrixDiagPart: matrixDiagPart,
  BatchMatrixSetDiag: matrixSetDiag,
  BatchMatrixBandPart: matrixBandPart,
  Diag: tensorDiag,
  DiagPart: tensorDiagPart,
};
