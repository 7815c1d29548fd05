import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type CounterFormula, counters } from "./counters.ts";

function run(formula: CounterFormula, ...inputs: readonly number[]): readonly Tensor[] {
  const s = new TextEncoder().encode(JSON.stringify(formula));
  const text = create(AttrValueSchema, { value: { case: "s", value: s } });
  const attrs = new Attributes("counters", { formula: text }, undefined);
  const scalars = inputs.map((x): Tensor => ({ dtype: "int32", shape: [], data: Int32Array.of(x) }));
  return counters.Counters!.compile(attrs)(scalars);
}

function value(op: string, dtype: "int32" | "bool", ...inputs: readonly number[]): number {
  const steps = [{ op, inputs: inputs.map((_, i) => i) }];
  const formula = { constants: [], steps, outputs: [{ slot: inputs.length, dtype }] };
  return Number(run(formula, ...inputs)[0]!.data[0]);
}

const [MOST, LEAST] = [2 ** 31 - 1, -(2 ** 31)];

describe("counters", () => {
  it("wrap around as int32 does", () => {
    assert.equal(value("AddV2", "int32", MOST, 1), LEAST);
    assert.equal(value("Add", "int32", LEAST, -1), MOST);
    assert.equal(value("Sub", "int32", LEAST, 1), MOST);
    // 65537^2 is 2^32 + 131073.
    assert.equal(value("Mul", "int32", 65537, 65537), 131073);
    assert.equal(value("Mul", "int32", MOST, MOST), 1);
    assert.equal(value("Maximum", "int32", -3, LEAST), -3);
    assert.equal(value("Minimum", "int32", -3, LEAST), LEAST);
  });

  it("compare", () => {
    const results = ["Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual"].map((op) =>
      [value(op, "bool", 1, 2), value(op, "bool", 2, 2), value(op, "bool", 3, 2)].join(""),
    );
    assert.deepEqual(results, ["100", "110", "001", "011", "010", "101"]);
    const pairs = [0, 1].flatMap((a) => [0, 1].map((b) => [a, b] as const));
    assert.deepEqual(
      pairs.map(([a, b]) => value("LogicalAnd", "bool", a, b)),
      [0, 0, 0, 1],
    );
    assert.deepEqual(
      pairs.map(([a, b]) => value("LogicalOr", "bool", a, b)),
      [0, 1, 1, 1],
    );
    assert.deepEqual([value("LogicalNot", "bool", 0), value("LogicalNot", "bool", 1)], [1, 0]);
  });

  it("are computed step by step, constants among them", () => {
    const formula: CounterFormula = {
      constants: [1, 10],
      steps: [
        { op: "AddV2", inputs: [0, 1] },
        { op: "Less", inputs: [3, 2] },
      ],
      outputs: [
        { slot: 4, dtype: "bool" },
        { slot: 3, dtype: "int32" },
      ],
    };
    assert.deepEqual(run(formula, 8), [
      { dtype: "bool", shape: [], data: Uint8Array.of(1) },
      { dtype: "int32", shape: [], data: Int32Array.of(9) },
    ]);
  });
});
