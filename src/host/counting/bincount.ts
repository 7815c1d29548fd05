import { invalidArgument } from "../../status/status.ts";
import { elementCount, type PartialShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { knownIntegers, ofRank, vectorLength } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp, KnownInput } from "../host-op.ts";
import { type Elements, elementsOf, newElements, oneOf, tensorOfElements } from "../sparse/arithmetic.ts";
import { checkForm, checkInRange } from "../sparse/check-form.ts";
import { coordinatesOf, denseShapeOf } from "../sparse/coordinates.ts";
import { numberOf, numbersOf } from "../sparse/int64.ts";
import { checkSplits } from "./check-splits.ts";

/** Adds to bins what values weigh, or marks the bins that have any. */
class Bins {
  readonly size: number;
  readonly #weights: Tensor;
  readonly #from: Elements | undefined;
  readonly #one: number;
  readonly #isBinary: boolean;

  constructor(size: number, weights: Tensor, isBinary: boolean) {
    this.size = size;
    this.#weights = weights;
    this.#from = weights.data.length > 0 ? elementsOf(weights) : undefined;
    this.#one = oneOf(weights.dtype);
    this.#isBinary = isBinary;
  }

  /** @param bins where each value's bin is, or -1. */
  count(shape: Shape, bins: Float64Array): Tensor {
    const { dtype, data } = this.#weights;
    if (data.length > 0 && data.length !== bins.length && !this.#isBinary)
      throw invalidArgument("Input indices and weights must have the same size.");
    const out = newElements(dtype, elementCount(shape));
    for (let i = 0; i < bins.length; i++) {
      const bin = bins[i]!;
      if (bin < 0) continue;
      if (this.#isBinary) out[bin] = this.#one;
      else out[bin]! += this.#from === undefined ? this.#one : this.#from[i]!;
    }
    return tensorOfElements(dtype, shape, out);
  }
}

function sizeOf(size: Tensor): number {
  if (size.shape.length !== 0) throw invalidArgument(`Shape must be rank 0 but is rank ${size.shape.length}`);
  const number = numberOf(size);
  if (number < 0) throw invalidArgument(`size (${number}) must be non-negative`);
  return number;
}

const sparse: HostOp = {
  shapes: (_, [, , shape, size]) => {
    const sizes = knownIntegers(shape!) ?? ofRank(vectorLength(shape!));
    return [sizes === undefined ? undefined : rowsOfBins(sizes, size!)];
  },
  compile: (attrs) => {
    const isBinary = attrs.bool("binary_output");
    return ([indices, values, shape, size, weights]) => {
      checkForm(indices!, values!, shape!);
      const coordinates = coordinatesOf(indices!);
      checkInRange(coordinates, denseShapeOf(shape!));
      const bins = new Bins(sizeOf(size!), weights!, isBinary);
      const rank = shape!.shape[0]!;
      const numbers = numbersOf(values!);
      if (rank === 1) return [bins.count([bins.size], inOneRow(numbers, bins.size))];
      const places = inRows(coordinates.at, rank, numbers, bins.size);
      return [bins.count([numberOf(shape!), bins.size], places)];
    };
  },
};

function rowsOfBins(sizes: readonly number[], size: KnownInput): PartialShape {
  const bins = knownIntegers(size)?.[0] ?? -1;
  return sizes.length === 1 ? [bins] : [sizes[0]!, bins];
}

function inOneRow(values: Float64Array, size: number): Float64Array {
  return values.map((value) => {
    if (value < 0) throw invalidArgument("Input arr must be non-negative!");
    return value < size ? value : -1;
  });
}

function inRows(at: Float64Array, rank: number, values: Float64Array, size: number): Float64Array {
  return values.map((bin, i) => {
    if (bin < 0) throw invalidArgument("Input must be non-negative");
    return bin < size ? at[i * rank]! * size + bin : -1;
  });
}

const ragged: HostOp = {
  shapes: (_, [splits, , size]) => {
    const ends = vectorLength(splits!);
    return [[ends < 0 ? -1 : ends - 1, knownIntegers(size!)?.[0] ?? -1]];
  },
  compile: (attrs) => {
    const isBinary = attrs.bool("binary_output");
    return ([splits, values, size, weights]) => {
      const bins = new Bins(sizeOf(size!), weights!, isBinary);
      const ends = numbersOf(splits!);
      const numbers = numbersOf(values!);
      checkSplits(ends, numbers.length);
      let row = 0;
      const places = numbers.map((bin, i) => {
        while (i >= ends[row + 1]!) row++;
        if (bin < 0) throw invalidArgument("Input must be non-negative");
        return bin < bins.size ? row * bins.size + bin : -1;
      });
      return [bins.count([ends.length - 1, bins.size], places)];
    };
  },
};

/** Along the last axis of a vector or a matrix, or of all numbers of any tensor. */
const dense = (isPerRow: boolean): HostOp => ({
  shapes: (_, [input, size]) => {
    const bins = knownIntegers(size!)?.[0] ?? -1;
    if (!isPerRow) return [[bins]];
    return [input!.shape && [...input!.shape.slice(0, -1), bins]];
  },
  compile: (attrs) => {
    const isBinary = isPerRow && attrs.bool("binary_output");
    return ([input, size, weights]) => {
      const { shape } = input!;
      if (isPerRow && (shape.length < 1 || shape.length > 2)) {
        throw invalidArgument(`Shape must be at most rank 2 but is rank ${shape.length}`);
      }
      const bins = new Bins(sizeOf(size!), weights!, isBinary);
      const isMatrix = isPerRow && shape.length === 2;
      const width = isMatrix ? shape[1]! : elementCount(shape);
      const places = numbersOf(input!).map((bin, i) => {
        if (bin < 0) throw invalidArgument("Input arr must be non-negative!");
        return bin < bins.size ? Math.floor(i / Math.max(1, width)) * bins.size + bin : -1;
      });
      return [bins.count(isMatrix ? [shape[0]!, bins.size] : [bins.size], places)];
    };
  },
});

/** Counts of small integers. */
export const bincount: HostFamily = {
  Bincount: dense(false),
  DenseBincount: dense(true),
  SparseBincount: sparse,
  RaggedBincount: ragged,
};
