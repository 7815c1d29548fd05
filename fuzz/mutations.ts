import fc from "fast-check";

/** A change of bytes. Positions and lengths are parts of the whole, 0 to 1. */
type Mutation =
  | { readonly kind: "set"; readonly at: number; readonly byte: number }
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "remove" | "repeat"; readonly at: number; readonly length: number }
  | { readonly kind: "cut"; readonly at: number };

const at = fc.double({ min: 0, max: 1, noNaN: true });

/** Bytes on which parsers of these formats stumble: ends of ranges, varints that go on, brackets, quotes. */
const TELLING = [
  [0],
  [0x7f],
  [0x80],
  [0xff],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [...Buffer.from("[[[[[[[[")],
  [...Buffer.from('{"":')],
  [...Buffer.from('"\\u')],
  [...Buffer.from("1e999")],
  [...Buffer.from("-9223372036854775809")],
].map((bytes) => Uint8Array.from(bytes));

const bytes = fc.oneof(fc.constantFrom(...TELLING), fc.uint8Array({ minLength: 1, maxLength: 16 }));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), at, byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant("flip" as const), at, bit: fc.integer({ min: 0, max: 7 }) }),
  fc.record({ kind: fc.constant("insert" as const), at, bytes }),
  fc.record({
    kind: fc.constantFrom("remove" as const, "repeat" as const),
    at,
    length: fc.double({ min: 0, max: 0.3, noNaN: true }),
  }),
  fc.record({ kind: fc.constant("cut" as const), at }),
);

function mutate(input: Uint8Array, change: Mutation): Uint8Array {
  const position = Math.floor(change.at * input.length);
  const [before, after] = [input.subarray(0, position), input.subarray(position)];
  switch (change.kind) {
    case "set":
    case "flip": {
      if (position >= input.length) return input;
      const copy = Uint8Array.from(input);
      copy[position] = change.kind === "set" ? change.byte : copy[position]! ^ (1 << change.bit);
      return copy;
    }
    case "insert":
      return Buffer.concat([before, change.bytes, after]);
    case "remove":
      return Buffer.concat([before, after.subarray(Math.ceil(change.length * after.length))]);
    case "repeat":
      return Buffer.concat([before, after.subarray(0, Math.ceil(change.length * after.length)), after]);
    case "cut":
      return before;
  }
}

/** Seeds with up to six changes, and now and then nothing but noise. */
export function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const changed = fc
    .tuple(fc.constantFrom(...seeds), fc.array(mutation, { maxLength: 6 }))
    .map(([seed, changes]) => Uint8Array.from(changes.reduce(mutate, seed)));
  return fc.oneof(
    { weight: 19, arbitrary: changed },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  );
}
