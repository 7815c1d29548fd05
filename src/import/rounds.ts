import type { OnnxBuilder } from "./onnx/builder.ts";
import { type Dim, isNumber, knownElements, type Value } from "./onnx/value.ts";

/** A variable of a loop as a number that grows: before the first round, at the start of a round, and at its end. */
export interface Counter {
  readonly argument: Value | undefined;
  readonly first: Value | undefined;
  readonly next: Value;
}

/** A loop of more rounds than this isn't tried out when a model is loaded, even if their number is known. */
export const MOST_ROUNDS = 100_000;

/** So many rounds are soon over, whatever ends the loop sooner. */
const MOST_UNSURE_ROUNDS = 100;

/** Ops whose output's shape follows from the shapes of their inputs. */
const KEEPS_SHAPE = new Set(
  (
    "Abs Add Cast Ceil Concat Conv Div Erf Exp Floor Gather Identity LayerNormalization Log MatMul Max Min Mul " +
    "Neg Not Relu Sigmoid Softmax Split Sqrt Squeeze Sub Tanh Transpose Unsqueeze Where"
  ).split(" "),
);

/** Ops whose output's shape follows from that of their first input and the elements of the others. */
const SHAPED_BY_ELEMENTS = new Set("Expand Pad Reshape Slice Tile".split(" "));

/** Arithmetic that sizes go through. */
const KEEPS_STEADY = new Set(
  "Add And Cast Concat Div Equal Expand Gather Identity Less Max Min Mul Not Or Reshape Slice Squeeze Sub Unsqueeze".split(
    " ",
  ),
);

/** How much a variable grows in each round, if that is a known number. */
export function stepOf({ argument, next }: Counter, onnx: OnnxBuilder): number | undefined {
  const sum = onnx.producer(onnx.uncast(next));
  if (argument === undefined || (sum?.op !== "Add" && sum?.op !== "Sub")) return undefined;
  const [a, b] = sum.inputs as [Value, Value];
  const steps =
    onnx.uncast(a).name === argument.name ? b : onnx.uncast(b).name === argument.name ? a : undefined;
  const step = steps && knownElements(steps);
  if (step?.length !== 1 || (sum.op === "Sub" && steps === a)) return undefined;
  return sum.op === "Sub" ? -step[0]! : step[0];
}

/**
 * How many rounds a loop has at most: a known number; {@link MOST_ROUNDS} if it follows from the shapes of what the graph
 * is given; else infinity. The condition compares counters with limits that don't depend on the elements of inputs.
 * @param goesOn the condition at the end of a round.
 * @param counters variables whose first value depends on shapes only.
 */
export function mostRounds(
  goesOn: Value,
  counters: readonly (Counter & { readonly step: number | undefined })[],
  onnx: OnnxBuilder,
): number {
  const known = knownElements(goesOn)?.[0];
  if (known !== undefined) return known === 0 ? 1 : Number.POSITIVE_INFINITY;
  const test = onnx.producer(goesOn);
  if (test === undefined) return Number.POSITIVE_INFINITY;
  const sides = test.inputs as [Value, Value];
  const ask = () => sides.map((side) => mostRounds(side, counters, onnx));
  if (test.op === "Or") return Math.max(...ask());
  if (test.op === "And") {
    const rounds = ask();
    // Where the other side may end it sooner, what a run costs isn't known, but it can't be long.
    const fewest = Math.min(...rounds);
    if (fewest <= MOST_UNSURE_ROUNDS) return fewest;
    // What is always true decides nothing.
    return Math.max(...rounds.filter((_, i) => knownElements(sides[i]!)?.[0] !== 1));
  }
  const growing = test.op === "Less" || test.op === "LessOrEqual";
  if (!growing && test.op !== "Greater" && test.op !== "GreaterOrEqual") return Number.POSITIVE_INFINITY;
  const [a, b] = sides.map((side) => onnx.uncast(side)) as [Value, Value];
  return Math.min(upTo(a, b, growing), upTo(b, a, !growing));

  /** The rounds until the first, which must grow towards it, reaches the second. */
  function upTo(value: Value, limit: Value, up: boolean): number {
    const counter = counters.find(({ next }) => onnx.uncast(next).name === value.name);
    const step = counter?.step;
    if (step === undefined || (up ? step <= 0 : step >= 0)) return Number.POSITIVE_INFINITY;
    const number = knownElements(limit)?.[0];
    const first = counter?.first && knownElements(counter.first)?.[0];
    if (number !== undefined && first !== undefined)
      return Math.max(1, Math.ceil((number - first) / step) + 1);
    return dependsOnShapesOnly(limit, onnx) ? MOST_ROUNDS : Number.POSITIVE_INFINITY;
  }
}

