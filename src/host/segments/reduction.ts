import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { lanesOf } from "../arrays/elements.ts";
import { multiply } from "../math/complex-number.ts";
import {
  type Elements,
  elementsOf,
  multiplierOf,
  newElements,
  oneOf,
  tensorOfElements,
} from "../sparse/arithmetic.ts";

export type Kind = "Sum" | "Prod" | "Max" | "Min" | "Mean" | "SqrtN";

/** Which row of the data goes to which segment: pairs in the order in which they are added. */
export interface Assignment {
  readonly rows: readonly number[];
  readonly segments: readonly number[];
  readonly count: number;
}

/** The least or greatest number of a type, which segments without rows hold where they are compared. */
function limitOf(dtype: DType, kind: "Max" | "Min"): number {
  if (dtype === "bfloat16") return kind === "Max" ? -3.3895313892515355e38 : 3.3895313892515355e38;
  if (dtype === "float16") return kind === "Max" ? -65504 : 65504;
  if (dtype === "float32") return kind === "Max" ? -3.4028234663852886e38 : 3.4028234663852886e38;
  if (dtype === "float64") return kind === "Max" ? -Number.MAX_VALUE : Number.MAX_VALUE;
  const bits = BigInt(8 * dtypeInfo(dtype).size);
  const isSigned = !dtype.startsWith("u");
  const [low, high] = isSigned ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  const limit = kind === "Max" ? low : high;
  return bits === 64n ? (limit as unknown as number) : Number(limit);
}

/** Room for sums of narrow floats that round only at the end. */
function accumulator(dtype: DType, count: number): Elements {
  return dtype.includes("float") ? new Float64Array(count) : newElements(dtype, count);
}

/**
 * Reduces rows of a tensor by segment.
 * @param emptyIsLimit whether a segment without rows holds the least (greatest) number instead of zero under Max (Min).
 */
export function reduceRows(
  kind: Kind,
  data: Tensor,
  { rows, segments, count }: Assignment,
  rest: Shape,
  emptyIsLimit: boolean,
): Tensor {
  const { dtype } = data;
  const lanes = lanesOf(dtype);
  const width = rest.reduce((a, b) => a * b, 1) * lanes;
  const from = elementsOf(data);
  const out = accumulator(dtype, (count * width) / lanes);
  const seen = new Int32Array(count);
  if (kind === "Prod") fillWithOnes(out, dtype);
  if (emptyIsLimit && (kind === "Max" || kind === "Min")) out.fill(limitOf(dtype, kind));
  const times = multiplierOf(dtype);
  for (const [i, segment] of segments.entries()) {
    if (segment < 0) continue;
    const [source, target] = [rows[i]! * width, segment * width];
    const isFirst = seen[segment]!++ === 0;
    for (let k = 0; k < width; k++) {
      const value = from[source + k]!;
      if (kind === "Prod") {
        if (lanes === 1) out[target + k] = times(out[target + k]!, value);
        else if (k % 2 === 0) {
          const product = multiply([out[target + k]!, out[target + k + 1]!], [value, from[source + k + 1]!]);
          out.set(product, target + k);
        }
      } else if (kind === "Max") {
        if (isFirst || value > out[target + k]!) out[target + k] = value;
      } else if (kind === "Min") {
        if (isFirst || value < out[target + k]!) out[target + k] = value;
      } else out[target + k]! += value;
    }
  }
  if (kind === "Mean" || kind === "SqrtN") divide(out, dtype, seen, width, kind);
  const typed = newElements(dtype, (count * width) / lanes);
  typed.set(out);
  return tensorOfElements(dtype, [count, ...rest], typed);
}

function fillWithOnes(out: Elements, dtype: DType): void {
  const lanes = lanesOf(dtype);
  for (let i = 0; i < out.length; i += lanes) out[i] = oneOf(dtype);
}

function divide(
  out: Elements,
  dtype: DType,
  counts: Int32Array,
  width: number,
  kind: "Mean" | "SqrtN",
): void {
  const isWide = dtype === "int64" || dtype === "uint64";
  for (const [segment, count] of counts.entries()) {
    if (count < 2) continue;
    const divisor = kind === "SqrtN" ? Math.sqrt(count) : count;
    for (let k = segment * width; k < (segment + 1) * width; k++) {
      if (isWide) out[k] = ((out[k] as unknown as bigint) / BigInt(divisor)) as unknown as number;
      else out[k] = out[k]! / divisor;
    }
  }
}
