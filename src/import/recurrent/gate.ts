import { asVector, type Block, narrowBlock } from "./block.ts";
import type { Expression } from "./expression.ts";

/** What a gate's activation is applied to: `x W + h R + bias`, perhaps with more terms. */
export interface Gate {
  /** [features, units] */
  readonly input: Block;
  /** [units, units]; undefined if nothing is multiplied with the recurrent operand. */
  readonly recurrent: Block | undefined;
  readonly bias: Bias;
  /** What multiplies a vector of weights, and the vector. */
  readonly peephole: { readonly of: Expression; readonly weights: Block } | undefined;
  /** Terms of none of these forms. */
  readonly rest: readonly Expression[];
}

/** Vectors of one element per unit and a number, added up. */
export interface Bias {
  readonly vectors: readonly Block[];
  readonly number: number;
}

/**
 * Takes a sum apart.
 * @param x the round's input.
 * @param recurrent what `R` is multiplied with.
 * @returns undefined if it isn't of that form with `units` columns, or multiplies `x` or `recurrent` more than once.
 */
export function gateOf(
  sum: Expression,
  x: Expression,
  recurrent: Expression,
  units: number,
): Gate | undefined {
  let [input, state]: [Block | undefined, Block | undefined] = [undefined, undefined];
  let peephole: Gate["peephole"];
  const vectors: Block[] = [];
  const rest: Expression[] = [];
  const { terms, number } = termsOf(sum);
  for (const term of terms) {
    const vector = vectorOf(term, units);
    if (vector !== undefined) {
      vectors.push(vector);
      continue;
    }
    const products = factorsOf(term, x, recurrent, units);
    if (products !== undefined) {
      for (const [factor, matrix] of products) {
        if (matrix.shape[1] !== units) return undefined;
        if (factor === x) {
          if (input !== undefined) return undefined;
          input = matrix;
        } else {
          if (state !== undefined || matrix.shape[0] !== units) return undefined;
          state = matrix;
        }
      }
      continue;
    }
    const weighted = term.kind === "times" ? weightedOf(term.factors, units) : undefined;
    if (weighted !== undefined && peephole === undefined) peephole = weighted;
    else rest.push(term);
  }
  // ONNX Runtime is wrong about sequences without features.
  if (input === undefined || input.shape[0] === 0) return undefined;
  return { input, recurrent: state, bias: { vectors, number }, peephole, rest };
}

export function termsOf(sum: Expression): { readonly terms: readonly Expression[]; readonly number: number } {
  return sum.kind === "sum" ? sum : { terms: [sum], number: 0 };
}

/** `h R + bias` alone, as the state's part of a GRU's candidate. */
export function recurrentPart(
  sum: Expression,
  state: Expression,
  units: number,
): { readonly recurrent: Block; readonly bias: Bias } | undefined {
  let recurrent: Block | undefined;
  const vectors: Block[] = [];
  const { terms, number } = termsOf(sum);
  for (const term of terms) {
    const vector = vectorOf(term, units);
    if (vector !== undefined) vectors.push(vector);
    else if (term.kind === "product" && term.of === state && recurrent === undefined) recurrent = term.matrix;
    else return undefined;
  }
  if (recurrent?.shape[0] !== units || recurrent.shape[1] !== units) return undefined;
  return { recurrent, bias: { vectors, number } };
}

/** The matrices that a product multiplies `x` and the recurrent operand with; both, if they are multiplied side by side. */
function factorsOf(
  term: Expression,
  x: Expression,
  recurrent: Expression,
  units: number,
): readonly (readonly [Expression, Block])[] | undefined {
  if (term.kind !== "product") return undefined;
  const { of, matrix } = term;
  if (of === x || of === recurrent) return [[of, matrix]];
  if (of.kind !== "concat" || of.parts.length !== 2) return undefined;
  const [first, second] = of.parts as [Expression, Expression];
  const features = matrix.shape[0]! - units;
  const part = (start: number, size: number) => narrowBlock(matrix, 0, start, size);
  if (first === x && second === recurrent)
    return pairs([x, part(0, features)], [recurrent, part(features, units)]);
  if (first === recurrent && second === x)
    return pairs([recurrent, part(0, units)], [x, part(units, features)]);
  return undefined;
}

function pairs(
  ...given: readonly (readonly [Expression, Block | undefined])[]
): readonly (readonly [Expression, Block])[] | undefined {
  return given.every(([, block]) => block !== undefined)
    ? (given as readonly [Expression, Block][])
    : undefined;
}

function vectorOf(term: Expression, units: number): Block | undefined {
  const vector = term.kind === "block" && term.block.shape.length <= 2 ? asVector(term.block) : undefined;
  return vector?.shape[0] === units ? vector : undefined;
}

function weightedOf([a, b]: readonly [Expression, Expression], units: number): Gate["peephole"] {
  const [left, right] = [vectorOf(a, units), vectorOf(b, units)];
  if (left !== undefined) return { of: b, weights: left };
  return right && { of: a, weights: right };
}
