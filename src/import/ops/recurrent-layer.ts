import type { OnnxBuilder } from "../onnx/builder.ts";
import { floats, type OnnxAttributes, strings, type Value } from "../onnx/value.ts";
import { RECURRENT_LAYER } from "../own-ops.ts";
import type { LayerSpec } from "../recurrent/nodes.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { tracesOf, tracesOnTop, withNaN } from "./recurrent-nan.ts";
import { noteResult } from "./recurrent-result.ts";
import { boundedTime, filledOut, type LayerValues, type Sequence } from "./recurrent-sequence.ts";
import { type Steps, stepsOf } from "./recurrent-steps.ts";
import { reversed, reversedOperand } from "./slicing.ts";

const recurrentLayer: Translator = (node, onnx) => {
  const spec = JSON.parse(node.attrs.string("layer")) as LayerSpec;
  const values: LayerValues = Object.fromEntries(spec.inputs.map((role, i) => [role, node.inputs[i]!]));
  const bounds = node.inputs.filter((_, i) => spec.inputs[i] === "bound");
  const bounded = boundedTime(onnx, values, bounds, spec.bounds);
  const turned = backwards(onnx, bounded);
  const sequence = filledOut(onnx, turned ?? bounded, spec.failsEmpty);
  const [all, ...others] = layerOutputs(onnx, spec, sequence, turned !== undefined) as [Value, ...Value[]];
  // The loop shows its steps in the order in which it runs them.
  return [turned === undefined ? all : reversed(onnx, all, onnx.ints([0])), ...others];
};

/** The sequence from its other end, if that is what was turned round for the loop. */
function backwards(onnx: OnnxBuilder, values: LayerValues): LayerValues | undefined {
  if (values.mask !== undefined || values.lengths !== undefined) return undefined;
  const operand = reversedOperand(onnx, values.x!);
  return operand?.axis === 0 ? { ...values, x: operand.of } : undefined;
}

function layerOutputs(onnx: OnnxBuilder, spec: LayerSpec, sequence: Sequence, isBackwards: boolean): Value[] {
  const { h, c } = sequence.values;
  const steps = stepsOf(onnx, sequence);
  const bare = runLayer(onnx, spec, sequence, steps, isBackwards ? { direction: "reverse" } : undefined);
  const traces =
    sequence.traces === undefined
      ? tracesOf(onnx, { x: steps.x, lengths: steps.lengths, initial: [h, c].filter(isGiven), isBackwards })
      : tracesOnTop(onnx, sequence.traces, isBackwards);
  const [y, lastH, lastC] = withNaN(onnx, traces, bare);
  const all = sequence.trimmed(steps.shown(y!, spec.masked), 0);
  if (showsItsOwn(sequence) && isBounded(spec)) {
    const { sizes, hasSteps } = sequence;
    noteResult(onnx, all, { whole: bare[0]!, sizes, hasSteps: hasSteps === undefined, traces });
  }
  const finalH = steps.final(lastH!, h);
  const last = spec.masked === "state" ? finalH : steps.lastShown(lastH!, spec.masked);
  const finalC = lastC === undefined ? finalH : steps.final(lastC, c);
  return [
    all,
    onnx.op("Unsqueeze", [sequence.trimmed(last, 1), onnx.ints([0])]),
    sequence.trimmed(finalH, 1),
    sequence.trimmed(finalC, 1),
  ];
}

function isGiven(value: Value | undefined): value is Value {
  return value !== undefined;
}

/** Whether each step shows what the op gave for it. */
function showsItsOwn({ values: { mask, lengths } }: Sequence): boolean {
  return mask === undefined && lengths === undefined;
}

const BOUNDED = new Set(["Tanh", "Sigmoid", "HardSigmoid", "Softsign"]);

/** Whether what the layer shows is finite, unless NaN came in. */
function isBounded({ activations }: LayerSpec): boolean {
  return BOUNDED.has(activations.at(-1)!.name);
}

/** The outputs of ONNX's op without the axis for its directions: [time, batch, units], then [batch, units]. */
function runLayer(
  onnx: OnnxBuilder,
  spec: LayerSpec,
  { values }: Sequence,
  steps: Steps,
  direction: OnnxAttributes | undefined,
): Value[] {
  const { w, r, bias, peepholes, h, c } = values;
  const [initialH, initialC] = [h, c].map((state) => state && onnx.op("Unsqueeze", [state, onnx.ints([0])]));
  const inputs = [steps.x, w, r, bias, steps.lengths, initialH];
  if (spec.op === "LSTM") inputs.push(initialC, peepholes);
  const results = onnx.ops(
    spec.op,
    inputs,
    { ...attributesOf(spec), ...direction },
    spec.op === "LSTM" ? 3 : 2,
  );
  return results.map((result, i) => onnx.op("Squeeze", [result, onnx.ints([i === 0 ? 1 : 0])]));
}

function attributesOf({ op, units, activations, resetAfter }: LayerSpec): OnnxAttributes {
  const alphas = activations.flatMap(({ alpha }) => (alpha === undefined ? [] : [alpha]));
  const betas = activations.flatMap(({ beta }) => (beta === undefined ? [] : [beta]));
  return {
    hidden_size: units,
    activations: strings(activations.map(({ name }) => name)),
    ...(alphas.length > 0 && { activation_alpha: floats(alphas) }),
    ...(betas.length > 0 && { activation_beta: floats(betas) }),
    ...(op === "GRU" && { linear_before_reset: Number(resetAfter) }),
  };
}

/** LSTM, GRU and simple recurrent layers that were loops. */
export const recurrentLayerOps: OpFamily = { [RECURRENT_LAYER]: recurrentLayer };
