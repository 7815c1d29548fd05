import type { GraphNode } from "../graph.ts";
import { type Block, rowMajor, transposeBlock } from "./block.ts";
import type { Cell, GateWeights } from "./cell.ts";
import type { Bias } from "./gate.ts";

/** A tensor put together from parts of others. Where parts overlap they are added; what no part covers is zero. */
export interface Arrangement {
  readonly shape: readonly number[];
  /** The shapes of the tensors that parts are taken from. */
  readonly sources: readonly (readonly number[])[];
  readonly parts: readonly Part[];
  readonly numbers: readonly { readonly at: number; readonly count: number; readonly value: number }[];
}

/** Elements of a source, and where they go. Positions and strides count elements. */
export interface Part {
  readonly source: number;
  readonly from: number;
  readonly shape: readonly number[];
  readonly fromStrides: readonly number[];
  readonly to: number;
  readonly toStrides: readonly number[];
}

/** An arrangement and the nodes whose values it takes, in the order of its sources. */
export interface Arranged {
  readonly arrangement: Arrangement;
  readonly sources: readonly GraphNode[];
}

/** Collects the parts of an arrangement. */
class Arranging {
  readonly #shape: readonly number[];
  readonly #sources = new Map<string, Block>();
  readonly #parts: Part[] = [];
  readonly #numbers: { at: number; count: number; value: number }[] = [];

  constructor(shape: readonly number[]) {
    this.#shape = shape;
  }

  /** Puts a block, densely, to the elements from `to` on. */
  add(block: Block, to: number): void {
    if (!this.#sources.has(block.sourceKey)) this.#sources.set(block.sourceKey, block);
    const source = [...this.#sources.keys()].indexOf(block.sourceKey);
    const { shape, strides, offset } = block;
    this.#parts.push({ source, from: offset, shape, fromStrides: strides, to, toStrides: rowMajor(shape) });
  }

  addBias(bias: Bias, units: number, to: number): void {
    for (const vector of bias.vectors) this.add(vector, to);
    if (bias.number !== 0) this.#numbers.push({ at: to, count: units, value: bias.number });
  }

  finish(): Arranged {
    const blocks = [...this.#sources.values()];
    const sources = blocks.map((block) => block.sourceShape);
    const arrangement = { shape: this.#shape, sources, parts: this.#parts, numbers: this.#numbers };
    return { arrangement, sources: blocks.map((block) => block.source) };
  }
}

/** ONNX's W: [1, gates * units, features]. */
export function inputWeights({ gates, units }: Cell): Arranged {
  return matrices(gates, units, (gate) => gate.input);
}

/** ONNX's R: [1, gates * units, units]. */
export function recurrentWeights({ gates, units }: Cell): Arranged {
  return matrices(gates, units, (gate) => gate.recurrent);
}

function matrices(gates: readonly GateWeights[], units: number, of: (gate: GateWeights) => Block): Arranged {
  const rows = of(gates[0]!).shape[0]!;
  const arranging = new Arranging([1, gates.length * units, rows]);
  for (const [i, gate] of gates.entries()) arranging.add(transposeBlock(of(gate), [1, 0])!, i * units * rows);
  return arranging.finish();
}

/** ONNX's B: [1, 2 * gates * units], the biases of the input first; undefined if there are none. */
export function biases({ gates, units }: Cell): Arranged | undefined {
  const all = gates.flatMap(({ bias, recurrentBias }) => [bias, ...(recurrentBias ? [recurrentBias] : [])]);
  if (all.every(({ vectors, number }) => vectors.length === 0 && number === 0)) return undefined;
  const arranging = new Arranging([1, 2 * gates.length * units]);
  for (const [i, { bias, recurrentBias }] of gates.entries()) {
    arranging.addBias(bias, units, i * units);
    if (recurrentBias !== undefined) arranging.addBias(recurrentBias, units, (gates.length + i) * units);
  }
  return arranging.finish();
}

/** ONNX's P: [1, 3 * units]. */
export function peepholeWeights({ peepholes, units }: Cell): Arranged | undefined {
  if (peepholes === undefined) return undefined;
  const arranging = new Arranging([1, 3 * units]);
  for (const [i, weights] of peepholes.entries()) arranging.add(weights, i * units);
  return arranging.finish();
}

/** Fills `target`, row-major, from the sources' elements. */
export function arrange(
  { parts, numbers }: Arrangement,
  sources: readonly Float32Array[],
  target: Float32Array,
): void {
  target.fill(0);
  for (const part of parts) {
    const source = sources[part.source]!;
    const [rows, columns] = part.shape.length === 2 ? part.shape : [1, part.shape[0]!];
    const [fromRow, fromColumn] =
      part.fromStrides.length === 2 ? part.fromStrides : [0, part.fromStrides[0]!];
    const [toRow, toColumn] = part.toStrides.length === 2 ? part.toStrides : [0, part.toStrides[0]!];
    for (let row = 0; row < rows!; row++) {
      let from = part.from + row * fromRow!;
      let to = part.to + row * toRow!;
      for (let column = 0; column < columns!; column++) {
        target[to] = target[to]! + source[from]!;
        from += fromColumn!;
        to += toColumn!;
      }
    }
  }
  for (const { at, count, value } of numbers)
    for (let i = at; i < at + count; i++) target[i] = target[i]! + value;
}
