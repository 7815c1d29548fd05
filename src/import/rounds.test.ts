import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OnnxBuilder } from "./onnx/builder.ts";
import type { Dim, Value } from "./onnx/value.ts";
import { MOST_ROUNDS, mostRounds, roundsOf, stepOf } from "./rounds.ts";

/** The most rounds of a loop whose counter starts at `first` and grows by `by`, if `test` says whether it goes on. */
function rounds(
  test: (onnx: OnnxBuilder, counter: Value, x: Value) => Value,
  { first = 0, by = 1 }: { readonly first?: number; readonly by?: number } = {},
): number {
  const onnx = new OnnxBuilder();
  const x = onnx.input("x", "int32", ["rows"]);
  const argument = onnx.argument("int32", []);
  const next = onnx.op("Add", [argument, onnx.scalar("int32", by)]);
  const counter = { argument, first: onnx.scalar("int32", first), next };
  return mostRounds(test(onnx, next, x), [{ ...counter, step: stepOf(counter, onnx) }], onnx);
}

const below = (limit: number) => (onnx: OnnxBuilder, counter: Value) =>
  onnx.op("Less", [counter, onnx.scalar("int32", limit)]);
const anyOf = (onnx: OnnxBuilder, x: Value) =>
  onnx.op("Greater", [onnx.op("ReduceMax", [x]), onnx.scalar("int32", 0)]);
const endless = Number.POSITIVE_INFINITY;

describe("mostRounds", () => {
  it("counts up to a constant, if the counter grows towards it", () => {
    assert.equal(rounds(below(10)), 11);
    assert.equal(rounds(below(10), { first: 4, by: 3 }), 3);
    assert.equal(rounds(below(10), { by: -1 }), endless);
    assert.equal(
      rounds((onnx, i) => onnx.op("Greater", [onnx.scalar("int32", 10), i])),
      11,
    );
    assert.ok(rounds(below(2 ** 31 - 1)) > MOST_ROUNDS);
  });

  it("takes sizes of inputs for known, and their elements for unknown", () => {
    const size = (onnx: OnnxBuilder, x: Value) => onnx.cast(onnx.op("Size", [x]), "int32");
    assert.equal(
      rounds((onnx, i, x) => onnx.op("Less", [i, size(onnx, x)])),
      MOST_ROUNDS,
    );
    const found = (onnx: OnnxBuilder, x: Value) => size(onnx, onnx.op("NonZero", [x]));
    assert.equal(
      rounds((onnx, i, x) => onnx.op("Less", [i, found(onnx, x)])),
      endless,
    );
    assert.equal(
      rounds((onnx, i, x) => onnx.op("Less", [i, onnx.op("ReduceMax", [x])])),
      endless,
    );
    assert.equal(
      rounds((onnx, _, x) => anyOf(onnx, x)),
      endless,
    );
  });

  it("trusts a limit beside another test only if it is low", () => {
    const both = (limit: number) => (onnx: OnnxBuilder, i: Value, x: Value) =>
      onnx.op("And", [below(limit)(onnx, i), anyOf(onnx, x)]);
    assert.equal(rounds(both(20)), 21);
    assert.equal(rounds(both(5000)), endless);
    assert.equal(
      rounds((onnx, i, x) => onnx.op("Or", [below(20)(onnx, i), anyOf(onnx, x)])),
      endless,
    );
  });
});

describe("roundsOf", () => {
  function size(
    test: (onnx: OnnxBuilder, counter: Value, rows: Value, x: Value) => Value,
    { first = 0, by = 1 }: { readonly first?: number; readonly by?: number } = {},
  ): Dim | undefined {
    const onnx = new OnnxBuilder();
    const x = onnx.input("x", "int32", ["rows"]);
    const size = onnx.op("Gather", [onnx.cast(onnx.op("Shape", [x]), "int32"), onnx.scalar("int64", 0)]);
    const argument = onnx.argument("int32", []);
    const next = onnx.op("Add", [argument, onnx.scalar("int32", by)]);
    const counter = { argument, first: onnx.scalar("int32", first), next };
    return roundsOf(test(onnx, next, size, x), [{ ...counter, step: stepOf(counter, onnx) }], onnx);
  }
  const upTo = (onnx: OnnxBuilder, counter: Value, rows: Value) => onnx.op("Less", [counter, rows]);

  it("is the size that is counted up to", () => {
    assert.equal(size(upTo), "rows");
    assert.equal(
      size((onnx, i, rows) => onnx.op("Greater", [rows, i])),
      "rows",
    );
    assert.equal(
      size((onnx, i, rows) => onnx.op("And", [upTo(onnx, i, rows), upTo(onnx, i, rows)])),
      "rows",
    );
  });

  it("isn't known of other ways to count, and where something else may end the loop", () => {
    assert.equal(size(upTo, { first: 1 }), undefined);
    assert.equal(size(upTo, { by: 2 }), undefined);
    const others: readonly ((onnx: OnnxBuilder, i: Value, rows: Value, x: Value) => Value)[] = [
      (onnx, i, rows) => onnx.op("LessOrEqual", [i, rows]),
      (onnx, i, rows) => onnx.op("Greater", [i, rows]),
      (onnx, i, rows) => onnx.op("Or", [upTo(onnx, i, rows), upTo(onnx, i, rows)]),
      (onnx, i, rows, x) => onnx.op("And", [upTo(onnx, i, rows), anyOf(onnx, x)]),
      // May be less than nothing.
      (onnx, i, rows) => onnx.op("Less", [i, onnx.op("Sub", [rows, onnx.scalar("int32", 1)])]),
      (onnx, i, _, x) => onnx.op("Less", [i, onnx.op("ReduceMax", [x])]),
    ];
    for (const test of others) assert.equal(size(test), undefined);
  });
});
