import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NumericTensor } from "../../tensor/tensor.ts";
import { OnnxBuilder } from "./builder.ts";
import { onnxElementType } from "./element-type.ts";
import { foldNumbers } from "./fold-numbers.ts";

const floats = (...values: number[]): NumericTensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});
const scalar = (value: number): NumericTensor => ({
  dtype: "float32",
  shape: [],
  data: Float32Array.of(value),
});
const integers = (...values: bigint[]): NumericTensor => ({
  dtype: "int64",
  shape: [values.length],
  data: BigInt64Array.from(values),
});
const to = (dtype: "float32" | "int64" | "int32" | "bool") => ({ to: onnxElementType(dtype) });

describe("foldNumbers", () => {
  it("rounds each result to the type", () => {
    assert.deepEqual(foldNumbers("Div", [floats(1, 2), scalar(3)], {})!.data, Float32Array.of(1 / 3, 2 / 3));
    assert.deepEqual(
      foldNumbers("Sub", [scalar(1), floats(0.1)], {}),
      floats(Math.fround(1 - Math.fround(0.1))),
    );
    assert.deepEqual(foldNumbers("Floor", [floats(-1.5, 2.5)], {}), floats(-2, 2));
    assert.deepEqual(foldNumbers("Cast", [integers(16777217n)], to("float32")), floats(16777216));
  });

  it("casts to integers towards zero, and only what they hold", () => {
    assert.deepEqual(foldNumbers("Cast", [floats(-1.5, 2.5)], to("int64")), integers(-1n, 2n));
    assert.deepEqual(foldNumbers("Cast", [floats(2.5)], to("int32"))!.data, Int32Array.of(2));
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 3e9, -3e9])
      assert.equal(foldNumbers("Cast", [floats(value)], to("int32")), undefined);
  });

  it("leaves all else to the engine", () => {
    const many = floats(...Array.from({ length: 17 }, (_, i) => i));
    assert.equal(foldNumbers("Add", [many, many], {}), undefined);
    assert.equal(foldNumbers("Add", [floats(1, 2), floats(1)], {}), undefined);
    assert.equal(foldNumbers("Add", [integers(1n), integers(1n)], {}), undefined);
    assert.equal(foldNumbers("Sqrt", [floats(2)], {}), undefined);
    assert.equal(foldNumbers("Cast", [floats(2)], to("bool")), undefined);
  });

  it("lets the builder know sizes that were computed by way of floats", () => {
    const onnx = new OnnxBuilder();
    const image = onnx.input("image", "float32", ["n", 11]);
    const width = onnx.op("Gather", [onnx.op("Shape", [image]), onnx.scalar("int64", 1)]);
    const half = onnx.op("Mul", [onnx.cast(width, "float32"), onnx.scalar("float32", 0.5)]);
    assert.deepEqual(onnx.cast(half, "int64").elements, [5]);
    assert.deepEqual(onnx.finish([half]).nodes, []);
  });
});
