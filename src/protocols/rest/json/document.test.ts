import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { StatusError } from "../../../status/status.ts";
import { type Json, JsonObject, MAX_DEPTH, parseDocument } from "./document.ts";
import { printJson } from "./print.ts";

// What RapidJSON says: fixtures/rest/json_oracle.cc.
const oracle: { readonly parse: readonly [string, string, number, string][] } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/rest/json.json", import.meta.url), "utf8"),
);
const unhex = (hex: string) => Buffer.from(hex, "hex");
const bytes = (text: string) => new TextEncoder().encode(text);

/** As JSON.parse would have it. */
function plain(value: Json): unknown {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof JsonObject) {
    return Object.fromEntries(value.keys.map((key, i) => [key, plain(value.values[i]!)]));
  }
  return value;
}

test("documents are refused as RapidJSON refuses them, with the same text and offset", () => {
  for (const [document, error, offset] of oracle.parse) {
    if (error === "") continue;
    const body = unhex(document);
    const text = unhex(error).toString();
    const message =
      body.length === 0
        ? "JSON Parse error: The document is empty"
        : `JSON Parse error: ${text} at offset: ${offset}`;
    assert.throws(
      () => parseDocument(body),
      { name: "StatusError", message },
      JSON.stringify(body.toString()),
    );
  }
});

test("accepted documents are printed in error messages as RapidJSON prints them", () => {
  for (const [document, error, , printed] of oracle.parse) {
    if (error !== "") continue;
    const value = parseDocument(unhex(document));
    // RapidJSON rounds a double of many digits carelessly; there, being accepted is all that is compared.
    if (/\d{17}[^\]]*\]$/.test(unhex(document).toString())) continue;
    assert.equal(printJson(value), unhex(printed).toString(), unhex(document).toString());
  }
});

test("a lone number is printed with a float's digits", () => {
  assert.equal(printJson(parseDocument(bytes("0.1234567891"))), "0.123456791");
  assert.equal(printJson(parseDocument(bytes("2.5"))), "2.5");
  assert.equal(printJson(parseDocument(bytes("1e300"))), "1e+300");
  assert.equal(printJson(parseDocument(bytes("NaN"))), "NaN");
  assert.equal(printJson(parseDocument(bytes("-Inf"))), "-Infinity");
});

test("standard documents mean what JSON.parse says", () => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false }), (text) => {
      // A duplicate key can't arise here, and a name like __proto__ is not what is tested.
      fc.pre(!text.includes("__proto__"));
      assert.deepEqual(normal(plain(parseDocument(bytes(text)))), normal(JSON.parse(text)));
    }),
    { numRuns: 200 },
  );
});

/** Lone surrogates become bytes that are no UTF-8; both sides lose the same. */
function normal(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, v: unknown) => (typeof v === "string" ? v.replace(/\p{Cs}|\ufffd/gu, "") : v)),
  );
}

test("numbers are correctly rounded, integers exact", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = String(value);
      const read = parseDocument(bytes(text));
      assert.ok(typeof read === "bigint" ? Number(read) === value : Object.is(read, value), text);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
      assert.equal(parseDocument(bytes(String(value))), value);
    }),
  );
  assert.equal(parseDocument(bytes("18446744073709551616")), 2 ** 64);
  assert.ok(Object.is(parseDocument(bytes("-0.0")), -0));
  assert.equal(parseDocument(bytes("-0")), 0n);
});

test("the first of two equal keys is found; text after the document is ignored", () => {
  const object = parseDocument(bytes('{"a": 1, "a": 2} and more ]'));
  assert.ok(object instanceof JsonObject);
  assert.equal(object.get("a"), 1n);
  assert.deepEqual(object.keys, ["a", "a"]);
  assert.equal(object.get("b"), undefined);
});

test("a value of megabytes is cut where it is shown", () => {
  const shown = printJson(parseDocument(new TextEncoder().encode(`[${"1,".repeat(2 ** 20)}1]`)));
  assert.ok(shown.endsWith("...") && shown.length < 2 ** 20 + 100, String(shown.length));
});

test("deep nesting is refused instead of exhausting the stack", () => {
  parseDocument(bytes("[".repeat(MAX_DEPTH) + "]".repeat(MAX_DEPTH)));
  for (const open of ["[", '{"a":']) {
    assert.throws(() => parseDocument(bytes(open.repeat(1_000_000))), {
      message: /^JSON Parse error: Nesting is deeper than 1000 levels\. at offset: \d+$/,
    });
  }
});

test("any bytes give a document or a StatusError", () => {
  const pieces = fc.constantFrom(
    ...'[]{},:"\\-.e+0123456789ntfN \n',
    "true",
    "null",
    "Inf",
    '"a"',
    "\\u12",
    "\xff",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      try {
        parseDocument(Buffer.from(parts.join(""), "latin1"));
      } catch (error) {
        assert.ok(error instanceof StatusError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
