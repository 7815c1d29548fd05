import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument, unimplemented } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { fraction64 } from "../random/distributions.ts";
import { type Philox, philoxOfSeeds, WORDS_PER_BLOCK } from "../random/philox.ts";
import { Stream } from "../random/stateful.ts";
import { type Elements, elementsOf, newElements, tensorOfElements } from "../sparse/arithmetic.ts";
import { int64Of } from "../sparse/int64.ts";

// Graham, Fractional Max-Pooling; how TensorFlow chooses the regions: kernels/fractional_pool_common.cc.

/** A generator with so many random words. */
type Reserve = (words: number) => Philox;

/** Where each of `count` regions starts in an axis, and the end of the last: lengths differ by 1 at most. */
function regionsOf(length: number, count: number, isPseudoRandom: boolean, reserve: Reserve): Int32Array {
  return isPseudoRandom ? pseudoRandomRegions(length, count, reserve) : randomRegions(length, count, reserve);
}

/** All regions at one random offset. */
function pseudoRandomRegions(length: number, count: number, reserve: Reserve): Int32Array {
  const alpha = length / count;
  const k = Math.floor(alpha);
  // So that no region at an end is too long or too short.
  const most = Math.min((k + 2) / alpha - 1, (length + 1 - k) / alpha - (count - 1));
  const words = new Uint32Array(WORDS_PER_BLOCK);
  reserve(2).fill(words);
  const offset = fraction64(words[0]!, words[1]!) * most;
  const starts = Int32Array.from({ length: count + 1 }, (_, i) => Math.ceil(alpha * (i + offset)) - 1);
  starts[0] = 0;
  starts[count] = length;
  return starts;
}

/** Regions of either length in a random order. */
function randomRegions(length: number, count: number, reserve: Reserve): Int32Array {
  const long = length % count;
  const sizes = Int32Array.from({ length: count }, (_, i) => Math.floor(length / count) + (i < long ? 1 : 0));
  const words = new Uint32Array(Math.ceil(count / WORDS_PER_BLOCK) * WORDS_PER_BLOCK);
  reserve(count).fill(words);
  for (let i = 0; i < count - 1; i++) {
    const other = i + (words[i]! % (count - i));
    const size = sizes[i]!;
    sizes[i] = sizes[other]!;
    sizes[other] = size;
  }
  const starts = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) starts[i + 1] = starts[i]! + sizes[i]!;
  return starts;
}

/** A pool of an image's regions into `to`, with channels last. */
interface Pooling {
  readonly start: (dtype: DType) => number;
  readonly take: (sofar: number, value: number) => number;
  readonly finish: (dtype: DType, result: number, count: number) => number;
}

/** Below them nothing is; 64-bit integers are bigints under the type of {@link Elements}. */
const LOWEST: Readonly<Record<string, number>> = {
  float32: -3.4028234663852886e38,
  float64: -Number.MAX_VALUE,
  int32: -(2 ** 31),
  int64: -(2n ** 63n) as unknown as number,
};

const largest: Pooling = {
  start: (dtype) => LOWEST[dtype]!,
  // NaN never wins.
  take: (sofar, value) => (sofar < value ? value : sofar),
  finish: (_, result) => result,
};

const average: Pooling = {
  start: (dtype) => (dtype === "int64" ? (0n as unknown as number) : 0),
  take: (sofar, value) => sofar + value,
  finish: (dtype, sum, count) => {
    if (dtype === "int64") return ((sum as unknown as bigint) / BigInt(count)) as unknown as number;
    return dtype === "int32" ? Math.trunc(sum / count) : sum / count;
  },
};

interface Regions {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  /** Whether a region's last row and column are the next one's first. */
  readonly isOverlapping: boolean;
}

