import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { DType } from "../../../tensor/dtype.ts";
import { type ListSink, listScanner, type Nesting } from "./list-scanner.ts";
import { FloatCollector } from "./scan-floats.ts";
import { cursorAt } from "./scan-numeric.ts";
import { collectorFor } from "./scan-values.ts";

const scanner = listScanner()!;
const FRESH = (): Nesting => ({ shape: [], lengths: [], rank: -1, depth: 0 });

function scan(text: string, dtype: "float32" | "float64" = "float64") {
  const cursor = cursorAt(new TextEncoder().encode(text), 0);
  const collector = new FloatCollector(dtype, 1);
  const nesting = FRESH();
  const outcome = scanner.scan(cursor, nesting, collector);
  return {
    outcome,
    rest: text.slice(cursor.pos),
    nesting,
    values: [...collector.tensor([]).data] as number[],
  };
}

/** Of every form that a number has in JSON. */
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.double({ min: -1, max: 1, noNaN: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toPrecision(9)),
  fc.integer({ min: -300, max: 300 }).map(String),
  fc
    .tuple(
      fc.integer({ min: 0, max: 9 }),
      fc.bigInt({ min: 0n, max: 10n ** 18n }),
      fc.integer({ min: 1, max: 20 }),
    )
    .map(([whole, digits, length]) => `${whole}.${String(digits).padStart(length, "0")}`),
);

function asNumber(text: string): number {
  const value = Number(text);
  // As TensorFlow Serving's JSON has it: an integer's minus sign is lost on zero.
  return /^-0+$/.test(text) ? 0 : value;
}

test("every number that it reads is the correctly rounded one, and float32 is that rounded again", () => {
  let read = 0;
  fc.assert(
    fc.property(number, number, (a, b) => {
      for (const [dtype, round] of [
        ["float64", Number],
        ["float32", Math.fround],
      ] as const) {
        const { outcome, values } = scan(`[${a}, ${b}]`, dtype);
        const expected = [round(asNumber(a)), round(asNumber(b))].slice(0, values.length);
        assert.deepEqual(values, expected, `${a}, ${b} as ${dtype}`);
        assert.equal(outcome === "complete", values.length === 2);
        read += values.length;
      }
    }),
    { numRuns: 20_000 },
  );
  assert.ok(read > 20_000, `${read} of 80000 numbers were read`);
});

test("ties between two float32s, or two doubles, are right or left", () => {
  const ties = [
    "16777217.0",
    "0.500000029802322387",
    "9007199254740993.0",
    "1.0000000596046448",
    "0.1000000015",
  ];
  for (const tie of ties) {
    for (const [dtype, round] of [
      ["float64", Number],
      ["float32", Math.fround],
    ] as const) {
      const { values } = scan(`[${tie}]`, dtype);
      if (values.length > 0) assert.deepEqual(values, [round(Number(tie))], tie);
    }
  }
});

test("integers are read as int32s and int64s, and long ones are left", () => {
  const kinds: readonly [DType, (value: number) => number | bigint][] = [
    ["int32", Number],
    ["uint8", (value) => value & 255],
    ["int64", BigInt],
  ];
  for (const [dtype, of] of kinds) {
    const read = (text: string) => {
      const cursor = cursorAt(new TextEncoder().encode(text), 0);
      const collector = collectorFor(dtype, 1, 1)!;
      const outcome = scanner.scan(cursor, FRESH(), collector as unknown as ListSink);
      return { outcome, rest: text.slice(cursor.pos), values: [...collector.tensor([]).data] };
    };
    const numbers = [0, 7, -7, 255, 256, -1, 9999999, -9999999];
    const all = read(`[[${numbers.slice(0, 4).join(", ")}],[${numbers.slice(4).join(" ,")}]]`);
    assert.deepEqual(all, { outcome: "complete", rest: "", values: numbers.map(of) });
    for (const odd of ["12345678", "1.0", "1e2", "01", "-", "x", "1x"]) {
      const { outcome, rest, values } = read(`[3, ${odd}, 4]`);
      assert.deepEqual([outcome, rest, values], ["left", `${odd}, 4]`, [of(3)]]);
    }
  }
  for (const dtype of ["uint32", "uint64", "bool", "string"] as const) {
    assert.equal(collectorFor(dtype, 1, 1)!.listKind, undefined);
  }
});

test("lists go on over the ends of windows, wherever these fall", () => {
  const rows = Array.from({ length: 700 }, (_, i) => [i / 7, -i, i * 1e-7]);
  for (let padding = 0; padding < 120; padding++) {
    const text = `[${" ".repeat(padding)}${rows.map((row) => `[${row.join(", ")}]`).join(", ")}]tail`;
    const { outcome, rest, nesting, values } = scan(text);
    assert.equal(outcome, "complete");
    assert.equal(rest, "tail");
    assert.deepEqual([...nesting.shape], [700, 3]);
    assert.deepEqual(
      values,
      rows.flat().map((value) => (Object.is(value, -0) ? 0 : value)),
    );
  }
});

test("what is unusual is left, with all that was before it", () => {
  for (const odd of [
    "NaN",
    "-Infinity",
    '"a"',
    "1e300",
    "12345678901234567890123",
    "{}",
    "01",
    "1.",
    "[]",
    "",
    "0.1x",
  ]) {
    const { outcome, rest, nesting, values } = scan(`[[1.5, 2.5], [3.5, ${odd}]]`);
    assert.equal(outcome, "left", odd);
    assert.equal(rest, `${odd}]]`);
    assert.deepEqual(values, [1.5, 2.5, 3.5]);
    assert.deepEqual(
      [nesting.rank, nesting.depth, [...nesting.lengths], [...nesting.shape]],
      [2, 2, [1, 1], [undefined, 2]],
    );
  }
});

test("lists of several shapes are wrong", () => {
  for (const text of ["[[1], [2, 3]]", "[[1, 2], [3]]", "[[[1], [2]], [[3]]]", "[[1]}", "[[1] [2]]"]) {
    assert.equal(scan(text).outcome, "wrong", text);
  }
  // Of several depths: where the other depth begins is for the caller to look at.
  for (const text of ["[1, [2]]", "[[1], 2]"]) assert.equal(scan(text).outcome, "left", text);
});

test("no list is too deep", () => {
  const deep = (depth: number) => `${"[".repeat(depth)}7${"]".repeat(depth)}`;
  assert.deepEqual([...scan(deep(50)).nesting.shape], Array(50).fill(1));
  for (const depth of [254, 255, 5000]) assert.notEqual(scan(deep(depth)).outcome, undefined);
  assert.equal(scan(deep(255)).outcome, "left");
});
