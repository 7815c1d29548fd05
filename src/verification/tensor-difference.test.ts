import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Tensor } from "../tensor/tensor.ts";
import { tensorDifference, toleranceOf } from "./tensor-difference.ts";

function floats(...values: number[]): Tensor {
  return { dtype: "float32", shape: [values.length], data: Float32Array.from(values) };
}

function strings(...texts: string[]): Tensor {
  return { dtype: "string", shape: [texts.length], data: texts.map((text) => Buffer.from(text)) };
}

describe("tensors are compared", () => {
  it("within the tolerance of their type, and the largest differences are told", () => {
    const { maxAbsolute, maxRelative, problem } = tensorDifference(floats(1, 100.0078125), floats(1, 100));
    assert.deepEqual([maxAbsolute, maxRelative, problem], [0.0078125, 0.000078125, undefined]);
    assert.equal(tensorDifference(floats(1, 100.5), floats(1, 100)).problem, "[1] is 100.5 instead of 100");
    assert.equal(tensorDifference(floats(1, 100.5), floats(1, 100), { relative: 0.01 }).problem, undefined);
    assert.equal(tensorDifference(floats(0.25), floats(0), { absolute: 0.25 }).problem, undefined);
    assert.equal(tensorDifference(floats(0.25), floats(0), { absolute: 0.24 }).maxAbsolute, 0.25);
  });

  it("so that NaN is NaN, and only the same infinity is one", () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, -0];
    assert.equal(
      tensorDifference(floats(...odd), floats(Number.NaN, Number.POSITIVE_INFINITY, 0)).problem,
      undefined,
    );
    for (const [got, expected] of [
      [Number.NaN, 1],
      [1, Number.NaN],
      [1e30, Number.POSITIVE_INFINITY],
      [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    ] as const) {
      const found = tensorDifference(floats(got), floats(expected));
      assert.match(found.problem ?? "", /^\[0\] is \S+ instead of \S+$/);
      assert.equal(found.maxAbsolute, Number.POSITIVE_INFINITY);
    }
  });

  it("exactly if they are integers, booleans or strings, whatever tolerance is asked for", () => {
    const loose = { relative: 1, absolute: 10 };
    const long = (value: bigint): Tensor => ({
      dtype: "int64",
      shape: [1, 1],
      data: BigInt64Array.of(value),
    });
    assert.equal(
      tensorDifference(long(2n ** 53n + 1n), long(2n ** 53n), loose).problem,
      "[0,0] is 9007199254740993 instead of 9007199254740992",
    );
    assert.equal(tensorDifference(strings("a", "b"), strings("a", "b")).problem, undefined);
    assert.equal(tensorDifference(strings("a", "b"), strings("a", "c")).problem, '[1] is "b" instead of "c"');
    assert.deepEqual(toleranceOf("bool", loose), { relative: 0, absolute: 0 });
  });

  it("by their values where they are held as bits, and complex numbers by their distance", () => {
    const half = (bits: number): Tensor => ({ dtype: "float16", shape: [], data: Uint16Array.of(bits) });
    // 1 and its neighbour; 1 and 2.
    assert.equal(tensorDifference(half(0x3c01), half(0x3c00)).maxAbsolute, 2 ** -10);
    assert.equal(tensorDifference(half(0x3c01), half(0x3c00)).problem, undefined);
    assert.equal(tensorDifference(half(0x4000), half(0x3c00)).problem, " is 2 instead of 1");
    const bfloat: Tensor = { dtype: "bfloat16", shape: [1], data: Uint16Array.of(0x3f80) };
    const other: Tensor = { dtype: "bfloat16", shape: [1], data: Uint16Array.of(0x4000) };
    assert.equal(tensorDifference(other, bfloat).maxAbsolute, 1);
    const complex = (re: number, im: number): Tensor => ({
      dtype: "complex64",
      shape: [1],
      data: Float32Array.of(re, im),
    });
    const found = tensorDifference(complex(3, 8), complex(0, 4));
    assert.deepEqual([found.maxAbsolute, found.maxRelative], [5, 1.25]);
    assert.equal(found.problem, "[0] is 3+8i instead of 0+4i");
  });

  it("only where types and shapes are the same", () => {
    assert.equal(tensorDifference(floats(1), strings("1")).problem, "is float instead of string");
    assert.equal(tensorDifference(floats(1, 2), floats(1)).problem, "has the shape [2] instead of [1]");
    assert.equal(tensorDifference(floats(), floats()).problem, undefined);
  });
});
