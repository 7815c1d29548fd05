import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { PartialShape, Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integers, lanesOf, newSlots, type Slots, slotsOf, span, tensorOf, withShape } from "./elements.ts";
import { ofRank } from "./known-shapes.ts";

/** Which diagonals, packed as rows from the uppermost on, and on which side the shorter ones of them are padded. */
interface Band {
  readonly lower: number;
  readonly upper: number;
  readonly rightAbove: boolean;
  readonly rightBelow: boolean;
}

function bandOf(align: string, k: Tensor | undefined): Band {
  const limits = k === undefined ? [0] : integers(k);
  if (limits.length < 1 || limits.length > 2) {
    throw invalidArgument(
      `diag_index must have only one or two elements, received ${limits.length} elements.`,
    );
  }
  const [lower, upper] = [limits[0]!, limits.at(-1)!];
  if (lower > upper) {
    throw invalidArgument(`lower_diag_index must not be larger than upper_diag_index: ${lower} > ${upper}`);
  }
  const [above, below] = align.split("_");
  return { lower, upper, rightAbove: above === "RIGHT", rightBelow: below === "RIGHT" };
}

/** What TensorFlow says of the packing: the later versions have an attribute for it. */
function alignment(attrs: Attributes, op: string): string {
  return op.endsWith("V3") ? attrs.string("align") : "LEFT_LEFT";
}

function lengthOf(diagonal: number, rows: number, columns: number): number {
  return Math.min(rows + Math.min(diagonal, 0), columns - Math.max(diagonal, 0));
}

function longestOf({ lower, upper }: Band, rows: number, columns: number): number {
  return Math.min(rows + Math.min(upper, 0), columns - Math.max(lower, 0));
}

function checkBand({ lower, upper }: Band, rows: number, columns: number): void {
  const isInside = (k: number): boolean => (k > -rows && k < columns) || k === 0;
  if (!isInside(lower)) {
    throw invalidArgument(
      `lower_diag_index is out of bound: ${lower}. It must be between ${-rows} and ${columns}`,
    );
  }
  if (!isInside(upper)) {
    throw invalidArgument(
      `upper_diag_index is out of bound: ${upper} It must be between ${-rows} and ${columns}`,
    );
  }
}

/** Calls `visit` with the positions, in a packed form and in a matrix, of each element of a band. */
function visitBand(
  band: Band,
  rows: number,
  columns: number,
  longest: number,
  visit: (packed: number, inMatrix: number) => void,
): void {
  for (let diagonal = band.upper; diagonal >= band.lower; diagonal--) {
    const length = lengthOf(diagonal, rows, columns);
    const isRight =
      diagonal > 0 ? band.rightAbove : diagonal < 0 ? band.rightBelow : band.rightAbove && band.rightBelow;
    const shift = isRight ? longest - length : 0;
    const start = (band.upper - diagonal) * longest + shift;
    for (let i = 0; i < length; i++) {
      visit(start + i, (i - Math.min(diagonal, 0)) * columns + i + Math.max(diagonal, 0));
    }
  }
}

function copy(to: Slots, target: number, from: Slots, source: number, lanes: number): void {
  for (let lane = 0; lane < lanes; lane++) to[target * lanes + lane] = from[source * lanes + lane];
}

function filledSlots(tensor: Tensor, count: number, fill: Tensor | undefined): Slots {
  const to = newSlots(tensor.dtype, count);
  if (fill === undefined) return to;
  const [value, lanes] = [slotsOf(fill), lanesOf(tensor.dtype)];
  for (let i = 0; i < count; i++) copy(to, i, value, 0, lanes);
  return to;
}

/** The packed form's axes, and what is before them. */
function packedShape(
  tensor: Tensor,
  { lower, upper }: Band,
): { readonly batch: Shape; readonly longest: number } {
  const { shape } = tensor;
  if (shape.length < 1) throw invalidArgument("diagonal must be at least 1-dim, received shape: []");
  const longest = shape.at(-1)!;
  if (lower === upper) return { batch: shape.slice(0, -1), longest };
  if (shape.at(-2) !== upper - lower + 1) {
    throw invalidArgument(
      "The number of diagonals provided in the input does not match the lower_diag_index and upper_diag_index range.",
    );
  }
  return { batch: shape.slice(0, -2), longest };
}

