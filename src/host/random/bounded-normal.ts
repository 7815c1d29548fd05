import { internal, invalidArgument } from "../../status/status.ts";
import { type Floats, type FloatType, floatsOf } from "../math/floats.ts";
import { type Distribution, normal, uniform } from "./distributions.ts";
import type { Philox } from "./philox.ts";

/** A normal distribution between two bounds, one of which may be infinite. */
export interface BoundedNormal {
  readonly mean: number;
  readonly deviation: number;
  readonly low: number;
  readonly high: number;
}

/** Numbers are drawn from the normal distribution if it reaches this far, in deviations, beyond the mean. */
const NORMAL_REACH = 1.3;

const MOST_REJECTIONS = 1000;

/** What a generator's next block gives of a distribution. */
type Block = () => Floats;

/** Proposes numbers of the standard normal distribution between the bounds, or undefined for each rejected one. */
type Proposals = () => readonly (number | undefined)[];

/**
 * Numbers of a bounded normal distribution, as TensorFlow draws them on one thread
 * (parameterized_truncated_normal_op.cc): each operation rounded as the type does.
 * @throws StatusError INVALID_ARGUMENT for bounds that hold nothing.
 * @throws StatusError INTERNAL if too many proposals are rejected, as for a mean that is NaN.
 */
export function boundedNormals(
  bounded: BoundedNormal,
  count: number,
  dtype: FloatType,
  random: Philox,
): Float64Array {
  const round = { float16: Math.f16round, float32: Math.fround }[dtype as string] ?? ((x: number) => x);
  const { mean } = bounded;
  let { deviation, low, high } = bounded;
  if (!(deviation > 0 && low < high && (Number.isFinite(low) || Number.isFinite(high))))
    throw invalidArgument("Invalid parameters");
  // One bound becomes the lower one, or both positive.
  if (low === Number.NEGATIVE_INFINITY || high < mean) {
    [low, high] = [high, low];
    deviation = -deviation;
  }
  const from = round(round(low - mean) / deviation);
  const to = round(round(high - mean) / deviation);
  const [proposals, name] = proposalsOf(from, to, round, {
    uniforms: blocksOf(uniform(dtype), dtype, random),
    normals: blocksOf(normal(dtype), dtype, random),
  });
  const out = new Float64Array(count);
  for (let at = 0, rejected = 0; at < count; ) {
    for (const z of proposals()) {
      if (z === undefined) {
        if (++rejected >= MOST_REJECTIONS)
          throw internal(`TruncatedNormal ${name} sampler failed to accept a sample.`);
        continue;
      }
      rejected = 0;
      out[at++] = round(round(z * deviation) + mean);
      if (at === count) break;
    }
  }
  return out;
}

function blocksOf(distribution: Distribution, dtype: FloatType, random: Philox): Block {
  const shape = [dtype === "float64" ? 2 : 4];
  return () => floatsOf(distribution(shape, random));
}

interface Blocks {
  readonly uniforms: Block;
  readonly normals: Block;
}

function proposalsOf(
  from: number,
  to: number,
  round: (value: number) => number,
  { uniforms, normals }: Blocks,
): readonly [Proposals, string] {
  const root = round(Math.sqrt(round(round(from * from) + 4)));
  const exponent = round(0.5 + round(round(from * round(from - root)) / 4));
  const cutoff = round(round(2 * round(Math.exp(exponent))) / round(from + root));
  const width = round(to - from);
  const reach = round(NORMAL_REACH);
  if ((from < -reach && to >= 0) || (to > reach && from <= 0)) {
    return [
      () => Array.from(normals(), (z: number) => (z >= from && z <= to ? z : undefined)),
      "randn rejection",
    ];
  }
  if (width < cutoff) {
    const highest = from < 0 ? 0 : round(from * from);
    const ofUniform: Proposals = () => {
      const places = Array.from(uniforms(), (x: number) => round(round(x * width) + from));
      const chances = uniforms();
      return places.map((z, i) => {
        const g = round(round(highest - round(z * z)) / 2);
        return chances[i]! <= round(Math.exp(g)) ? z : undefined;
      });
    };
    return [ofUniform, "uniform rejection"];
  }
  const alpha = round(round(from + root) / 2);
  const ofExponential: Proposals = () => {
    const block = uniforms();
    const proposals: (number | undefined)[] = [];
    for (let i = 0; i < block.length; i += 2) {
      const z = round(round(-round(Math.log(block[i]!)) / alpha) + from);
      const x = round(from < alpha ? alpha - z : from - alpha);
      const g = round(Math.exp(round(round(-x * x) / 2)));
      proposals.push(block[i + 1]! <= g && z < to ? z : undefined);
    }
    return proposals;
  };
  return [ofExponential, "exponential distribution rejection"];
}
