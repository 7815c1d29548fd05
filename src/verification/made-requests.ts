import type { Signature } from "../lifecycle/servable.ts";
import type { PartialShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { madeTensor } from "./made-values.ts";
import { SeededRandom } from "./seeded-random.ts";

/** Sizes of unknown first dimensions; of the others, where shorter ones come first for sequences and larger for images. */
const BATCHES = [1, 2, 3, 5, 8, 16];
const SIZES = [1, 2, 3, 4, 7, 8, 16, 32];
const MOST_DIMENSIONS = 4;

/** An input gets no more elements where its shape leaves a choice: a request shall not take seconds. */
const MOST_ELEMENTS = 1 << 18;

/** How often inputs don't agree on sizes that they usually share, as for a batch or the length of a sequence. */
const MISMATCHES = 0.03;
const EMPTY_BATCHES = 0.04;
const EDGES = 0.2;

/** Which values requests may have: of those that are odd, loops may never end. */
export type Daring = "any values" | "ordinary values";

/**
 * A request that fits a signature: one tensor for each input, in the order of `inputs`. The same for the same seed.
 * @returns undefined if there is an input for which no value can be made up.
 */
export function madeRequest(
  { inputs }: Pick<Signature, "inputs">,
  seed: number,
  daring: Daring,
): readonly Tensor[] | undefined {
  const random = new SeededRandom(seed);
  const kindOfMost = daring === "any values" && random.chance(EDGES) ? "edges" : "ordinary";
  const sizes = new SharedSizes(random);
  const tensors: Tensor[] = [];
  for (const { dtype, shape } of inputs.values()) {
    const kind = random.chance(0.2) ? "ordinary" : kindOfMost;
    const tensor = madeTensor(dtype, sizes.shapeFor(shape), kind, random);
    if (tensor === undefined) return undefined;
    tensors.push(tensor);
  }
  return tensors;
}

/** Unknown dimensions at the same position are mostly of one size in all inputs of a request. */
class SharedSizes {
  readonly #random: SeededRandom;
  readonly #sizes: number[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
    const isEmpty = random.chance(EMPTY_BATCHES);
    this.#sizes.push(isEmpty ? 0 : random.pick(BATCHES));
    for (let position = 1; position < MOST_DIMENSIONS; position++) this.#sizes.push(random.pick(SIZES));
  }

  shapeFor(declared: PartialShape): number[] {
    const random = this.#random;
    const partial = declared ?? new Array<number>(random.integer(0, MOST_DIMENSIONS)).fill(-1);
    const sizes = partial.map((size, position) => {
      if (size >= 0) return size;
      return random.chance(MISMATCHES) ? random.pick(SIZES) : (this.#sizes[position] ?? random.pick(SIZES));
    });
    // The last unknown dimension goes first: a batch says more than a large image.
    for (let position = sizes.length - 1; position >= 0; position--) {
      if (partial[position]! >= 0) continue;
      while (sizes[position]! > 1 && product(sizes) > MOST_ELEMENTS) sizes[position] = sizes[position]! >> 1;
    }
    return sizes;
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
