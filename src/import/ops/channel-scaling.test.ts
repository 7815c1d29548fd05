import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import { channelScalingOf } from "./channel-scaling.ts";
import { hardSigmoidOf } from "./hard-sigmoid.ts";

const weight = (onnx: OnnxBuilder, name: string, shape: number[]): Value =>
  onnx.weight({ name, dtype: "float32", shape, read() {} });

/** What comes of scaling and shifting an image that a layer made. */
function scaled(scale: (onnx: OnnxBuilder) => Value, shift: (onnx: OnnxBuilder) => Value, isLayer = true) {
  const onnx = new OnnxBuilder();
  const last = onnx.input("x", "float32", ["n", 6, 8, 4]);
  const x = isLayer ? onnx.toChannelsLast(onnx.input("y", "float32", ["n", 4, 6, 8])) : last;
  const result = channelScalingOf(onnx, onnx.op("Mul", [x, scale(onnx)]), shift(onnx));
  return result && onnx.finish([result]).nodes.map(({ op }) => op);
}

describe("channelScalingOf", () => {
  it("makes one node of numbers for each channel that are known at import, or computed from such", () => {
    const computed = (onnx: OnnxBuilder) => onnx.op("Reciprocal", [weight(onnx, "deviation", [1, 1, 1, 4])]);
    const ops = scaled(computed, (onnx) => weight(onnx, "shift", [4]));
    assert.deepEqual(ops, ["Reciprocal", "Reshape", "BatchNormalization", "Transpose"]);
  });

  it("leaves numbers that requests bring, or for other axes, and what no layer made", () => {
    const shift = (onnx: OnnxBuilder) => weight(onnx, "shift", [4]);
    assert.equal(
      scaled((onnx) => onnx.input("scale", "float32", [4]), shift),
      undefined,
    );
    assert.equal(
      scaled((onnx) => weight(onnx, "scale", [8, 1]), shift),
      undefined,
    );
    assert.equal(
      scaled((onnx) => weight(onnx, "scale", [4]), shift, false),
      undefined,
    );
  });
});

describe("hardSigmoidOf", () => {
  const clipped = (onnx: OnnxBuilder, most: number): Value => {
    const x = onnx.input("x", "float32", ["n"]);
    const three = onnx.scalar("float32", 3);
    const ends = [0, most].map((end) => onnx.scalar("float32", end));
    return onnx.op("Clip", [onnx.op("Add", [x, three]), ...ends]);
  };

  it("knows relu6(x + 3) / 6, and nothing that doesn't end at 1", () => {
    const onnx = new OnnxBuilder();
    const result = hardSigmoidOf(onnx, clipped(onnx, 6), 1 / 6)!;
    const [node] = onnx.finish([result]).nodes;
    assert.equal(node!.op, "HardSigmoid");
    assert.deepEqual(node!.attrs, { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
    assert.equal(hardSigmoidOf(onnx, clipped(onnx, 6), 1 / 5), undefined);
    assert.equal(hardSigmoidOf(onnx, clipped(onnx, 6), undefined), undefined);
  });
});
