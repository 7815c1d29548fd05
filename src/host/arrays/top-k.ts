import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { elementsOf } from "../sparse/arithmetic.ts";
import { integer, integerTensor, pick, span, stridesOf } from "./elements.ts";
import { knownAxis, knownIntegers } from "./known-shapes.ts";

interface Ranking {
  readonly axis: number;
  readonly isLargest: boolean;
  /** The type of the positions that are given back. */
  readonly indexType: ReturnType<Attributes["dtype"]>;
}

/** The k largest or smallest along an axis in their order, and where they are. Of equal ones the first comes first. */
function rank(input: Tensor, k: number, { axis, isLargest, indexType }: Ranking): readonly Tensor[] {
  const { shape } = input;
  if (shape.length === 0) throw invalidArgument("input must be >= 1-D, got shape []");
  const at = axis < 0 ? axis + shape.length : axis;
  const width = shape[at]!;
  if (k < 0) throw invalidArgument(`Need k >= 0, got ${k}`);
  if (width < k) throw invalidArgument(`input must have at least k columns. Had ${width}, needed ${k}`);
  const keys = elementsOf(input);
  const stride = stridesOf(shape)[at]!;
  const outer = span(shape, 0, at);
  const result = shape.with(at, k);
  const sources = new Int32Array(span(result, 0));
  const positions = new Array<number>(sources.length);
  for (let row = 0; row < outer * stride; row++) {
    const start = Math.floor(row / stride) * stride * width + (row % stride);
    const order = Uint32Array.from({ length: width }, (_, i) => i);
    const direction = isLargest ? -1 : 1;
    order.sort((a, b) => {
      const [x, y] = [keys[start + a * stride]!, keys[start + b * stride]!];
      return x < y ? -direction : x > y ? direction : a - b;
    });
    for (let i = 0; i < k; i++) {
      const to = Math.floor(row / stride) * stride * k + (row % stride) + i * stride;
      sources[to] = start + order[i]! * stride;
      positions[to] = order[i]!;
    }
  }
  const indices =
    indexType === "int16"
      ? ({ dtype: "int16", shape: result, data: Int16Array.from(positions) } as const)
      : integerTensor(indexType, result, positions);
  return [pick(input, result, sources), indices];
}

function rankedShape(input: PartialShape, axis: number, k: number): PartialShape {
  const at = input && knownAxis(axis, input.length);
  return at === undefined ? undefined : input!.with(at, k);
}

/** k is an attribute. */
const ofAttribute = (read: (attrs: Attributes) => Ranking): HostOp => ({
  shapes: (attrs, [input]) => {
    const shape = rankedShape(input!.shape, read(attrs).axis, attrs.int("k"));
    return [shape, shape];
  },
  compile: (attrs) => {
    const [k, ranking] = [attrs.int("k"), read(attrs)];
    return ([input]) => rank(input!, k, ranking);
  },
});

const topKV2: HostOp = {
  shapes: (_, [input, k]) => {
    const shape = rankedShape(input!.shape, -1, knownIntegers(k!)?.[0] ?? -1);
    return [shape, shape];
  },
  compile: (attrs) => {
    const ranking: Ranking = { axis: -1, isLargest: true, indexType: attrs.dtype("index_type") };
    return ([input, k]) => {
      if (k!.shape.length > 0) throw invalidArgument(`k must be scalar, got shape [${k!.shape.join(",")}]`);
      return rank(input!, integer(k!), ranking);
    };
  },
};

/** The largest elements of each row. */
export const topK: HostFamily = {
  TopK: ofAttribute(() => ({ axis: -1, isLargest: true, indexType: "int32" })),
  TopKV2: topKV2,
  // Exact, as TensorFlow's kernel for CPUs is.
  ApproxTopK: ofAttribute((attrs) => ({
    axis: attrs.int("reduction_dimension"),
    isLargest: attrs.bool("is_max_k"),
    indexType: "int32",
  })),
};
