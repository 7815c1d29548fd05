import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { OnnxBuilder } from "../onnx/builder.ts";
import type { Dim, OnnxNode, Value } from "../onnx/value.ts";
import { ownOps, RECURRENT_LAYER } from "../own-ops.ts";
import type { LayerInput, LayerSpec } from "../recurrent/nodes.ts";
import { translators } from "./table.ts";

const SPEC: LayerSpec = {
  op: "LSTM",
  units: 3,
  activations: [{ name: "Sigmoid" }, { name: "Tanh" }, { name: "Tanh" }],
  resetAfter: false,
  masked: "zeros",
  bounds: [],
  failsEmpty: true,
  inputs: [],
};

function layer(
  onnx: OnnxBuilder,
  inputs: Readonly<Partial<Record<LayerInput, Value>>>,
  spec: Partial<LayerSpec> = {},
): readonly Value[] {
  const roles = Object.keys(inputs) as LayerInput[];
  const text = new TextEncoder().encode(JSON.stringify({ ...SPEC, ...spec, inputs: roles }));
  const attrs = { layer: create(AttrValueSchema, { value: { case: "s", value: text } }) };
  const node = {
    name: "layer",
    op: RECURRENT_LAYER,
    inputs: Object.values(inputs),
    attrs: new Attributes("layer", attrs, ownOps[RECURRENT_LAYER]),
  };
  return translators[RECURRENT_LAYER]!(node, onnx) as readonly Value[];
}

function weights(onnx: OnnxBuilder): { readonly w: Value; readonly r: Value } {
  const zeros = (...shape: number[]) =>
    onnx.constant({ dtype: "float32", shape, data: new Float32Array(24) });
  return { w: zeros(1, 12, 2), r: zeros(1, 12, 2) };
}

const x = (onnx: OnnxBuilder, ...shape: Dim[]): Value => onnx.input("x", "float32", shape);

function ops(onnx: OnnxBuilder, output: Value): readonly string[] {
  return onnx.finish([output]).nodes.map(({ op }) => op);
}

function only(onnx: OnnxBuilder, output: Value, op: string): OnnxNode {
  const [found, ...more] = onnx.finish([output]).nodes.filter((node) => node.op === op);
  assert.ok(found !== undefined && more.length === 0);
  return found;
}

