import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code } from "../status/status.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";
import { MergeMemory } from "./merge-memory.ts";
import { mergeTensors, padToLargest, sliceRows } from "./merge-tensors.ts";
import { padTo } from "./pad-tensor.ts";
import { partSizes } from "./split-request.ts";

const take = (bytes: number) => new Uint8Array(bytes + 8).fill(255).buffer;
const floats = (shape: number[], ...data: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(data),
});
const bytes = (text: string) => new TextEncoder().encode(text);
const strings = (shape: number[], ...texts: string[]): Tensor => ({
  dtype: "string",
  shape,
  data: texts.map(bytes),
});

describe("mergeTensors", () => {
  it("puts rows one after the other, and fills up with the last request's first", () => {
    const merged = mergeTensors([floats([1, 2], 1, 2), floats([2, 2], 3, 4, 5, 6)], 5, take);
    assert.deepEqual(merged, floats([5, 2], 1, 2, 3, 4, 5, 6, 3, 4, 3, 4));
  });

  it("takes every kind of element", () => {
    const longs: Tensor = { dtype: "int64", shape: [1], data: BigInt64Array.of(1n << 40n) };
    assert.deepEqual(mergeTensors([longs, longs], 3, take), {
      dtype: "int64",
      shape: [3],
      data: BigInt64Array.of(1n << 40n, 1n << 40n, 1n << 40n),
    });
    const complex: Tensor = { dtype: "complex64", shape: [1], data: Float32Array.of(1, 2) };
    assert.deepEqual(mergeTensors([complex, complex], 3, take), {
      dtype: "complex64",
      shape: [3],
      data: Float32Array.of(1, 2, 1, 2, 1, 2),
    });
    const merged = mergeTensors([strings([1, 2], "a", "b"), strings([1, 2], "c", "d")], 3, take);
    assert.deepEqual(merged, strings([3, 2], "a", "b", "c", "d", "c", "d"));
  });

  it("takes rows without elements", () => {
    assert.deepEqual(mergeTensors([floats([1, 0]), floats([2, 0])], 4, take), floats([4, 0]));
    assert.deepEqual(mergeTensors([strings([1, 0]), strings([2, 0])], 4, take), strings([4, 0]));
  });
});

describe("sliceRows", () => {
  it("gives rows back where they lie", () => {
    const whole = floats([3, 2], 1, 2, 3, 4, 5, 6) as NumericTensor;
    const part = sliceRows(whole, 1, 3) as NumericTensor;
    assert.deepEqual(part, floats([2, 2], 3, 4, 5, 6));
    assert.equal(part.data.buffer, whole.data.buffer);
    assert.deepEqual(sliceRows(strings([2, 2], "a", "b", "c", "d"), 1, 2), strings([1, 2], "c", "d"));
  });
});

describe("padding", () => {
  it("keeps the elements where they are and repeats the first one around them", () => {
    const padded = padTo(floats([2, 1, 2], 1, 2, 3, 4), [2, 2, 3]);
    assert.deepEqual(padded, floats([2, 2, 3], 1, 2, 1, 1, 1, 1, 3, 4, 1, 1, 1, 1));
    assert.deepEqual(padTo(strings([1, 1], "a"), [1, 3]), strings([1, 3], "a", "a", "a"));
    const complex: Tensor = { dtype: "complex64", shape: [1, 1], data: Float32Array.of(1, 2) };
    assert.deepEqual(padTo(complex, [1, 2]).data, Float32Array.of(1, 2, 1, 2));
  });

  it("goes to the largest size of each dimension but the first", () => {
    const shapes = padToLargest([floats([1, 3, 1], 1, 2, 3), floats([2, 1, 2], 1, 2, 3, 4)]).map(
      ({ shape }) => shape,
    );
    assert.deepEqual(shapes, [
      [1, 3, 2],
      [2, 3, 2],
    ]);
  });

  it("stops before one long input makes many short ones huge", () => {
    const long = floats([1, 1 << 16], ...new Array<number>(1 << 16).fill(1));
    const short = floats([1000, 1], ...new Array<number>(1000).fill(1));
    assert.throws(() => padToLargest([long, short]), { code: Code.RESOURCE_EXHAUSTED });
  });
});

describe("MergeMemory", () => {
  it("gives memory again that fits, and no other", () => {
    const memory = new MergeMemory();
    const small = memory.take(5000);
    assert.ok(small.byteLength >= 5000);
    memory.give(small);
    // Without strictEqual, which would print the buffers.
    assert.ok(memory.take(100_000) !== small);
    assert.ok(memory.take(8000) === small);
    assert.ok(memory.take(8000) !== small);
    const large = memory.take(1 << 20);
    memory.give(large);
    assert.ok(memory.take(100) !== large);
  });
});

describe("partSizes", () => {
  it("fills up the open batch first", () => {
    assert.deepEqual(partSizes(10, 3, 4), [3, 4, 3]);
    assert.deepEqual(partSizes(10, 0, 4), [4, 4, 2]);
    assert.deepEqual(partSizes(3, 4, 4), [3]);
    assert.deepEqual(partSizes(8, 4, 4), [4, 4]);
  });
});
