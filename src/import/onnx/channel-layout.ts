import { normalizeAxis } from "./shapes/rule.ts";
import { isNumber, knownElements, type OnnxAttributes, type Value } from "./value.ts";

// ONNX's convolutions and pools want channels before the spatial dims, TensorFlow's have them behind. Each is therefore
// written between two Transposes. What stands between one layer and the next (biases, normalization, activations, sums,
// padding) works as well on channels that come first: it is written there, and the Transposes meet and vanish. ONNX
// Runtime's optimizer does some of this, but not where only several steps together pay.

/** What is needed of the builder. */
interface Adder {
  op(op: string, inputs: readonly (Value | undefined)[], attrs?: OnnxAttributes): Value;
  ints(values: readonly number[]): Value;
  toChannelsLast(value: Value): Value;
}

/** A node about to be added, some of whose inputs may have been made of tensors with their channels first. */
interface Call {
  readonly onnx: Adder;
  readonly inputs: readonly (Value | undefined)[];
  readonly attrs: OnnxAttributes;
  /** What a value with its channels last was made of, if that is the same with its channels first. */
  readonly firstOf: (value: Value) => Value | undefined;
  /** Adds the node with other inputs and attributes. */
  readonly add: (inputs: readonly (Value | undefined)[], attrs?: OnnxAttributes) => readonly Value[];
}

type Mover = (call: Call) => readonly Value[] | undefined;

/** The outputs of the node, computed where the channels come first; undefined if it has to stay behind the Transpose. */
export function onChannelsFirst(op: string, call: Call): readonly Value[] | undefined {
  return Object.hasOwn(MOVERS, op) ? MOVERS[op]!(call) : undefined;
}

/** Axes of a tensor with its channels last, by their places with the channels first. */
export function channelsFirstPerm(rank: number): readonly number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}

export function channelsLastPerm(rank: number): readonly number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** Where an axis of a tensor with its channels last lies with the channels first. */
function movedAxis(axis: number, rank: number): number {
  return channelsFirstPerm(rank).indexOf(normalizeAxis(axis, rank));
}

function channelsLast(onnx: Adder, values: readonly Value[]): readonly Value[] {
  return values.map((value) => onnx.toChannelsLast(value));
}

/** What works on each element by itself; further inputs are settings. */
const elementwise: Mover = ({ onnx, inputs: [x, ...settings], firstOf, add }) => {
  const first = x && firstOf(x);
  if (first === undefined || !settings.every((value) => value === undefined || isScalar(value)))
    return undefined;
  return channelsLast(onnx, add([first, ...settings]));
};

const broadcasting: Mover = ({ onnx, inputs, firstOf, add }) => {
  const rank = Math.max(...inputs.map((value) => (value && firstOf(value)?.shape?.length) ?? 0));
  if (rank === 0) return undefined;
  const moved: Value[] = [];
  for (const value of inputs) {
    const first = value && firstOf(value);
    const operand = first?.shape?.length === rank ? first : value && moveOperand(onnx, value, rank);
    if (operand === undefined) return undefined;
    moved.push(operand);
  }
  return channelsLast(onnx, add(moved));
};

/** An operand that costs next to nothing to move: one that is known at import, or has one dim that isn't 1. */
function moveOperand(onnx: Adder, value: Value, rank: number): Value | undefined {
  const { shape } = value;
  if (shape === undefined || shape.length > rank) return undefined;
  if (isScalar(value)) return value;
  if (shape.length === 1) {
    return onnx.op("Unsqueeze", [value, onnx.ints(Array.from({ length: rank - 2 }, (_, i) => i + 1))]);
  }
  const isVector = shape.slice(1).filter((dim) => dim !== 1).length <= 1 && shape.length === rank;
  if (!isVector && value.constant === undefined) return undefined;
  const missing = Array.from({ length: rank - shape.length }, (_, i) => i);
  const full = missing.length === 0 ? value : onnx.op("Unsqueeze", [value, onnx.ints(missing)]);
  return onnx.op("Transpose", [full], { perm: channelsFirstPerm(rank) });
}

function isScalar({ shape }: Value): boolean {
  return shape?.every((dim) => dim === 1) ?? false;
}

/** Over axes of which nothing is left that would have to be moved back. */
const reduction: Mover = ({ onnx, inputs: [x, axes], attrs, firstOf, add }) => {
  const first = x && firstOf(x);
  const known = axes && knownElements(axes);
  const rank = first?.shape?.length;
  if (rank === undefined || known === undefined || known.length === 0) return undefined;
  const reduced = known.map((axis) => normalizeAxis(axis, rank));
  for (let axis = 1; axis < rank - 1; axis++) if (!reduced.includes(axis)) return undefined;
  const moved = reduced.map((axis) => movedAxis(axis, rank)).sort((a, b) => a - b);
  const result = add([first, onnx.ints(moved)]);
  return attrs.keepdims === 0 ? result : channelsLast(onnx, result);
};

