import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { knownElements, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { Formula, type Term } from "./formula.ts";
import { rankOf } from "./int-vector.ts";

// Floats that are rounded to what a few bits can hold, and stay floats.

const fakeQuantizeArgs: Translator = (node, onnx) => {
  const f = new Formula(onnx, "float32");
  return fakeQuantize(f, node, f.term(node.attrs.float("min")), f.term(node.attrs.float("max")));
};

const fakeQuantizeVars: Translator = (node, onnx) => {
  const f = new Formula(onnx, "float32");
  const [, min, max] = node.inputs as [Value, Value, Value];
  const isEmpty = f.and(f.equal(min, 0), f.equal(max, 0));
  return f.where(isEmpty, 0, fakeQuantize(f, node, min, max));
};

interface Nudged {
  readonly from: Value;
  readonly to: Value;
  readonly scale: Value;
}

/** The range, moved a little, so that zero is one of the numbers that it holds. */
function nudgedRange(f: Formula, node: OpNode, min: Value, max: Value): Nudged {
  const lowest = node.attrs.bool("narrow_range") ? 1 : 0;
  const highest = 2 ** node.attrs.int("num_bits") - 1;
  const scale = f.div(f.sub(max, min), highest - lowest);
  const zero = f.sub(lowest, f.div(min, scale));
  const nudged = roundHalfUp(f, f.min(f.max(zero, lowest), highest));
  const [from, to] = [f.mul(f.sub(lowest, nudged), scale), f.mul(f.sub(highest, nudged), scale)];
  return { from, to, scale };
}

function fakeQuantize(f: Formula, node: OpNode, min: Value, max: Value): Value {
  const { from, to, scale } = nudgedRange(f, node, min, max);
  const inverse = f.div(1, scale);
  const zeroStep = roundHalfUp(f, f.mul(f.neg(from), inverse));
  const steps = f.mul(f.sub(f.max(f.min(node.inputs[0]!, to), from), from), inverse);
  return f.mul(roundHalfUp(f, f.sub(steps, zeroStep)), scale);
}

function roundHalfUp(f: Formula, x: Value): Value {
  return f.floor(f.add(x, 0.5));
}

/** What is within the range passes; where the range ends are inputs, what is beyond goes to them. */
const fakeQuantizeArgsGradient: Translator = (node, onnx) => {
  const f = new Formula(onnx, "float32");
  const [gradients, x] = node.inputs as [Value, Value];
  const ends = nudgedRange(f, node, f.term(node.attrs.float("min")), f.term(node.attrs.float("max")));
  return f.where(isWithin(f, x, ends), gradients, 0);
};

const fakeQuantizeVarsGradient: Translator = (node, onnx) => {
  const f = new Formula(onnx, "float32");
  const [gradients, x, min, max] = node.inputs as [Value, Value, Value, Value];
  const isEmpty = f.and(f.equal(min, 0), f.equal(max, 0));
  const ends = nudgedRange(f, node, min, max);
  const passes = f.or(isWithin(f, x, ends), isEmpty);
  const beyond = (where: Value): Value => {
    const part = f.where(f.and(where, f.not(isEmpty)), gradients, 0);
    if (node.op !== "FakeQuantWithMinMaxVarsPerChannelGradient") {
      return onnx.op("ReduceSum", [part], { keepdims: 0 });
    }
    const axes = Array.from({ length: rankOf(x, "inputs") - 1 }, (_, i) => i);
    return axes.length === 0 ? part : onnx.op("ReduceSum", [part, onnx.ints(axes)], { keepdims: 0 });
  };
  return [f.where(passes, gradients, 0), beyond(f.less(x, ends.from)), beyond(f.greater(x, ends.to))];
};

/** The same without moving the range, whose ends get nothing. */
const quantizeAndDequantizeGradient: Translator = (node, onnx) => {
  const [gradients, x, min, max] = node.inputs as [Value, Value, Value, Value];
  const f = new Formula(onnx, x.dtype);
  const axis = node.attrs.int("axis");
  const rank = axis === -1 ? 0 : rankOf(x, "input");
  const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
  const behind = onnx.ints(others.filter((i) => i > axis).map((i) => i - axis));
  const [from, to] = [min, max].map((end) => (axis === -1 ? end : onnx.op("Unsqueeze", [end, behind]))) as [
    Value,
    Value,
  ];
  return [f.where(isWithin(f, x, { from, to }), gradients, 0), f.mul(min, 0), f.mul(max, 0)];
};

function isWithin(f: Formula, x: Value, { from, to }: Pick<Nudged, "from" | "to">): Value {
  return f.not(f.or(f.less(x, from), f.greater(x, to)));
}

interface Quantization {
  readonly bits: number;
  readonly round: (f: Formula, x: Value) => Value;
}

const roundToEven = (f: Formula, x: Value): Value => f.apply("Round", x);

const quantizeAndDequantize: Translator = (node, onnx) => {
  const mode = node.attrs.string("round_mode");
  if (mode !== "HALF_TO_EVEN" && mode !== "HALF_UP") {
    throw unimplemented(`expected the round_mode HALF_TO_EVEN or HALF_UP, got ${mode}`);
  }
  return snap(onnx, node, {
    bits: node.attrs.int("num_bits"),
    round: mode === "HALF_UP" ? roundHalfUp : roundToEven,
  });
};

const quantizeAndDequantizeV3: Translator = (node, onnx) => {
  const bits = knownElements(node.inputs[3]!)?.[0];
  if (bits === undefined) throw unimplemented("expected num_bits that is known at import");
  return snap(onnx, node, { bits, round: roundToEven });
};

/** The first version: the range is an attribute. */
const quantizeAndDequantizeV1: Translator = (node, onnx) => {
  const x = node.inputs[0]!;
  const f = new Formula(onnx, x.dtype);
  const ends = ["input_min", "input_max"].map((name) => f.term(node.attrs.float(name)));
  const quantization = { bits: node.attrs.int("num_bits"), round: roundToEven };
  return snap(onnx, { ...node, inputs: [x, ...ends] }, quantization);
};

function snap(onnx: OnnxBuilder, node: OpNode, { bits, round }: Quantization): Value {
  const x = node.inputs[0]!;
  const f = new Formula(onnx, x.dtype);
  const isSigned = node.attrs.bool("signed_input");
  const lowest = isSigned ? -(2 ** (bits - 1)) + (isNarrow(node) ? 1 : 0) : 0;
  const highest = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const [min, max] = rangeOf(onnx, node);
  // The side that reaches further decides; zero stays zero.
  const byMin = stepsPerUnit(f, lowest, min);
  const byMax = stepsPerUnit(f, highest, max);
  const isByMin = f.less(byMin, byMax);
  const scale = f.where(isByMin, byMin, byMax);
  const inverse = f.where(isByMin, f.div(min, lowest || 1), f.div(max, highest));
  if (!node.attrs.bool("range_given")) return f.mul(round(f, f.mul(x, scale)), inverse);
  const from = f.where(isByMin, min, f.mul(inverse, lowest));
  const to = f.where(isByMin, f.mul(inverse, highest), max);
  const clamped = f.max(f.min(x, to), from);
  return f.mul(round(f, f.mul(clamped, scale)), inverse);
}

function isNarrow({ op, attrs }: OpNode): boolean {
  return op !== "QuantizeAndDequantize" && attrs.bool("narrow_range");
}

/** How many steps there are to 1 if `limit` is `steps` steps from 0; very many if it is on the other side of it. */
function stepsPerUnit(f: Formula, steps: number, limit: Value): Value {
  const largest: Term = 3.4028234663852886e38;
  return f.where(f.greater(f.mul(limit, steps), 0), f.div(steps, limit), largest);
}

/** The least and the greatest number, of the whole tensor or per slice along an axis. */
function rangeOf(onnx: OnnxBuilder, node: OpNode): readonly [Value, Value] {
  const [x, min, max] = node.inputs as [Value, Value, Value];
  const axis = node.op === "QuantizeAndDequantize" ? -1 : node.attrs.int("axis");
  const rank = x.shape?.length;
  if (axis !== -1 && rank === undefined) throw unimplemented("expected a tensor of known rank");
  const others =
    axis === -1 ? undefined : Array.from({ length: rank! }, (_, i) => i).filter((i) => i !== axis);
  if (!node.attrs.bool("range_given")) {
    const reduce = (op: string): Value => onnx.op(op, [x, others && onnx.ints(others)], { keepdims: 1 });
    return [reduce("ReduceMin"), reduce("ReduceMax")];
  }
  if (others === undefined) return [min, max];
  const behind = onnx.ints(others.filter((i) => i > axis).map((i) => i - axis));
  return [onnx.op("Unsqueeze", [min, behind]), onnx.op("Unsqueeze", [max, behind])];
}

export const quantizationOps: OpFamily = {
  FakeQuantWithMinMaxArgs: fakeQuantizeArgs,
  FakeQuantWithMinMaxVars: fakeQuantizeVars,
  FakeQuantWithMinMaxVarsPerChannel: fakeQuantizeVars,
  FakeQuantWithMinMaxArgsGradient: fakeQuantizeArgsGradient,
  FakeQuantWithMinMaxVarsGradient: fakeQuantizeVarsGradient,
  FakeQuantWithMinMaxVarsPerChannelGradient: fakeQuantizeVarsGradient,
  QuantizeAndDequantize: quantizeAndDequantizeV1,
  QuantizeAndDequantizeV2: quantizeAndDequantize,
  QuantizeAndDequantizeV3: quantizeAndDequantizeV3,
  QuantizeAndDequantizeV4: quantizeAndDequantize,
  QuantizeAndDequantizeV4Grad: quantizeAndDequantizeGradient,
};
