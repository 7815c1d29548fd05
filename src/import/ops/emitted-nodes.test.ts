import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type AttrValue, AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import { translators } from "./table.ts";

/** The ONNX ops that a TensorFlow op becomes. */
function emitted(
  op: string,
  ints: Readonly<Record<string, number>>,
  inputs: (onnx: OnnxBuilder) => readonly Value[],
) {
  const onnx = new OnnxBuilder();
  const attr = (i: number): AttrValue => create(AttrValueSchema, { value: { case: "i", value: BigInt(i) } });
  const attrs = Object.fromEntries(Object.entries(ints).map(([name, value]) => [name, attr(value)]));
  const node = { name: "n", op, inputs: inputs(onnx), attrs: new Attributes("n", attrs, opDefinition(op)) };
  const outputs = [translators[op]!(node, onnx)].flat() as Value[];
  return onnx.finish(outputs).nodes.map((written) => written.op);
}

const image = (onnx: OnnxBuilder): Value => onnx.input("x", "float32", ["batch", 8, 6]);

describe("what is known at import costs nothing when run", () => {
  it("a StridedSlice that takes one index is a Gather", () => {
    const inputs = (onnx: OnnxBuilder) => [
      image(onnx),
      onnx.ints([0, -1]),
      onnx.ints([0, 0]),
      onnx.ints([1, 1]),
    ];
    assert.deepEqual(emitted("StridedSlice", { begin_mask: 1, end_mask: 1, shrink_axis_mask: 2 }, inputs), [
      "Gather",
    ]);
  });

  it("a StridedSlice of everything is nothing", () => {
    const inputs = (onnx: OnnxBuilder) => [
      image(onnx),
      onnx.ints([0, 0]),
      onnx.ints([0, 8]),
      onnx.ints([1, 1]),
    ];
    assert.deepEqual(emitted("StridedSlice", { begin_mask: 1, end_mask: 1 }, inputs), []);
  });

  it("a Slice within known sizes needs no check", () => {
    const inputs = (onnx: OnnxBuilder) => [image(onnx), onnx.ints([0, 2, 0]), onnx.ints([-1, 3, -1])];
    assert.deepEqual(emitted("Slice", {}, inputs), ["Slice"]);
  });

  it("the shape of a tensor of known shape is a constant", () => {
    assert.deepEqual(
      emitted("Rank", {}, (onnx) => [image(onnx)]),
      [],
    );
    assert.deepEqual(
      emitted("Shape", {}, (onnx) => [onnx.input("x", "float32", [2, 3])]),
      [],
    );
  });

  it("a choice that always falls on the same side is none", () => {
    const choice = (filled: number) => (onnx: OnnxBuilder) => {
      const x = image(onnx);
      const mask = onnx.op("Expand", [onnx.scalar("bool", filled), onnx.op("Shape", [x])]);
      return [mask, x, onnx.scalar("float32", 0)];
    };
    assert.deepEqual(emitted("SelectV2", {}, choice(1)), []);
    assert.equal(emitted("SelectV2", {}, choice(0)).at(-1), "Where");
  });

  it("constant indices aren't checked", () => {
    const inputs = (onnx: OnnxBuilder) => [image(onnx), onnx.ints([1, 2]), onnx.scalar("int32", 1)];
    assert.deepEqual(emitted("GatherV2", {}, inputs), ["Gather"]);
  });

  it("computed indices are checked with one op", () => {
    const inputs = (onnx: OnnxBuilder) => [
      image(onnx),
      onnx.input("i", "int32", ["n"]),
      onnx.scalar("int32", 1),
    ];
    assert.deepEqual(emitted("GatherV2", {}, inputs), ["BitwiseAnd", "Gather"]);
  });

  it("splits and reversals are one op", () => {
    const split = (onnx: OnnxBuilder) => [onnx.scalar("int32", -1), image(onnx)];
    assert.deepEqual(emitted("Split", { num_split: 3 }, split), ["Split"]);
    assert.deepEqual(
      emitted("ReverseV2", {}, (onnx) => [image(onnx), onnx.ints([1])]),
      ["Slice"],
    );
  });

  it("a TopK of rows that are there needs no guard against an empty batch", () => {
    const definite = (onnx: OnnxBuilder) => [onnx.input("x", "float32", [2, 6]), onnx.scalar("int32", 3)];
    assert.deepEqual(emitted("TopKV2", { index_type: 0 }, definite).includes("Concat"), false);
    assert.deepEqual(
      emitted("TopKV2", { index_type: 0 }, (onnx) => [image(onnx), onnx.scalar("int32", 3)]).includes(
        "Concat",
      ),
      true,
    );
  });
});

