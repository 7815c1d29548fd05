import type { OnnxBuilder } from "../onnx/builder.ts";
import { isNumber, knownElements, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { Formula, inFloat32, type Term } from "./formula.ts";
import { combine, dimsOf, FAR, flat, type Part, vector, withShape } from "./int-vector.ts";

const cumsum: Translator = (node, onnx) =>
  onnx.op("CumSum", node.inputs, {
    exclusive: Number(node.attrs.bool("exclusive")),
    reverse: Number(node.attrs.bool("reverse")),
  });

/** An associative operation with the value that changes nothing. */
interface Monoid {
  readonly identity: number;
  readonly combine: (f: Formula, a: Value, b: Value) => Value;
}

const PRODUCT: Monoid = { identity: 1, combine: (f, a, b) => f.mul(a, b) };

/** log(exp(a) + exp(b)) */
const LOG_SUM_EXP: Monoid = {
  identity: Number.NEGATIVE_INFINITY,
  combine: (f, a, b) => {
    const distance = f.where(f.equal(a, b), 0, f.abs(f.sub(a, b)));
    return f.add(f.max(a, b), f.log(f.add(f.exp(f.neg(distance)), 1)));
  },
};

/**
 * ONNX has no scan for these but a loop over all elements: here each is combined with the one 1 before it, then with the
 * one 2 before it, then 4, and so on.
 */
const scan =
  (monoid: Monoid): Translator =>
  (node, onnx) =>
    inFloat32(onnx, node.inputs.slice(0, 1), ([x]) => scanned(onnx, node, x!, monoid));

function scanned(onnx: OnnxBuilder, node: OpNode, x: Value, monoid: Monoid): Value {
  const axis = axisOf(onnx, x, node.inputs[1]!);
  const reverse = node.attrs.bool("reverse");
  const f = new Formula(onnx, x.dtype);
  const shifted = (value: Value, by: Part): Value =>
    shift(onnx, f, value, axis, by, reverse, monoid.identity);
  const step = (value: Value, by: Part): Value => monoid.combine(f, shifted(value, by), value);
  const first = node.attrs.bool("exclusive") ? shifted(x, 1) : x;
  const { size } = axis;
  if (typeof size !== "number") return doubled(onnx, first, size, step);
  let result = first;
  for (let by = 1; by < size; by *= 2) result = step(result, by);
  return result;
}

/** The steps by 1, 2, 4 and so on below a size that isn't known. */
function doubled(onnx: OnnxBuilder, first: Value, size: Value, step: (x: Value, by: Value) => Value): Value {
  const isBelow = (by: Value): Value => onnx.op("Squeeze", [onnx.op("Less", [by, flat(onnx, size)])]);
  const value = onnx.argument(first.dtype, first.shape);
  const by = onnx.argument("int64", [1]);
  const inputs = [onnx.argument("int64", []), onnx.argument("bool", []), value, by];
  const body = onnx.subgraph(inputs, () => {
    const next = onnx.op("Add", [by, by]);
    return [isBelow(next), step(value, by), next];
  });
  const one = onnx.ints([1]);
  return onnx.flow("Loop", [undefined, isBelow(one), first, one], { body: { graph: body } }, [
    { dtype: first.dtype, shape: first.shape },
    { dtype: "int64", shape: [1] },
  ])[0]!;
}

/** An axis as an int64 vector of one element, and its size. */
interface ScanAxis {
  readonly index: Value;
  readonly size: Part;
}

function axisOf(onnx: OnnxBuilder, x: Value, given: Value): ScanAxis {
  const index = flat(onnx, onnx.cast(given, "int64"));
  const known = knownElements(index)?.[0];
  const size = known === undefined ? undefined : x.shape?.at(known);
  if (size !== undefined && isNumber(size)) return { index, size };
  return { index, size: onnx.op("Gather", [dimsOf(onnx, x), index]) };
}

/** Moves everything along the axis, to the front if `reverse`; `fill` comes in where nothing was. */
function shift(
  onnx: OnnxBuilder,
  f: Formula,
  x: Value,
  axis: ScanAxis,
  by: Part,
  reverse: boolean,
  fill: Term,
): Value {
  const [start, end] = reverse ? [by, FAR] : [0, combine(onnx, "Sub", 0, by)];
  const kept = onnx.op("Slice", [x, vector(onnx, [start]), vector(onnx, [end]), axis.index]);
  const gap = combine(onnx, "Min", axis.size, by);
  const pads = vector(onnx, reverse ? [0, gap] : [gap, 0]);
  const moved = onnx.op("Pad", [kept, pads, f.term(fill), axis.index]);
  return withShape(moved, x.shape);
}

/** Running sums and the like along an axis. */
export const cumulativeOps: OpFamily = {
  Cumsum: cumsum,
  Cumprod: scan(PRODUCT),
  CumulativeLogsumexp: scan(LOG_SUM_EXP),
};
