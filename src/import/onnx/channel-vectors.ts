import { elementCount, type Shape } from "../../tensor/shape.ts";
import { bytesOf, type NumericTensor } from "../../tensor/tensor.ts";
import type { Initializer, OnnxGraph } from "./builder.ts";
import type { OnnxNode } from "./value.ts";

/** A constant in double precision. */
export interface Vector {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** Larger constants are no vectors with an entry per channel. */
const MOST_ELEMENTS = 1 << 16;

const UNARY: Readonly<Record<string, (x: number) => number>> = {
  Sqrt: Math.sqrt,
  Reciprocal: (x) => 1 / x,
  Neg: (x) => -x,
};

const BINARY: Readonly<Record<string, (x: number, y: number) => number>> = {
  Add: (x, y) => x + y,
  Sub: (x, y) => x - y,
  Mul: (x, y) => x * y,
  Div: (x, y) => x / y,
};

/** Computes what normalization makes of its constants, as far as that is arithmetic on float32 vectors. */
export class ChannelVectors {
  readonly #initializers: OnnxGraph["initializers"];
  readonly #producers: ReadonlyMap<string, OnnxNode>;
  readonly #known = new Map<string, Vector | undefined>();

  constructor({ initializers, nodes }: OnnxGraph) {
    this.#initializers = initializers;
    this.#producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  }

  /** Undefined for a value that isn't constant, or that other ops make. */
  of(name: string): Vector | undefined {
    if (!this.#known.has(name)) this.#known.set(name, this.#compute(name));
    return this.#known.get(name);
  }

  #compute(name: string): Vector | undefined {
    const initializer = this.#initializers.get(name);
    if (initializer !== undefined) return floatsOf(initializer);
    const node = this.#producers.get(name);
    if (node === undefined) return undefined;
    const [unary, binary] = [UNARY[node.op], BINARY[node.op]];
    const x = unary || binary || RESHAPES.has(node.op) ? this.of(node.inputs[0]!) : undefined;
    if (x === undefined) return undefined;
    if (unary !== undefined) return { shape: x.shape, data: x.data.map(unary) };
    if (binary !== undefined) {
      const y = this.of(node.inputs[1]!);
      return y && combined(x, y, binary);
    }
    const sizes = this.#initializers.get(node.inputs[1] ?? "");
    const shape = sizes && reshaped(node.op, x.shape, integersOf(sizes));
    return shape && { shape, data: x.data };
  }
}

/** A constant of integers, which the builder keeps in memory. */
function integersOf(initializer: Initializer): readonly number[] {
  return "tensor" in initializer ? Array.from(initializer.tensor.data as BigInt64Array, Number) : [];
}

function floatsOf(initializer: Initializer): Vector | undefined {
  const { dtype, shape } = "tensor" in initializer ? initializer.tensor : initializer;
  const count = elementCount(shape);
  if (dtype !== "float32" || count > MOST_ELEMENTS) return undefined;
  const data = new Float32Array(count);
  if ("tensor" in initializer) data.set((initializer.tensor as NumericTensor).data as Float32Array);
  else initializer.read(bytesOf({ dtype, shape, data }));
  return { shape, data: Float64Array.from(data) };
}

/** Undefined where one would be spread along axes of the other. */
function combined(x: Vector, y: Vector, op: (x: number, y: number) => number): Vector | undefined {
  const isScalar = ({ shape }: Vector): boolean => shape.length === 0;
  if (isScalar(y)) return { shape: x.shape, data: x.data.map((value) => op(value, y.data[0]!)) };
  if (isScalar(x)) return { shape: y.shape, data: y.data.map((value) => op(x.data[0]!, value)) };
  if (String(x.shape) !== String(y.shape)) return undefined;
  return { shape: x.shape, data: x.data.map((value, i) => op(value, y.data[i]!)) };
}

const RESHAPES = new Set(["Reshape", "Squeeze", "Unsqueeze"]);

/** @param given the target's sizes, or the axes. */
function reshaped(op: string, shape: Shape, given: readonly number[]): Shape | undefined {
  if (op === "Reshape") {
    const known = given.reduce((product, size) => (size > 0 ? product * size : product), 1);
    return given.includes(0)
      ? undefined
      : given.map((size) => (size < 0 ? elementCount(shape) / known : size));
  }
  const rank = op === "Squeeze" ? shape.length : shape.length + given.length;
  const axes = new Set(given.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (op === "Squeeze") return shape.filter((_, axis) => !axes.has(axis));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!));
}