describe("what isn't a number", () => {
  const axis = (onnx: OnnxBuilder): Value => onnx.scalar("int32", 1);
  const replaced = (onnx: OnnxBuilder): readonly Value[] => {
    const x = image(onnx);
    return [onnx.op("IsNaN", [x]), onnx.scalar("float32", 0), x];
  };

  it("is replaced with one op", () => {
    assert.deepEqual(emitted("SelectV2", {}, replaced), ["Imputer"]);
    const other = (onnx: OnnxBuilder) => {
      const [condition, zero] = replaced(onnx) as [Value, Value];
      return [condition, zero, onnx.input("other", "float32", ["batch", 8, 6])];
    };
    assert.deepEqual(emitted("SelectV2", {}, other), ["IsNaN", "Where"]);
  });

  it("is kept from winning with one op, and with none where it was replaced", () => {
    assert.deepEqual(
      emitted("ArgMax", { output_type: 9 }, (onnx) => [image(onnx), axis(onnx)]),
      ["Imputer", "ArgMax"],
    );
    const cleared = (onnx: OnnxBuilder) => {
      const attrs = new Attributes("s", {}, opDefinition("SelectV2"));
      const node = { name: "s", op: "SelectV2", inputs: replaced(onnx), attrs };
      return [translators.SelectV2!(node, onnx) as Value, axis(onnx)];
    };
    assert.deepEqual(emitted("ArgMax", { output_type: 9 }, cleared), ["Imputer", "ArgMax"]);
  });
});

describe("factors of one", () => {
  const times = (shape: readonly number[], values: readonly number[]) => (onnx: OnnxBuilder) => [
    image(onnx),
    onnx.numbers("float32", shape, values),
  ];

  it("are left out where they don't make the other factor larger", () => {
    assert.deepEqual(emitted("Mul", {}, times([6], new Array(6).fill(1))), []);
    assert.deepEqual(emitted("Mul", {}, times([], [1])), []);
    assert.deepEqual(emitted("Mul", {}, times([6], [1, 1, 1, 1, 1, 2])), ["Mul"]);
    assert.deepEqual(emitted("Mul", {}, times([2, 1, 1], [1, 1])), ["Mul"]);
    assert.deepEqual(emitted("Mul", {}, times([1, 1, 1, 1], [1])), ["Mul"]);
  });
});

describe("bounds that are packed", () => {
  it("are checked where they aren't known", () => {
    const inputs = (known: boolean) => (onnx: OnnxBuilder) => {
      const middle = known ? onnx.ints([1]) : onnx.input("at", "int64", [1]);
      const begin = onnx.op("Concat", [onnx.ints([0]), middle, onnx.ints([2])], { axis: 0 });
      return [image(onnx), begin, onnx.ints([-1, 2, 3])];
    };
    assert.deepEqual(emitted("Slice", {}, inputs(true)), ["Slice"]);
    const ops = emitted("Slice", {}, inputs(false));
    // The bounds of two axes, and no more.
    assert.equal(ops.filter((op) => op === "Slice").length, 1);
    assert.equal(ops.at(-1), "Slice");
  });
});

describe("ResourceGatherValue", () => {
  const table = (onnx: OnnxBuilder, ids: readonly (number | string)[]) => [
    onnx.input("table", "float32", [5, 4, 2]),
    onnx.input("ids", "int64", ids),
  ];

  it("gathers rows of a variable", () => {
    assert.deepEqual(
      emitted("ResourceGatherValue", {}, (onnx) => table(onnx, ["n"])),
      ["BitwiseAnd", "Gather"],
    );
  });

  it("gathers after the batch dims", () => {
    const ops = emitted("ResourceGatherValue", { batch_dims: 1 }, (onnx) => table(onnx, [5, 3]));
    assert.deepEqual(ops, ["BitwiseAnd", "Unsqueeze", "GatherND"]);
  });
});
