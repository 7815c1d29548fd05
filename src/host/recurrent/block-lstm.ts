import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integer } from "../arrays/elements.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type Floats, type FloatType, floatsOf, floatTensor, newFloats } from "../math/floats.ts";

/** What tells the two versions apart: the order of the gates, and whether the forget gate has a bias of its own. */
interface Version {
  /** Which of four columns of gates is the input's, the candidate's, the forget's and the output's. */
  readonly gates: readonly [input: number, candidate: number, forget: number, output: number];
  readonly forgetBias: (attrs: Attributes) => number;
}

const FIRST: Version = { gates: [0, 1, 2, 3], forgetBias: (attrs) => attrs.float("forget_bias") };
const SECOND: Version = { gates: [0, 2, 1, 3], forgetBias: () => 0 };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The layer's weights, and how it limits its cells. */
interface Layer {
  readonly weights: Floats;
  readonly bias: Floats;
  /** Of the input, forget and output gates; undefined where the gates don't see the cells. */
  readonly peepholes: readonly [Floats, Floats, Floats] | undefined;
  readonly forgetBias: number;
  readonly clip: number;
}

/**
 * An LSTM over time: x is [time, batch, width]; each output is [time, batch, units], with zeros after the steps that were
 * asked for.
 */
const blockLstm = ({ gates, forgetBias }: Version): HostOp => ({
  shapes: (_, inputs): PartialShape[] => {
    const [time, batch] = inputs[1]!.shape ?? [-1, -1];
    const units = inputs[2]!.shape?.[1] ?? -1;
    return new Array<PartialShape>(7).fill([time!, batch!, units]);
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("T") as FloatType;
    const [clip, bias, seesCells] = [attrs.float("cell_clip"), forgetBias(attrs), attrs.bool("use_peephole")];
    return (inputs) => {
      const [steps, x, cells, hidden, w, wci, wcf, wco, b] = inputs as readonly [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      if (x.shape.length !== 3) throw invalidArgument("x must be 3D");
      const [time, batch, width] = x.shape as [number, number, number];
      const units = cells.shape[1]!;
      if (w.shape[0] !== width + units || w.shape[1] !== 4 * units) {
        throw invalidArgument(
          `w has the shape [${w.shape}] where [${width + units},${4 * units}] was expected`,
        );
      }
      const layer: Layer = {
        weights: floatsOf(w),
        bias: floatsOf(b),
        peepholes: seesCells ? [floatsOf(wci), floatsOf(wcf), floatsOf(wco)] : undefined,
        forgetBias: bias,
        clip,
      };
      const outputs = Array.from({ length: 7 }, () => newFloats(dtype, time * batch * units));
      const values = floatsOf(x);
      let [cell, state]: [Float64Array, Float64Array] = [
        Float64Array.from(floatsOf(cells)),
        Float64Array.from(floatsOf(hidden)),
      ];
      const last = Math.min(time, integer(steps));
      for (let step = 0; step < last; step++) {
        const now = values.subarray(step * batch * width, (step + 1) * batch * width);
        const results = oneStep(layer, gates, now, cell, state, batch, width, units);
        for (const [i, result] of results.entries()) outputs[i]!.set(result, step * batch * units);
        [cell, state] = [results[1]!, results[6]!];
      }
      return outputs.map((output) => floatTensor(dtype, [time, batch, units], output));
    };
  },
});

/** The input gate, the cells, the forget and output gates, the candidates, the cells' tanh, and the result. */
function oneStep(
  { weights, bias, peepholes, forgetBias, clip }: Layer,
  [inputAt, candidateAt, forgetAt, outputAt]: Version["gates"],
  x: Floats,
  cell: Float64Array,
  state: Float64Array,
  batch: number,
  width: number,
  units: number,
): Float64Array[] {
  const results = Array.from({ length: 7 }, () => new Float64Array(batch * units));
  const columns = 4 * units;
  const sums = new Float64Array(columns);
  for (let row = 0; row < batch; row++) {
    sums.set(bias);
    for (let k = 0; k < width + units; k++) {
      const value = k < width ? x[row * width + k]! : state[row * units + k - width]!;
      const at = k * columns;
      for (let j = 0; j < columns; j++) sums[j]! += value * weights[at + j]!;
    }
    for (let unit = 0; unit < units; unit++) {
      const i = row * units + unit;
      const before = cell[i]!;
      const peep = (gate: 0 | 1 | 2, value: number): number =>
        peepholes === undefined ? 0 : peepholes[gate][unit]! * value;
      const input = sigmoid(sums[inputAt * units + unit]! + peep(0, before));
      const forget = sigmoid(sums[forgetAt * units + unit]! + forgetBias + peep(1, before));
      const candidate = Math.tanh(sums[candidateAt * units + unit]!);
      const sum = candidate * input + before * forget;
      const next = clip > 0 ? Math.min(Math.max(sum, -clip), clip) : sum;
      const output = sigmoid(sums[outputAt * units + unit]! + peep(2, next));
      const activated = Math.tanh(next);
      const values = [input, next, forget, output, candidate, activated, activated * output];
      for (const [index, value] of values.entries()) results[index]![i] = value;
    }
  }
  return results;
}

/** Recurrent layers of tf.contrib.rnn that are one op. */
export const blockLstms: HostFamily = { BlockLSTM: blockLstm(FIRST), BlockLSTMV2: blockLstm(SECOND) };
