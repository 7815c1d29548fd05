import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { replacer } from "./regex.ts";
import { simpleRegExp } from "./simple-pattern.ts";

const member = fc.constantFrom(
  "a",
  "b",
  "-z",
  "0-9",
  "x-z",
  "\\n",
  "\\]",
  "\\d",
  "\\s",
  "\\w",
  "[:punct:]",
  " ",
  "<",
  "^b",
);
const set = fc
  .tuple(fc.constantFrom("", "^"), fc.array(member, { minLength: 1, maxLength: 4 }))
  .map(([sign, members]) => `[${sign}${members.join("")}]`);
const atom = fc.oneof(
  set,
  fc.constantFrom("a", "b", "0", " ", ".", "\\.", "\\d", "\\s", "\\w", "<", "\\n", "\\\\"),
);
const branch = fc
  .tuple(fc.array(atom, { minLength: 1, maxLength: 3 }), fc.constantFrom("", "+"))
  .map(([atoms, repeat]) => atoms.join("") + repeat);
const pattern = fc.array(branch, { minLength: 1, maxLength: 3 }).map((branches) => branches.join("|"));
const pieces = [
  "a",
  "b",
  "ab",
  "0",
  "9",
  "x",
  "z",
  "-",
  " ",
  "\n",
  "\v",
  "<",
  ".",
  "\\",
  "]",
  "^",
  "é",
  "中",
  "😀",
  "\0",
];
// A surrogate, an overlong form and a number beyond U+10FFFF.
const forbidden = [
  [0xed, 0xa0, 0x80],
  [0xe0, 0x80, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
];
const piece = fc.constantFrom(...pieces);
const text = fc
  .array(
    fc.oneof(
      piece.map((part) => [...Buffer.from(part)]),
      fc.constantFrom(...forbidden),
      fc.integer({ min: 0x80, max: 0xff }).map((byte) => [byte]),
    ),
  )
  .map((parts) => Uint8Array.from(parts.flat()));
const encoder = new TextEncoder();

it("finds what RE2 finds", () => {
  fc.assert(
    fc.property(pattern, text, fc.boolean(), (source, bytes, isGlobal) => {
      assert.notEqual(simpleRegExp(source, ""), undefined, source);
      // A group is not simple, so the port is asked.
      assert.equal(simpleRegExp(`(?:${source})`, ""), undefined);
      const rewrite = encoder.encode("<\\0$&>");
      const fast = replacer(encoder.encode(source), rewrite, isGlobal)(bytes);
      const slow = replacer(encoder.encode(`(?:${source})`), rewrite, isGlobal)(bytes);
      assert.deepEqual(Buffer.from(fast).toString("latin1"), Buffer.from(slow).toString("latin1"));
    }),
    { numRuns: 3000 },
  );
});

it("leaves alone what could be tried again or what it doesn't know", () => {
  for (const source of [
    "",
    "a+b",
    "a*",
    "a?",
    "a{2}",
    "(a)",
    "a||b",
    "a|",
    "|a",
    "^a",
    "a$",
    "\\b",
    "\\pL",
    "é",
    "(?i)a",
    "a++",
    "[^\\D]",
  ]) {
    assert.equal(simpleRegExp(source, "g"), undefined, source);
  }
});
