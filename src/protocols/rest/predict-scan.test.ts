import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { DType } from "../../tensor/dtype.ts";
import { echoSignature } from "./echo-servable.ts";
import { bytes, type Specs, showAll, viaDocument } from "./predict-comparison.ts";
import { scanPredictBody } from "./predict-scan.ts";

const NUMERIC: readonly DType[] = [
  "float32",
  "float64",
  "int8",
  "uint8",
  "int16",
  "int32",
  "uint32",
  "int64",
  "uint64",
];

/** What makes a body one of those whose lists are read with WebAssembly. */
const LARGE = " ".repeat(5000);

test("the quick way and the document agree on every body", () => {
  const leaf = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -300, max: 3e9 }).map(String) },
    { weight: 6, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.bigInt({ min: 0n, max: 10n ** 22n }), fc.integer({ min: 0, max: 30 }))
        .map(([digits, scale]) => `${digits}.${"0".repeat(scale)}${digits}e${scale - 15}`),
    },
    { weight: 2, arbitrary: fc.bigInt({ min: -(2n ** 64n), max: 2n ** 65n }).map(String) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "-0",
        "-0.0",
        "NaN",
        "-Inf",
        "Infinity",
        "1e400",
        "1E5",
        "1.5e+3",
        "01",
        "true",
        '"s"',
        '{"b64": "YQ=="}',
        "null",
        "[]",
      ),
    },
  );
  const space = fc.constantFrom("", "", " ", "\n\t ");
  const list = (item: fc.Arbitrary<string>) =>
    fc
      .tuple(fc.array(item, { minLength: 1, maxLength: 4 }), space)
      .map(([items, s]) => `[${s}${items.join(`${s},${s}`)}${s}]`);
  const regular = fc.tuple(leaf, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })).map(
    ([value, a, b]) =>
      `[${Array(a)
        .fill(`[${Array(b).fill(value).join(", ")}]`)
        .join(",")}]`,
  );
  const value = fc.oneof(leaf, list(leaf), list(list(leaf)), regular);
  const object = fc
    .array(fc.tuple(fc.constantFrom("a", "b", "c", "b64"), value), { maxLength: 3 })
    .map((members) => `{${members.map(([key, v]) => `"${key}": ${v}`).join(", ")}}`);
  const content = fc.oneof(value, object, list(object));
  const body = fc
    .array(
      fc.tuple(fc.constantFrom("instances", "inputs", "instances", "inputs", "signature_name", "x"), content),
      { minLength: 1, maxLength: 2 },
    )
    .map((members) => `{${members.map(([key, v]) => `"${key}":${v}`).join(",")}}`);
  const dtype = fc.constantFrom(...NUMERIC, "bool" as const, "string" as const, "float16" as const);
  let quick = 0;
  fc.assert(
    fc.property(body, fc.constantFrom("", LARGE), dtype, dtype, fc.boolean(), (small, more, a, b, both) => {
      const text = small + more;
      const specs: Specs = both ? { a, b } : { a };
      const scanned = scanPredictBody(bytes(text), echoSignature(specs));
      if (scanned === undefined) return;
      quick++;
      assert.deepEqual(showAll(scanned), showAll(viaDocument(text, specs)));
    }),
    { numRuns: 10_000 },
  );
  assert.ok(quick > 50, `${quick} bodies went the quick way`);
});

test("correct bodies go the quick way and say what was meant", () => {
  const space = fc.constantFrom("", "", " ", "\r\n\t ");
  const elements: Readonly<Record<string, fc.Arbitrary<string>>> = {
    float32: fc.oneof(fc.float({ noNaN: true }).map(String), fc.constantFrom("NaN", "1e-45", "3")),
    float64: fc.double({ noNaN: true, min: -1e280, max: 1e280 }).map(String),
    int32: fc.integer().map(String),
    int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    bool: fc.boolean().map(String),
    string: fc.string({ unit: "binary" }).map((value) => JSON.stringify(value)),
  };
  const cases = fc
    .constantFrom(...Object.keys(elements))
    .chain((dtype) =>
      fc.tuple(
        fc.constant(dtype as DType),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
        fc.array(elements[dtype]!, { minLength: 27, maxLength: 27 }),
        space,
        fc.boolean(),
      ),
    );
  fc.assert(
    fc.property(cases, fc.constantFrom("", LARGE), ([dtype, shape, texts, s, rows], more) => {
      let at = 0;
      const write = (dim: number): string =>
        dim === shape.length
          ? texts[at++]!
          : `[${s}${Array.from({ length: shape[dim]! }, () => write(dim + 1)).join(`${s},${s}`)}${s}]`;
      const text = `{${s}"${rows ? "instances" : "inputs"}"${s}:${s}${write(0)}${s}}${more}`;
      const scanned = scanPredictBody(bytes(text), echoSignature({ x: dtype }));
      assert.ok(scanned !== undefined, text);
      assert.deepEqual(showAll(scanned), showAll(viaDocument(text, { x: dtype })));
      assert.deepEqual([...scanned.tensors.get("x")!.shape], shape);
    }),
    { numRuns: 1000 },
  );
});

test("floats are correctly rounded, float32 by way of double", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 25n }),
      fc.integer({ min: -60, max: 40 }),
      fc.integer({ min: 0, max: 25 }),
      fc.constantFrom("", LARGE),
      (digits, exponent, point, more) => {
        const all = String(digits).padStart(point + 1, "0");
        const mantissa = point === 0 ? all : `${all.slice(0, -point)}.${all.slice(-point)}`;
        const text = `${mantissa.replace(/^0+(?=\d)/, "")}e${exponent}`;
        const body = bytes(`{"inputs": [${text}, -${text}]}${more}`);
        const double = scanPredictBody(body, echoSignature({ x: "float64" }))!.tensors.get("x")!;
        const single = scanPredictBody(body, echoSignature({ x: "float32" }))!.tensors.get("x")!;
        assert.deepEqual([...double.data], [Number(text), -Number(text)], text);
        assert.deepEqual([...single.data], [Math.fround(Number(text)), -Math.fround(Number(text))], text);
      },
    ),
    { numRuns: 3000 },
  );
  // The shortest texts of the numbers halfway between two float32s, and of their neighbours.
  fc.assert(
    fc.property(fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true }), (value) => {
      const up = new Float32Array(
        new Uint32Array([new Uint32Array(new Float32Array([value]).buffer)[0]! + 1]).buffer,
      )[0]!;
      const half = (value + up) / 2;
      for (const near of [half, half * (1 + 2 ** -52), half * (1 - 2 ** -52), value]) {
        const tensor = scanPredictBody(
          bytes(`{"inputs": [${near}]}`),
          echoSignature({ x: "float32" }),
        )!.tensors.get("x")!;
        assert.equal(tensor.data[0], Math.fround(near));
      }
    }),
    { numRuns: 3000 },
  );
});