/** Over all pixels: what ONNX Runtime can do in its blocked layout. */
const mean: Mover = (call) => {
  const { onnx, inputs, attrs, firstOf } = call;
  const [x, axes] = inputs;
  const first = x && firstOf(x);
  const known = axes && knownElements(axes);
  const [, , ...pixels] = first?.shape ?? [];
  const isWhole = known !== undefined && known.length === pixels.length && pixels.length === 2;
  const covers = isWhole && known.every((axis) => [1, 2].includes(normalizeAxis(axis, 4)));
  const isThere = pixels.every((size) => isNumber(size) && size > 0);
  if (!covers || !isThere || first!.dtype !== "float32") return reduction(call);
  const average = onnx.op("GlobalAveragePool", [first]);
  if (attrs.keepdims === 0) return [onnx.op("Squeeze", [average, onnx.ints([2, 3])])];
  return channelsLast(onnx, [average]);
};

const concat: Mover = ({ onnx, inputs, attrs, firstOf, add }) => {
  const firsts = inputs.map((value) => value && firstOf(value));
  const rank = firsts[0]?.shape?.length;
  if (rank === undefined || !firsts.every((value) => value?.shape?.length === rank)) return undefined;
  return channelsLast(onnx, add(firsts, { ...attrs, axis: movedAxis(attrs.axis as number, rank) }));
};

const pad: Mover = ({ onnx, inputs: [x, pads, fill, axes], firstOf, add }) => {
  const first = x && firstOf(x);
  const moved = first && pads && movedPads(pads, first.shape?.length);
  if (moved === undefined || axes !== undefined) return undefined;
  return channelsLast(onnx, add([first, onnx.ints(moved), fill]));
};

/** The pads of a tensor with its channels last, for the same with its channels first; undefined if they aren't known. */
export function movedPads(pads: Value, rank: number | undefined): readonly number[] | undefined {
  const known = knownElements(pads);
  if (rank === undefined || known?.length !== 2 * rank) return undefined;
  const perm = channelsFirstPerm(rank);
  return [...perm.map((axis) => known[axis]!), ...perm.map((axis) => known[rank + axis]!)];
}

const slice: Mover = ({ onnx, inputs: [x, starts, ends, axes, steps], firstOf, add }) => {
  const first = x && firstOf(x);
  const known = axes && knownElements(axes);
  const rank = first?.shape?.length;
  if (rank === undefined || known === undefined) return undefined;
  const moved = onnx.ints(known.map((axis) => movedAxis(axis, rank)));
  return channelsLast(onnx, add([first, starts, ends, moved, steps]));
};

const split: Mover = ({ onnx, inputs: [x, sizes], attrs, firstOf, add }) => {
  const first = x && firstOf(x);
  const rank = first?.shape?.length;
  if (rank === undefined) return undefined;
  const axis = typeof attrs.axis === "number" ? attrs.axis : 0;
  return channelsLast(onnx, add([first, sizes], { ...attrs, axis: movedAxis(axis, rank) }));
};

/** So that asking for a shape keeps no Transpose alive. */
const shape: Mover = ({ onnx, inputs: [x], attrs, firstOf, add }) => {
  const first = x && firstOf(x);
  const rank = first?.shape?.length;
  if (rank === undefined || Object.keys(attrs).length > 0) return undefined;
  return [onnx.op("Gather", [add([first])[0], onnx.ints(channelsLastPerm(rank))], { axis: 0 })];
};

function moversOf(ops: string, mover: Mover): Readonly<Record<string, Mover>> {
  return Object.fromEntries(ops.split(" ").map((op) => [op, mover]));
}

const MOVERS: Readonly<Record<string, Mover>> = {
  ...moversOf(
    "Abs Cast Ceil Celu Clip Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity Imputer IsInf IsNaN LeakyRelu Log " +
      "Mish Neg Not Reciprocal Relu Round Selu Sigmoid Sign Softplus Softsign Sqrt Tanh ThresholdedRelu",
    elementwise,
  ),
  ...moversOf(
    "Add Sub Mul Div Pow Max Min Sum Mean PRelu Where Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor",
    broadcasting,
  ),
  ...moversOf("ReduceMax ReduceMin ReduceProd ReduceSum ReduceL1 ReduceL2 ReduceSumSquare", reduction),
  Concat: concat,
  ReduceMean: mean,
  Pad: pad,
  Shape: shape,
  Slice: slice,
  Split: split,
};
