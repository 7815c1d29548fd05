import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code } from "../../status/status.ts";
import {
  asStored,
  formatSlice,
  intersection,
  overlapRuns,
  parseShapeAndSlice,
  runOffset,
  wholeOf,
} from "./tensor-slice.ts";

const box = (start: number[], length: number[]) => ({ start, length });

describe("intersection", () => {
  it("is the common box", () => {
    assert.deepEqual(intersection(box([0, 2], [4, 4]), box([3, 0], [9, 3])), box([3, 2], [1, 1]));
    assert.deepEqual(intersection(box([], []), box([], [])), box([], []));
  });
  it("is nothing for boxes that only touch, or are empty", () => {
    assert.equal(intersection(box([0], [2]), box([2], [2])), undefined);
    assert.equal(intersection(box([0], [2]), box([1], [0])), undefined);
  });
});

describe("runOffset", () => {
  const whole = wholeOf([4, 3, 2]);
  it("finds parts that lie in one run", () => {
    assert.equal(runOffset(whole, whole), 0);
    assert.equal(runOffset(box([2, 0, 0], [2, 3, 2]), whole), 12);
    assert.equal(runOffset(box([1, 1, 0], [1, 2, 2]), whole), 8);
    assert.equal(runOffset(box([3, 2, 1], [1, 1, 1]), whole), 23);
    assert.equal(runOffset(box([7], [2]), box([5], [10])), 2);
    assert.equal(runOffset(box([], []), box([], [])), 0);
  });
  it("tells others apart", () => {
    assert.equal(runOffset(box([0, 0, 0], [2, 2, 2]), whole), undefined);
    assert.equal(runOffset(box([0, 0, 0], [1, 2, 1]), whole), undefined);
    assert.equal(runOffset(box([3, 0, 0], [2, 3, 2]), whole), undefined);
    assert.equal(runOffset(box([0], [2]), box([1], [4])), undefined);
  });
});

describe("overlapRuns", () => {
  it("moves every common element and no other", () => {
    // Element (i, j, k) of the tensor is 100 i + 10 j + k.
    const fill = (slice: { start: readonly number[]; length: readonly number[] }) => {
      const values: number[] = [];
      for (let i = 0; i < slice.length[0]!; i++)
        for (let j = 0; j < slice.length[1]!; j++)
          for (let k = 0; k < slice.length[2]!; k++)
            values.push(100 * (slice.start[0]! + i) + 10 * (slice.start[1]! + j) + slice.start[2]! + k);
      return values;
    };
    const from = box([1, 0, 2], [3, 4, 3]);
    const to = box([0, 2, 1], [3, 4, 3]);
    const source = fill(from);
    const target = new Array<number>(36).fill(9999);
    overlapRuns(from, to, (f, t, count) => target.splice(t, count, ...source.slice(f, f + count)));
    const common = intersection(from, to)!;
    const expected = fill(to).map((value) => {
      const at = [Math.floor(value / 100), Math.floor(value / 10) % 10, value % 10];
      return at.every((x, d) => x >= common.start[d]! && x < common.start[d]! + common.length[d]!)
        ? value
        : 9999;
    });
    assert.deepEqual(target, expected);
    assert.equal(target.filter((value) => value !== 9999).length, 2 * 2 * 2);
  });

  it("moves a scalar", () => {
    const runs: number[][] = [];
    overlapRuns(wholeOf([]), wholeOf([]), (...run) => runs.push(run));
    assert.deepEqual(runs, [[0, 0, 1]]);
  });
});

describe("parseShapeAndSlice", () => {
  it("reads what a saver writes", () => {
    assert.equal(parseShapeAndSlice(""), undefined);
    const explicit = box([5, 0], [5, 4]);
    assert.deepEqual(parseShapeAndSlice("10 4 5,5:0,4"), {
      shape: [10, 4],
      slice: explicit,
      stored: explicit,
    });
    assert.deepEqual(parseShapeAndSlice("10 4 -:2,1"), {
      shape: [10, 4],
      slice: box([0, 2], [10, 1]),
      stored: box([0, 2], [-1, 1]),
    });
  });
  // In TensorFlow's words: the cases of fixtures/host/files.json.
  for (const [text, code] of [
    ["x", Code.INVALID_ARGUMENT],
    ["10", Code.INVALID_ARGUMENT],
    ["10 4 0,5", Code.INTERNAL],
    ["10 0,11", Code.INTERNAL],
    ["10 0,5:0,1", Code.INTERNAL],
    ["-1 0,1", Code.INVALID_ARGUMENT],
    ["4 0;1", Code.INVALID_ARGUMENT],
    ["4 a,b", Code.INVALID_ARGUMENT],
    ["4 0,0", Code.INVALID_ARGUMENT],
    [" ", Code.INVALID_ARGUMENT],
    ["4 ", Code.INTERNAL],
    ["4  0,1", Code.INVALID_ARGUMENT],
  ] as const) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseShapeAndSlice(text), { code });
    });
  }
});

describe("formatSlice", () => {
  it("writes a slice as TensorFlow does", () => {
    assert.equal(formatSlice(box([0, 2], [10, 1])), "0,10:2,1");
    assert.equal(formatSlice(asStored(box([0, 2], [10, 1]), [10, 4])), "-:2,1");
    assert.equal(formatSlice(box([], [])), "");
  });
});
