import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Block, narrowBlock, reshapeBlock, squeezeBlock, transposeBlock, wholeBlock } from "./block.ts";

const source = { name: "w", op: "Const", inputs: [], controls: [], attrs: {} };
const whole = wholeBlock(source, "w", [2, 3, 4]);

/** The positions in the source of a block's elements, row-major. */
function elements({ offset, shape, strides }: Block): number[] {
  const walk = (axis: number, at: number): number[] =>
    axis === shape.length
      ? [at]
      : Array.from({ length: shape[axis]! }, (_, i) => walk(axis + 1, at + i * strides[axis]!)).flat();
  return walk(0, offset);
}

describe("a block", () => {
  it("is narrowed, squeezed and transposed without being copied", () => {
    const row = squeezeBlock(narrowBlock(whole, 0, 1, 1)!, 0)!;
    const columns = narrowBlock(row, 1, 2, 2)!;
    assert.deepEqual(elements(columns), [14, 15, 18, 19, 22, 23]);
    assert.deepEqual(elements(transposeBlock(columns, [1, 0])!), [14, 18, 22, 15, 19, 23]);
  });

  it("is reshaped only if its elements lie next to each other", () => {
    assert.deepEqual(reshapeBlock(whole, [6, -1])?.shape, [6, 4]);
    const row = narrowBlock(whole, 0, 1, 1)!;
    assert.deepEqual(elements(reshapeBlock(row, [2, 6])!), [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    assert.equal(reshapeBlock(narrowBlock(whole, 1, 0, 2)!, [16]), undefined);
  });

  it("refuses what it hasn't", () => {
    assert.equal(narrowBlock(whole, 1, 2, 2), undefined);
    assert.equal(narrowBlock(whole, 3, 0, 1), undefined);
    assert.equal(squeezeBlock(whole, 0), undefined);
    assert.equal(transposeBlock(whole, [0, 0, 1]), undefined);
    assert.equal(reshapeBlock(whole, [5, -1]), undefined);
  });
});
