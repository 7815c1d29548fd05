import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OnnxBuilder } from "./builder.ts";
import type { OnnxAttributes, Value } from "./value.ts";

/** A layer whose channels come last, made of one whose channels come first, as translators write it. */
function layer(onnx: OnnxBuilder, x: Value): Value {
  const filter = onnx.weight({
    name: "filter",
    dtype: "float32",
    shape: [4, x.shape!.at(-1) as number, 1, 1],
    read() {},
  });
  return onnx.toChannelsLast(onnx.op("Conv", [onnx.toChannelsFirst(x), filter], { kernel_shape: [1, 1] }));
}

const image = (onnx: OnnxBuilder): Value => onnx.input("x", "float32", ["n", 6, 8, 3]);

/** What stands after a layer, and how it is written. */
function written(build: (onnx: OnnxBuilder, x: Value) => Value) {
  const onnx = new OnnxBuilder();
  const result = build(onnx, layer(onnx, image(onnx)));
  const { nodes } = onnx.finish([result]);
  const ops = nodes.map(({ op }) => op);
  assert.deepEqual(ops.slice(0, 2), ["Transpose", "Conv"]);
  return { ops: ops.slice(2), nodes: nodes.slice(2), shape: result.shape, onnx };
}

const attrsOf = (nodes: readonly { readonly op: string; readonly attrs: OnnxAttributes }[], op: string) =>
  nodes.find((node) => node.op === op)!.attrs;

describe("between layers whose channels come first", () => {
  it("two Transposes that meet vanish", () => {
    assert.deepEqual(written(layer).ops, ["Conv", "Transpose"]);
  });

  it("elementwise ops, biases, sums and gates don't keep them apart", () => {
    const { ops, shape } = written((onnx, x) => {
      const bias = onnx.weight({ name: "bias", dtype: "float32", shape: [4], read() {} });
      const sum = onnx.op("Add", [onnx.op("Relu", [onnx.op("Add", [x, bias])]), layer(onnx, x)]);
      const gate = onnx.input("gate", "float32", ["n", 1, 1, 4]);
      return layer(onnx, onnx.op("Mul", [onnx.op("Mul", [sum, onnx.scalar("float32", 2)]), gate]));
    });
    assert.deepEqual(
      ops.filter((op) => op === "Transpose"),
      ["Transpose", "Transpose"],
      "the gate's and the last",
    );
    assert.deepEqual(shape, ["n", 6, 8, 4]);
  });

  it("axes are renumbered", () => {
    const { nodes, shape } = written((onnx, x) =>
      layer(
        onnx,
        onnx.op("Concat", [x, onnx.op("Pad", [x, onnx.ints([0, 0, 0, 1, 0, 0, 0, 2])])], { axis: -1 }),
      ),
    );
    assert.deepEqual(
      nodes.map(({ op }) => op),
      ["Pad", "Concat", "Conv", "Transpose"],
    );
    assert.equal(attrsOf(nodes, "Concat").axis, 1);
    assert.deepEqual(shape, ["n", 6, 8, 4]);
  });

  it("a mean over all pixels needs no channels in the last place", () => {
    const mean = written((onnx, x) => onnx.op("ReduceMean", [x, onnx.ints([1, 2])], { keepdims: 0 }));
    assert.deepEqual(mean.ops, ["GlobalAveragePool", "Squeeze"]);
    assert.deepEqual(mean.shape, ["n", 4]);
    const most = written((onnx, x) => onnx.op("ReduceMax", [x, onnx.ints([1, -2])], { keepdims: 0 }));
    assert.deepEqual(most.ops, ["ReduceMax"]);
  });

  it("a shape is asked of what is there", () => {
    const { ops, onnx } = written((onnx, x) => onnx.op("Shape", [onnx.op("Relu", [x])]));
    assert.deepEqual(ops, ["Relu", "Shape", "Gather"]);
    assert.ok(onnx);
  });

  it("what needs the channels in the last place gets them there", () => {
    const overChannels = written((onnx, x) => onnx.op("ReduceMean", [x, onnx.ints([-1])]));
    assert.deepEqual(overChannels.ops, ["Transpose", "ReduceMean"]);
    const withOther = written((onnx, x) => onnx.op("Add", [x, onnx.input("y", "float32", ["n", 6, 8, 4])]));
    assert.deepEqual(withOther.ops, ["Transpose", "Add"]);
    const perPixel = written((onnx, x) => onnx.op("Mul", [x, onnx.input("y", "float32", ["n", 6, 8, 1])]));
    assert.deepEqual(perPixel.ops, ["Transpose", "Mul"]);
  });

  it("padding of an input moves behind its Transpose, where a layer can take it over", () => {
    const onnx = new OnnxBuilder();
    const padded = onnx.op("Pad", [image(onnx), onnx.ints([0, 1, 2, 0, 0, 3, 4, 0])]);
    const { nodes } = onnx.finish([layer(onnx, padded)]);
    assert.deepEqual(
      nodes.map(({ op }) => op),
      ["Transpose", "Pad", "Conv", "Transpose"],
    );
  });

  it("who looks for a pattern finds the ops as they were asked for", () => {
    const onnx = new OnnxBuilder();
    const x = layer(onnx, image(onnx));
    const square = onnx.op("Mul", [x, x]);
    assert.deepEqual(onnx.producer(square)!.op, "Mul");
    assert.deepEqual(onnx.producer(square)!.inputs, [x, x]);
  });
});