describe("a recurrent layer", () => {
  it("adds nothing for rows and steps that are known to be there", () => {
    const onnx = new OnnxBuilder();
    const [all] = layer(onnx, { x: x(onnx, 4, 2, 2), ...weights(onnx) });
    assert.deepEqual(ops(onnx, all!), ["LSTM", "Squeeze", "ReduceSum", "Clip", "CumSum", "Add"]);
    assert.deepEqual(all!.shape, [4, 2, 3]);
  });

  it("adds a row and a step where there may be none, and takes them off again", () => {
    const onnx = new OnnxBuilder();
    const [all, last] = layer(onnx, { x: x(onnx, "t", "b", 2), ...weights(onnx) });
    assert.ok(ops(onnx, all!).includes("Pad") && ops(onnx, all!).at(-1) === "Slice");
    assert.deepEqual(
      [all!.shape, last!.shape],
      [
        ["t", "b", 3],
        [1, "b", 3],
      ],
    );
  });

  it("takes a bound that is the number of steps for granted, and cuts the sequence at another", () => {
    const onnx = new OnnxBuilder();
    const sequence = x(onnx, "t", 2, 2);
    const steps = onnx.op("Gather", [onnx.op("Shape", [sequence]), onnx.scalar("int64", 0)]);
    const bounded = layer(onnx, { x: sequence, ...weights(onnx), bound: steps })[0]!;
    assert.deepEqual(bounded.shape, ["t", 2, 3]);
    const other = layer(onnx, { x: sequence, ...weights(onnx) }, { bounds: [3] })[0]!;
    assert.ok(ops(onnx, other).includes("Slice") && other.shape?.[0] !== "t");
  });

  it("runs backwards what was turned round, and reversing what it shows gives that back", () => {
    const onnx = new OnnxBuilder();
    const reverse = (value: Value, axis: number): Value =>
      translators.ReverseV2!(
        {
          name: "reverse",
          op: "ReverseV2",
          inputs: [value, onnx.ints([axis])],
          attrs: new Attributes("reverse", {}, undefined),
        },
        onnx,
      ) as Value;
    const [all] = layer(onnx, { x: reverse(x(onnx, 4, 2, 2), 0), ...weights(onnx) });
    assert.equal(only(onnx, all!, "LSTM").attrs.direction, "reverse");
    const rows = reverse(onnx.op("Transpose", [all!], { perm: [1, 0, 2] }), 1);
    assert.ok(!ops(onnx, rows).includes("Slice"));
    const otherAxis = reverse(onnx.op("Transpose", [all!], { perm: [1, 0, 2] }), 0);
    assert.equal(ops(onnx, otherAxis).filter((op) => op === "Slice").length, 2);
  });

  it("on top of another takes what that gave, without the guards in between", () => {
    for (const [reversedTop, cumulative] of [
      [false, 1],
      [true, 2],
    ] as const) {
      const onnx = new OnnxBuilder();
      const [below] = layer(onnx, { x: x(onnx, "t", "b", 2), ...weights(onnx) });
      const turned = onnx.op("Slice", [
        below!,
        ...[[-1], [-Number.MAX_SAFE_INTEGER], [0], [-1]].map(onnx.ints, onnx),
      ]);
      const [all, last] = layer(onnx, { x: reversedTop ? turned : below!, ...weights(onnx) });
      const count = (output: Value, op: string): number =>
        ops(onnx, output).filter((name) => name === op).length;
      assert.deepEqual([count(last!, "LSTM"), count(last!, "Pad"), count(last!, "Slice")], [2, 1, 1]);
      assert.deepEqual([count(last!, "Clip"), count(last!, "CumSum")], [1, 0]);
      assert.equal(count(all!, "CumSum"), cumulative);
      assert.deepEqual(last!.shape, [1, "b", 3]);
    }
  });

  it("on top of another keeps its own guards where what it takes may be something else", () => {
    const pads = (spec: Partial<LayerSpec>, others: (onnx: OnnxBuilder) => object): number => {
      const onnx = new OnnxBuilder();
      const [below] = layer(onnx, { x: x(onnx, "t", "b", 2), ...weights(onnx) }, spec);
      const [, last] = layer(onnx, { x: below!, ...weights(onnx), ...others(onnx) });
      return ops(onnx, last!).filter((op) => op === "Pad").length;
    };
    assert.equal(
      pads({}, () => ({})),
      1,
    );
    const relu = { activations: [{ name: "Sigmoid" }, { name: "Tanh" }, { name: "Relu" }] };
    assert.equal(
      pads(relu, () => ({})),
      2,
    );
    // Steps that the lower layer may do without.
    assert.equal(
      pads({ failsEmpty: false }, () => ({})),
      2,
    );
    assert.ok(pads({}, (onnx) => ({ h: onnx.input("h", "float32", ["b", 3]) })) > 2);
  });

  it("does not run a masked sequence backwards: its padding would come first", () => {
    const onnx = new OnnxBuilder();
    const turned = onnx.op("Slice", [
      x(onnx, 4, 2, 2),
      onnx.ints([-1]),
      onnx.ints([-Number.MAX_SAFE_INTEGER]),
      onnx.ints([0]),
      onnx.ints([-1]),
    ]);
    const lengths = onnx.input("lengths", "int32", [2]);
    const [all] = layer(onnx, { x: turned, ...weights(onnx), lengths });
    assert.equal(only(onnx, all!, "LSTM").attrs.direction, undefined);
  });
});
