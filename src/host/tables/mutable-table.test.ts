import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Tensor } from "../../tensor/tensor.ts";
import { createMutableTable, MutableTable, type MutableTableForm } from "./mutable-table.ts";

const strings = (...values: string[]): Tensor => ({
  dtype: "string",
  shape: [values.length],
  data: values.map((value) => Buffer.from(value)),
});
const int64s = (...values: number[]): Tensor => ({
  dtype: "int64",
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const FORM: MutableTableForm = {
  keyDtype: "string",
  keyShape: [],
  valueDtype: "int64",
  valueShape: [],
  reserved: new Map(),
};
const none = int64s(-1);
const texts = ({ data }: Tensor) => (data as Uint8Array[]).map((bytes) => Buffer.from(bytes).toString());
const numbers = ({ data }: Tensor) => Array.from(data as BigInt64Array, Number);

describe("a table that requests change", () => {
  it("shows every thread what any of them put in or took out", () => {
    const memory = createMutableTable(FORM, [strings("kept", "too"), int64s(5, 6)]);
    const [one, other] = [new MutableTable(memory), new MutableTable(memory)];
    one.insert(strings("a", "kept"), int64s(1, 7));
    assert.deepEqual(numbers(other.find(strings("a", "kept", "x"), none)), [1, 7, -1]);
    other.remove(strings("kept", "x"));
    assert.equal(one.size, 2);
    one.replace(strings("z"), int64s(26));
    assert.deepEqual(numbers(other.find(strings("a", "z"), none)), [-1, 26]);
    const [keys, values] = other.entries();
    assert.deepEqual([texts(keys), numbers(values)], [["z"], [26]]);
  });

  it("is what a map would be, however the log was begun anew", () => {
    const change = fc.record({
      thread: fc.nat(2),
      isRemoval: fc.boolean(),
      key: fc.constantFrom("a", "b", "long ".repeat(2000)),
      value: fc.nat(9),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const memory = createMutableTable(FORM);
        const threads = [0, 1, 2].map(() => new MutableTable(memory));
        const model = new Map<string, number>();
        for (const { thread, isRemoval, key, value } of changes) {
          if (isRemoval) {
            model.delete(key);
            threads[thread]!.remove(strings(key));
          } else {
            model.set(key, value);
            threads[thread]!.insert(strings(key), int64s(value));
          }
        }
        for (const table of threads) {
          assert.equal(table.size, model.size);
          for (const [key, value] of model)
            assert.deepEqual(numbers(table.find(strings(key), none)), [value]);
        }
      }),
    );
  });

  it("keeps its memory in proportion to what it holds", () => {
    const memory = createMutableTable(FORM);
    const table = new MutableTable(memory);
    const keys = strings(...Array.from({ length: 100 }, (_, i) => `key ${i}`));
    for (let i = 0; i < 1000; i++) table.insert(keys, int64s(...new Array(100).fill(i)));
    assert.equal(table.size, 100);
    assert.ok(memory.log.byteLength < 300_000, `${memory.log.byteLength}`);
  });

  it("holds tensors, and takes one default or one for each key", () => {
    const memory = createMutableTable({ ...FORM, keyDtype: "int64", keyShape: [2], valueShape: [2] });
    const table = new MutableTable(memory);
    const pairs = (...rows: number[][]): Tensor => ({ ...int64s(...rows.flat()), shape: [rows.length, 2] });
    table.insert(pairs([1, 2], [3, 4]), pairs([10, 20], [30, 40]));
    const found = table.find(pairs([3, 4], [0, 0]), int64s(-1, -2));
    assert.deepEqual(
      [found.shape, numbers(found)],
      [
        [2, 2],
        [30, 40, -1, -2],
      ],
    );
    const each = table.find(pairs([3, 4], [0, 0]), pairs([7, 7], [8, 9]));
    assert.deepEqual(numbers(each), [30, 40, 8, 9]);
    assert.throws(() => table.find(int64s(1), int64s(-1, -2)), /key shape/);
    assert.throws(
      () => table.insert(pairs([1, 2]), int64s(1)),
      /Expected shape \[1,2\] for value, got \[1\]/,
    );
  });

  it("refuses the keys that a dense table keeps for itself", () => {
    const reserved = new Map([["empty_key", { ...strings(""), shape: [] }]]);
    const table = new MutableTable(createMutableTable({ ...FORM, reserved }));
    assert.throws(() => table.insert(strings("a", ""), int64s(1, 2)), /Using the empty_key as a table key/);
    assert.throws(() => table.find(strings(""), none), /Using the empty_key as a table key is not allowed/);
    assert.equal(table.size, 0);
    table.replace(strings("a", "", "b"), int64s(1, 2, 3));
    assert.equal(table.size, 2);
  });
});