/**
 * The size that a loop has as many rounds as: where it counts from zero by ones, in one variable or several at once, up to
 * the size of a tensor.
 * @param goesOn the condition at the end of a round.
 */
export function roundsOf(
  goesOn: Value,
  counters: readonly (Counter & { readonly step: number | undefined })[],
  onnx: OnnxBuilder,
): Dim | undefined {
  const test = onnx.producer(goesOn);
  const sides = test?.inputs as readonly [Value, Value] | undefined;
  if (test?.op === "And") {
    const [a, b] = sides!.map((side) => roundsOf(side, counters, onnx));
    return a === b ? a : undefined;
  }
  const [value, limit] = test?.op === "Less" ? sides! : test?.op === "Greater" ? sides!.toReversed() : [];
  if (value === undefined || limit === undefined) return undefined;
  const counter = counters.find(({ next }) => onnx.uncast(next).name === onnx.uncast(value).name);
  const isCounting = counter?.step === 1 && counter.first !== undefined && isZero(counter.first);
  return isCounting && isSize(limit, onnx) ? limit.elements?.[0] : undefined;
}

function isZero(value: Value): boolean {
  return knownElements(value)?.[0] === 0;
}

/** Ops that hand sizes on as they are. */
const KEEPS_SIZES = new Set("Cast Gather Identity Reshape Slice Squeeze Unsqueeze".split(" "));

/** Whether it is the size of a tensor, and so no negative number. */
function isSize(value: Value, onnx: OnnxBuilder): boolean {
  const producer = onnx.producer(value);
  if (producer?.op === "Shape") return true;
  return producer !== undefined && KEEPS_SIZES.has(producer.op) && isSize(producer.inputs[0]!, onnx);
}

/** Whether a value follows from the shapes of what the graph is given. */
export function dependsOnShapesOnly(value: Value, onnx: OnnxBuilder): boolean {
  if (value.constant !== undefined || value.elements?.every(isNumber)) return true;
  const producer = onnx.producer(value);
  if (producer === undefined) return false;
  if (producer.op === "Shape" || producer.op === "Size") {
    return producer.inputs.every((input) => input !== undefined && hasSteadyShape(input, onnx));
  }
  if (!KEEPS_STEADY.has(producer.op)) return false;
  return producer.inputs.every((input) => input === undefined || dependsOnShapesOnly(input, onnx));
}

/** Whether a value's shape follows from the shapes of what the graph is given. */
export function hasSteadyShape(value: Value, onnx: OnnxBuilder): boolean {
  if (value.constant !== undefined || value.shape?.every(isNumber)) return true;
  if (onnx.isInput(value) || onnx.isSteady(value)) return true;
  const producer = onnx.producer(value);
  if (producer === undefined) return false;
  const { op, inputs } = producer;
  const isSteady = (input: Value | undefined) => input === undefined || hasSteadyShape(input, onnx);
  const isShape = (input: Value | undefined) => input === undefined || dependsOnShapesOnly(input, onnx);
  if (KEEPS_SHAPE.has(op)) return inputs.every(isSteady);
  if (SHAPED_BY_ELEMENTS.has(op)) return isSteady(inputs[0]) && inputs.slice(1).every(isShape);
  return (op === "ConstantOfShape" || op === "Range") && inputs.every(isShape);
}
