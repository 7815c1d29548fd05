import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { Formula } from "./formula.ts";

/** The columns of a matrix in `count` parts of one width. */
function columns(onnx: OnnxBuilder, x: Value, count: number): readonly Value[] {
  return onnx.ops("Split", [x], { axis: 1, num_outputs: count }, count);
}

/** `[x, h] * w + b` */
function gates(onnx: OnnxBuilder, x: Value, h: Value, w: Value, b: Value): Value {
  return onnx.op("Add", [onnx.op("MatMul", [onnx.op("Concat", [x, h], { axis: 1 }), w]), b]);
}

/** One step of an LSTM. The gates are in the order input, cell, forget, output. */
const lstmBlockCell: Translator = (node, onnx) => {
  const [x, before, h, w, wci, wcf, wco, b] = node.inputs as [
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
  ];
  const f = new Formula(onnx, x.dtype);
  const sigmoid = (value: Value): Value => onnx.op("Sigmoid", [value]);
  const tanh = (value: Value): Value => onnx.op("Tanh", [value]);
  const seesCell = node.attrs.bool("use_peephole");
  const peep = (gate: Value, weights: Value, cell: Value): Value =>
    seesCell ? f.add(gate, f.mul(weights, cell)) : gate;
  const [inputGate, cellGate, forgetGate, outputGate] = columns(onnx, gates(onnx, x, h, w, b), 4) as [
    Value,
    Value,
    Value,
    Value,
  ];
  const input = sigmoid(peep(inputGate, wci, before));
  const forget = sigmoid(peep(f.add(forgetGate, node.attrs.float("forget_bias")), wcf, before));
  const candidate = tanh(cellGate);
  const sum = f.add(f.mul(candidate, input), f.mul(before, forget));
  const clip = node.attrs.float("cell_clip");
  const cell = clip > 0 ? f.max(f.min(sum, clip), -clip) : sum;
  const output = sigmoid(peep(outputGate, wco, cell));
  const activated = tanh(cell);
  return [input, cell, forget, output, candidate, activated, f.mul(activated, output)];
};

/** One step of a GRU. */
const gruBlockCell: Translator = (node, onnx) => {
  const [x, h, wru, wc, bru, bc] = node.inputs as [Value, Value, Value, Value, Value, Value];
  const f = new Formula(onnx, x.dtype);
  const [reset, update] = columns(onnx, onnx.op("Sigmoid", [gates(onnx, x, h, wru, bru)]), 2) as [
    Value,
    Value,
  ];
  const candidate = onnx.op("Tanh", [gates(onnx, x, f.mul(h, reset), wc, bc)]);
  return [reset, update, candidate, f.add(f.mul(update, h), f.mul(f.sub(1, update), candidate))];
};

/** Single steps of recurrent networks, as tf.contrib.rnn writes them. */
export const recurrentCellOps: OpFamily = { LSTMBlockCell: lstmBlockCell, GRUBlockCell: gruBlockCell };
