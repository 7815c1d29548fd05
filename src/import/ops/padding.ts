import { invalidArgument } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { isNumber, knownElements, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { Formula } from "./formula.ts";
import { checkedIndices } from "./indices.ts";
import { dimOf, elementOf, flat, type Part, rankOf, scalarOf, vector } from "./int-vector.ts";
import { unless } from "./run-time-check.ts";

/** How much is added before and after each axis. */
interface Paddings {
  readonly before: readonly Part[];
  readonly after: readonly Part[];
}

/** Negative amounts are refused: ONNX would cut off as much. */
function paddingsOf(node: OpNode, onnx: OnnxBuilder): Paddings {
  const [x, paddings] = node.inputs as [Value, Value];
  const rank = rankOf(x, "input");
  const amounts = flat(onnx, onnx.cast(paddings, "int64"));
  const negative = onnx.op("Less", [amounts, onnx.ints([0])]);
  if (knownElements(negative)?.includes(1)) throw invalidArgument(`Node ${node.name} has negative paddings`);
  const checked = unless(onnx, negative, amounts);
  const side = (offset: number): Part[] =>
    Array.from({ length: rank }, (_, axis) => {
      const amount = elementOf(onnx, amounts, 2 * axis + offset);
      return typeof amount === "number" ? amount : elementOf(onnx, checked, 2 * axis + offset);
    });
  return { before: side(0), after: side(1) };
}

/** The third input of PadV2 is the number to pad with; Pad takes zero. */
const pad: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const { before, after } = paddingsOf(node, onnx);
  const amounts = [...before, ...after];
  if (amounts.every((amount) => amount === 0)) return x;
  return onnx.op("Pad", [x, vector(onnx, amounts), node.inputs[2]]);
};

/** ONNX's Pad reflects at the outermost elements, but can't repeat them as SYMMETRIC wants. */
export const mirrorPad: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const { before, after } = paddingsOf(node, onnx);
  const repeated = node.attrs.string("mode") === "SYMMETRIC" ? 1 : 0;
  for (const [axis, dim] of x.shape!.entries()) {
    const most = Math.max(...[before[axis]!, after[axis]!].filter((amount) => typeof amount === "number"));
    if (isNumber(dim) && most > dim - 1 + repeated) {
      throw invalidArgument(`Node ${node.name} mirrors ${most} elements of a dimension of ${dim}`);
    }
  }
  const amounts = [...before, ...after];
  if (amounts.every((amount) => amount === 0)) return x;
  if (repeated === 0) return onnx.op("Pad", [x, vector(onnx, amounts)], { mode: "reflect" });
  return before.reduce<Value>((value, amount, axis) => symmetric(onnx, value, axis, amount, after[axis]!), x);
};

/** Gathers along an axis; a position outside stands for as much inside of the edge. */
function symmetric(onnx: OnnxBuilder, x: Value, axis: number, before: Part, after: Part): Value {
  if (before === 0 && after === 0) return x;
  const f = new Formula(onnx, "int64");
  const scalar = (part: Part): Value => (typeof part === "number" ? f.term(part) : scalarOf(onnx, part));
  const size = scalar(dimOf(onnx, x, axis));
  const positions = onnx.op("Range", [f.neg(scalar(before)), f.add(size, scalar(after)), f.term(1)]);
  const fromLeft = f.where(f.less(positions, 0), f.sub(-1, positions), positions);
  const fromRight = f.sub(f.sub(f.add(size, size), 1), positions);
  const sources = f.where(f.less(positions, size), fromLeft, fromRight);
  return onnx.op("Gather", [x, checkedIndices(onnx, sources)], { axis });
}

/** Ops that add elements around a tensor. */
export const paddingOps: OpFamily = {
  Pad: pad,
  PadV2: pad,
  MirrorPad: mirrorPad,
};