function matrixDiag(tensor: Tensor, band: Band, sizes: readonly Tensor[], fill: Tensor | undefined): Tensor {
  const { batch, longest } = packedShape(tensor, band);
  const [givenRows, givenColumns] = [0, 1].map((i) =>
    sizes[i] === undefined ? -1 : integers(sizes[i]!)[0]!,
  ) as [number, number];
  const leastRows = longest - Math.min(band.upper, 0);
  const leastColumns = longest + Math.max(band.lower, 0);
  const square = Math.max(leastRows, leastColumns);
  const rows = givenRows >= 0 ? givenRows : givenColumns >= 0 ? leastRows : square;
  const columns = givenColumns >= 0 ? givenColumns : givenRows >= 0 ? leastColumns : square;
  if (rows < leastRows) throw invalidArgument("The number of rows is too small.");
  if (columns < leastColumns) throw invalidArgument("The number of columns is too small.");
  if (rows !== leastRows && columns !== leastColumns) {
    throw invalidArgument(
      "The number of rows or columns is not consistent with the specified d_lower, d_upper, and diagonal.",
    );
  }
  const count = span(batch, 0);
  const to = filledSlots(tensor, count * rows * columns, fill);
  setBand(to, tensor, band, count, rows, columns, longest);
  return tensorOf(tensor.dtype, [...batch, rows, columns], to);
}

function setBand(
  to: Slots,
  packed: Tensor,
  band: Band,
  count: number,
  rows: number,
  columns: number,
  longest: number,
): void {
  const [from, lanes] = [slotsOf(packed), lanesOf(packed.dtype)];
  const size = (band.upper - band.lower + 1) * longest;
  for (let m = 0; m < count; m++) {
    visitBand(band, rows, columns, longest, (source, target) =>
      copy(to, m * rows * columns + target, from, m * size + source, lanes),
    );
  }
}

function matrixSizes({ shape }: Tensor): readonly [batch: Shape, rows: number, columns: number] {
  if (shape.length < 2) {
    throw invalidArgument(`input must be at least 2-dim, received shape: [${shape.join(",")}]`);
  }
  return [shape.slice(0, -2), shape.at(-2)!, shape.at(-1)!];
}

function matrixDiagPart(tensor: Tensor, band: Band, fill: Tensor | undefined): Tensor {
  const [batch, rows, columns] = matrixSizes(tensor);
  checkBand(band, rows, columns);
  const longest = longestOf(band, rows, columns);
  const diagonals = band.upper - band.lower + 1;
  const count = span(batch, 0);
  const to = filledSlots(tensor, count * diagonals * longest, fill);
  const [from, lanes] = [slotsOf(tensor), lanesOf(tensor.dtype)];
  for (let m = 0; m < count; m++) {
    visitBand(band, rows, columns, longest, (target, source) =>
      copy(to, m * diagonals * longest + target, from, m * rows * columns + source, lanes),
    );
  }
  return tensorOf(tensor.dtype, diagonals === 1 ? [...batch, longest] : [...batch, diagonals, longest], to);
}

