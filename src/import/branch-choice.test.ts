import assert from "node:assert/strict";
import { it } from "node:test";
import { chooseBranch, isTrue } from "./branch-choice.ts";

it("takes scalars by their value and other tensors by whether they have elements", () => {
  assert.equal(isTrue({ dtype: "bool", shape: [], data: Uint8Array.of(0) }), false);
  assert.equal(isTrue({ dtype: "float32", shape: [], data: Float32Array.of(0.5) }), true);
  assert.equal(isTrue({ dtype: "int64", shape: [], data: BigInt64Array.of(0n) }), false);
  assert.equal(isTrue({ dtype: "float32", shape: [], data: Float32Array.of(Number.NaN) }), true);
  assert.equal(isTrue({ dtype: "string", shape: [], data: [Buffer.from("")] }), false);
  assert.equal(isTrue({ dtype: "string", shape: [], data: [Buffer.from("x")] }), true);
  assert.equal(isTrue({ dtype: "bool", shape: [1], data: Uint8Array.of(0) }), true);
  assert.equal(isTrue({ dtype: "bool", shape: [0], data: Uint8Array.of() }), false);
});

it("takes the last branch for an index that is out of range", () => {
  const index = (value: number) => ({ dtype: "int32", shape: [], data: Int32Array.of(value) }) as const;
  assert.deepEqual(
    [-1, 0, 1, 2, 3].map((value) => chooseBranch("index", index(value), 3)),
    [2, 0, 1, 2, 2],
  );
});