function pool(input: Tensor, shape: Shape, regions: Regions, { start, take, finish }: Pooling): Tensor {
  const { dtype } = input;
  const [batch, height, width, channels] = input.shape as [number, number, number, number];
  const { rows, columns, isOverlapping } = regions;
  const from: Elements = elementsOf(input);
  const to = newElements(dtype, span(shape, 0));
  to.fill(start(dtype));
  const endOf = (starts: Int32Array, i: number, size: number): number =>
    Math.min(starts[i + 1]! + (isOverlapping ? 1 : 0), size);
  let at = 0;
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < rows.length - 1; i++) {
      for (let j = 0; j < columns.length - 1; j++, at += channels) {
        const [bottom, right] = [endOf(rows, i, height), endOf(columns, j, width)];
        for (let row = rows[i]!; row < bottom; row++) {
          for (let column = columns[j]!; column < right; column++) {
            const place = ((image * height + row) * width + column) * channels;
            for (let c = 0; c < channels; c++) to[at + c] = take(to[at + c]!, from[place + c]!);
          }
        }
        const count = (bottom - rows[i]!) * (right - columns[j]!);
        for (let c = 0; c < channels; c++) to[at + c] = finish(dtype, to[at + c]!, count);
      }
    }
  }
  return tensorOfElements(dtype, shape, to);
}

/** TensorFlow divides in float32. */
function pooledSize(size: number, ratio: number): number {
  return Math.floor(Math.fround(size / ratio));
}

/** @throws StatusError INVALID_ARGUMENT for what has no region. */
function outputShape({ shape }: Tensor, ratios: readonly number[]): Shape {
  if (shape.length !== 4) throw invalidArgument("tensor_in must be 4-dimensional");
  for (const [axis, size] of shape.entries()) {
    if (size >= ratios[axis]!) continue;
    throw invalidArgument(
      `Pooling ratio is higher than input dimension size for dimension ${axis}. ` +
        `Input dim size: ${size} pooling ratio: ${Number(ratios[axis]!.toPrecision(6))}`,
    );
  }
  return shape.map((size, axis) => pooledSize(size, ratios[axis]!));
}

/** @throws StatusError INVALID_ARGUMENT, UNIMPLEMENTED */
function ratiosOf(attrs: Attributes, name: string): readonly number[] {
  const ratios = attrs.floats("pooling_ratio");
  if (ratios.length !== 4) throw invalidArgument("pooling_ratio field must specify 4 dimensions");
  const small = ratios.find((ratio) => ratio < 1);
  if (small !== undefined) throw invalidArgument(`pooling_ratio cannot be smaller than 1, got: ${small}`);
  if (ratios[0] !== 1 || ratios[3] !== 1) {
    throw unimplemented(
      `Fractional ${name} pooling is not yet supported on the batch nor channel dimension.`,
    );
  }
  return ratios;
}

/** A region that stays as it is from run to run needs to be the same on all threads. */
function fixedStart(attrs: Attributes): () => Reserve {
  const start = philoxOfSeeds(attrs.bigint("seed"), attrs.bigint("seed2"));
  return () => {
    const own = start.copy();
    return (words) => {
      const random = own.copy();
      own.skip(Math.ceil(words / WORDS_PER_BLOCK));
      return random;
    };
  };
}

function fractional(name: string, pooling: Pooling): HostOp {
  return {
    shapes: (attrs, [input]) => {
      const ratios = ratiosOf(attrs, name);
      const sizes = input!.shape?.map((size, axis) => (size < 0 ? -1 : pooledSize(size, ratios[axis]!)));
      const [, rows = -1, columns = -1] = sizes ?? [];
      return [sizes ?? [-1, -1, -1, -1], [rows < 0 ? -1 : rows + 1], [columns < 0 ? -1 : columns + 1]];
    },
    compile: (attrs) => {
      const ratios = ratiosOf(attrs, name);
      const [isPseudoRandom, isOverlapping] = [attrs.bool("pseudo_random"), attrs.bool("overlapping")];
      const stream = new Stream(attrs);
      const reserveOf = attrs.bool("deterministic")
        ? fixedStart(attrs)
        : () => (words: number) => stream.reserve(words);
      return ([input]) => {
        const shape = outputShape(input!, ratios);
        const reserve = reserveOf();
        const [rows, columns] = [1, 2].map((axis) =>
          regionsOf(input!.shape[axis]!, shape[axis]!, isPseudoRandom, reserve),
        ) as [Int32Array, Int32Array];
        return [
          pool(input!, shape, { rows, columns, isOverlapping }, pooling),
          int64Of([rows.length], rows),
          int64Of([columns.length], columns),
        ];
      };
    },
  };
}

/** Pools whose regions differ in size, so that they shrink an image by less than half. */
export const fractionalPooling: HostFamily = {
  FractionalMaxPool: fractional("max", largest),
  FractionalAvgPool: fractional("average", average),
};
