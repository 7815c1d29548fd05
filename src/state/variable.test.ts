import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Tensor } from "../tensor/tensor.ts";
import { createVariable, SharedVariable } from "./variable.ts";

const floats = (...values: number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

describe("a shared variable", () => {
  it("shows every thread the value that any of them gave it, in the same memory", () => {
    const memory = createVariable("v", "float32", [2], floats(1, 2));
    const [one, other] = [new SharedVariable(memory), new SharedVariable(memory)];
    const seen = other.read();
    one.assign(floats(3, 4));
    assert.deepEqual([...(other.read().data as Float32Array)], [3, 4]);
    assert.deepEqual([...(seen.data as Float32Array)], [3, 4]);
    assert.ok((seen.data as Float32Array).buffer instanceof SharedArrayBuffer);
  });

  it("has no value until one is given", () => {
    const variable = new SharedVariable(createVariable("v", "float32", [2]));
    assert.equal(variable.isInitialized, false);
    assert.throws(() => variable.read(), /FAILED_PRECONDITION|Attempting to use uninitialized value v/);
    variable.assign(floats(1, 2));
    assert.equal(variable.isInitialized, true);
  });

  it("grows and shrinks where its shape is open", () => {
    const variable = new SharedVariable(createVariable("v", "float32", [-1], floats()));
    for (const length of [100_000, 0, 3]) {
      const values = Array.from({ length }, (_, i) => i);
      variable.assign(floats(...values));
      const read = variable.read();
      assert.deepEqual([read.shape, [...(read.data as Float32Array)]], [[length], values]);
    }
  });

  it("holds strings, and scalars", () => {
    const variable = new SharedVariable(createVariable("v", "string", undefined));
    variable.assign({ dtype: "string", shape: [1, 2], data: [Buffer.from("a"), Buffer.alloc(0)] });
    const { shape, data } = variable.read();
    assert.deepEqual(
      [shape, (data as Uint8Array[]).map((text) => Buffer.from(text).toString())],
      [
        [1, 2],
        ["a", ""],
      ],
    );
    variable.assign({ dtype: "string", shape: [], data: [Buffer.from("long ".repeat(99))] });
    assert.deepEqual(variable.read().shape, []);
  });

  it("refuses another dtype or shape, and keeps its value", () => {
    const variable = new SharedVariable(createVariable("v", "float32", [2], floats(1, 2)));
    assert.throws(() => variable.assign(floats(1)), /Variable v expects shape \[2\], got \[1\]/);
    const wrong: Tensor = { dtype: "int32", shape: [2], data: Int32Array.of(1, 2) };
    assert.throws(() => variable.assign(wrong), /Variable v expects dtype float32, got int32/);
    assert.deepEqual([...(variable.read().data as Float32Array)], [1, 2]);
  });
});