function matrixSetDiag(tensor: Tensor, packed: Tensor, band: Band): Tensor {
  const [batch, rows, columns] = matrixSizes(tensor);
  checkBand(band, rows, columns);
  const longest = longestOf(band, rows, columns);
  const diagonals = band.upper - band.lower + 1;
  const expected = diagonals === 1 ? [...batch, longest] : [...batch, diagonals, longest];
  if (String(expected) !== String(packed.shape)) {
    throw invalidArgument(
      "Either first dimensions of diagonal don't match input.shape[:-2], or diagonal.shape[:-1] is not equal to the " +
        "longests diagonal in range [lower_diag_index:upper_diag_index].\n" +
        `Input shape: [${tensor.shape.join(",")}]\nDiagonal shape: [${packed.shape.join(",")}]\n` +
        `Expected diagonal shape: [${expected.join(",")}]`,
    );
  }
  const count = span(batch, 0);
  const to = newSlots(tensor.dtype, count * rows * columns);
  const from = slotsOf(tensor);
  for (let i = 0; i < to.length; i++) to[i] = from[i];
  setBand(to, packed, band, count, rows, columns, longest);
  return tensorOf(tensor.dtype, tensor.shape, to);
}

const rankChange = (by: number) => (_: Attributes, inputs: readonly { readonly shape: PartialShape }[]) => {
  const rank = inputs[0]!.shape?.length;
  return [inputs.length > 1 || rank === undefined ? undefined : ofRank(rank + by)];
};

const diag = (op: string): HostOp => ({
  shapes: rankChange(1),
  compile: (attrs) => {
    const align = alignment(attrs, op);
    return ([packed, k, rows, columns, fill]) => [
      matrixDiag(packed!, bandOf(align, k), [rows!, columns!], fill),
    ];
  },
});

const diagPart = (op: string): HostOp => ({
  shapes: rankChange(-1),
  compile: (attrs) => {
    const align = alignment(attrs, op);
    return ([input, k, fill]) => [matrixDiagPart(input!, bandOf(align, k), fill)];
  },
});

const setDiag = (op: string): HostOp => ({
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const align = alignment(attrs, op);
    return ([input, packed, k]) => [matrixSetDiag(input!, packed!, bandOf(align, k))];
  },
});

const MAIN: Band = { lower: 0, upper: 0, rightAbove: false, rightBelow: false };

/** A tensor's elements on the diagonal of one of twice the rank. */
const tensorDiag: HostOp = {
  shapes: (_, [input]) => [input!.shape && [...input!.shape, ...input!.shape]],
  compile:
    () =>
    ([input]) => {
      const { shape } = input!;
      if (shape.length < 1) throw invalidArgument("Input must be at least rank 1, got 0");
      return [
        withShape(matrixDiag(withShape(input!, [span(shape, 0)]), MAIN, [], undefined), [...shape, ...shape]),
      ];
    },
};

const tensorDiagPart: HostOp = {
  shapes: (_, [input]) => [input!.shape?.slice(0, input!.shape.length / 2)],
  compile:
    () =>
    ([input]) => {
      const { shape } = input!;
      const half = shape.slice(0, shape.length / 2);
      if (shape.length === 0 || String([...half, ...half]) !== String(shape)) {
        throw invalidArgument(`Invalid shape [${shape.join(",")}]: dimensions must come in two equal halves`);
      }
      const size = span(half, 0);
      return [withShape(matrixDiagPart(withShape(input!, [size, size]), MAIN, undefined), half)];
    },
};

/** Ops on the diagonals of matrices. */
export const diagonals: HostFamily = {
  MatrixDiag: diag("MatrixDiag"),
  MatrixDiagV2: diag("MatrixDiagV2"),
  MatrixDiagV3: diag("MatrixDiagV3"),
  MatrixDiagPart: diagPart("MatrixDiagPart"),
  MatrixDiagPartV2: diagPart("MatrixDiagPartV2"),
  MatrixDiagPartV3: diagPart("MatrixDiagPartV3"),
  MatrixSetDiag: setDiag("MatrixSetDiag"),
  MatrixSetDiagV2: setDiag("MatrixSetDiagV2"),
  MatrixSetDiagV3: setDiag("MatrixSetDiagV3"),
  BatchMatrixDiag: diag("BatchMatrixDiag"),
  BatchMatrixDiagPart: diagPart("BatchMatrixDiagPart"),
  BatchMatrixSetDiag: setDiag("BatchMatrixSetDiag"),
  Diag: tensorDiag,
  DiagPart: tensorDiagPart,
};
