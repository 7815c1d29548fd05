import { fraction64, normalPair64 } from "./distributions.ts";
import { type Philox, WORDS_PER_BLOCK } from "./philox.ts";

/** Blocks that each number has for itself, so that it doesn't depend on how often others were rejected. */
const RESERVED_PER_NUMBER = 256;

/** A number of a distribution, of as many random ones as it takes. */
export type Draw = (source: RandomSource) => number;

/** A stretch of a generator's numbers, in float64. Each block gives two, the second first, as in TensorFlow's kernels. */
export class RandomSource {
  readonly #random: Philox;
  readonly #words = new Uint32Array(WORDS_PER_BLOCK);
  readonly #normals = new Float64Array(2);
  readonly #uniforms = new Float64Array(2);
  #normalsLeft = 0;
  #uniformsLeft = 0;

  constructor(random: Philox, skipped: number) {
    this.#random = random.copy();
    this.#random.skip(skipped);
  }

  /** In [0, 1). */
  uniform(): number {
    if (this.#uniformsLeft === 0) {
      this.#random.fill(this.#words);
      const words = this.#words;
      this.#uniforms[0] = fraction64(words[0]!, words[1]!);
      this.#uniforms[1] = fraction64(words[2]!, words[3]!);
      this.#uniformsLeft = 2;
    }
    return this.#uniforms[--this.#uniformsLeft]!;
  }

  normal(): number {
    if (this.#normalsLeft === 0) {
      this.#random.fill(this.#words);
      normalPair64(this.#words, 0, this.#normals, 0);
      this.#normalsLeft = 2;
    }
    return this.#normals[--this.#normalsLeft]!;
  }
}

/**
 * For each draw as many numbers, the draws varying fastest. Each number has blocks of its own, in the order of the draws.
 * @param reservedFor how many blocks a draw's numbers are apart.
 */
export function drawEach(
  draws: readonly Draw[],
  samples: number,
  random: Philox,
  reservedFor: (draw: number) => number = () => RESERVED_PER_NUMBER,
): Float64Array {
  const out = new Float64Array(samples * draws.length);
  for (const [i, draw] of draws.entries()) {
    const reserved = reservedFor(i);
    for (let sample = 0; sample < samples; sample++) {
      const source = new RandomSource(random, reserved * (i * samples + sample));
      out[sample * draws.length + i] = draw(source);
    }
  }
  return out;
}
