import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, StatusError } from "../../status/status.ts";
import { memoryStorage } from "../../storage/memory.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount } from "../../tensor/shape.ts";
import { type Expected, type ExpectedValue, expectedOf, fixtureFiles } from "./fixture-cases.ts";
import type { TensorBundle } from "./stored-bundle.ts";
import { openBundle } from "./tensor-bundle.ts";

const BUNDLES: readonly [name: string, prefix: string][] = [
  ["tf1_partitioned", "/tf1_partitioned/variables/variables"],
  ["tf1_text", "/tf1_text/variables/variables"],
  ["tf2_sharded", "/tf2_sharded/variables/variables"],
  ["snappy_bundle", "/snappy_bundle/variables"],
];
/** Without an expected value: TensorFlow's reader can't join strings, and the object graph is no variable. */
const UNREAD = new Set(["words", "_CHECKPOINTABLE_OBJECT_GRAPH"]);

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

function read(bundle: TensorBundle, name: string): ExpectedValue {
  const { dtype, shape } = bundle.entry(name)!;
  if (dtype === "string") return { dtype, shape, strings: bundle.readStrings(name).map(base64) };
  const target = new Uint8Array(elementCount(shape) * dtypeInfo(dtype).size).fill(0xa5);
  bundle.readInto(name, target);
  return { dtype, shape, bytes: base64(target) };
}

function readAll(bundle: TensorBundle): Expected["tensors"] {
  const names = [...bundle.names()].filter((name) => !UNREAD.has(name));
  return Object.fromEntries(names.map((name) => [name, read(bundle, name)]));
}

const refusal = (code: Code, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};

describe("TensorBundle", () => {
  for (const [name, prefix] of BUNDLES) {
    it(`reads every tensor of ${name} as TensorFlow does`, async () => {
      const bundle = await openBundle(memoryStorage(fixtureFiles(name)), prefix);
      assert.deepEqual(readAll(bundle), expectedOf(name).tensors);
      bundle.close();
    });
  }

  const partitioned = () =>
    openBundle(memoryStorage(fixtureFiles("tf1_partitioned")), "/tf1_partitioned/variables/variables");

  it("joins strings that are stored in slices", async () => {
    const bundle = await partitioned();
    const words = bundle.readStrings("words").map((bytes) => Buffer.from(bytes).toString());
    assert.deepEqual(words, ["", "a", "zażółć", "x".repeat(300)]);
    bundle.close();
  });

  it("reads any box of a tensor, across its slices", async () => {
    const bundle = await partitioned();
    for (const name of ["reference/columns", "resource/rows"]) {
      const shape = bundle.entry(name)!.shape;
      const [rows, columns] = [shape[0]!, shape[1]!];
      const whole = new Float32Array(rows * columns);
      bundle.readInto(name, new Uint8Array(whole.buffer));
      for (const [r, c, height, width] of [
        [0, 0, rows, columns],
        [1, 1, 2, columns - 1],
        [rows - 1, 0, 1, columns],
        [0, columns - 1, rows, 1],
        [60 % rows, 0, rows - (60 % rows), 2],
      ] as const) {
        const part = new Float32Array(height * width);
        bundle.readInto(name, new Uint8Array(part.buffer), { start: [r, c], length: [height, width] });
        const expected = part.map((_, i) => whole[(r + Math.floor(i / width)) * columns + c + (i % width)]!);
        assert.deepEqual(part, expected, `${name} at ${r}, ${c}`);
      }
    }
    bundle.close();
  });

  it("says what can't be asked of it", async () => {
    const bundle = await partitioned();
    const some = new Uint8Array(8);
    assert.equal(bundle.entry("none"), undefined);
    assert.throws(() => bundle.readInto("none", some), refusal(Code.NOT_FOUND, /variables\.index; .*"none"/));
    assert.throws(
      () => bundle.readInto("words", some),
      refusal(Code.UNIMPLEMENTED, /"words" is of type string/),
    );
    assert.throws(
      () => bundle.readStrings("ints"),
      refusal(Code.INVALID_ARGUMENT, /"ints" is of type int64/),
    );
    assert.throws(() => bundle.readInto("ints", some), refusal(Code.INVALID_ARGUMENT, /is 16 bytes, not 8/));
    for (const slice of [
      { start: [0], length: [1] },
      { start: [0, 2], length: [1, 1] },
      { start: [-1, 0], length: [1, 1] },
    ]) {
      assert.throws(
        () => bundle.readInto("ints", some, slice),
        refusal(Code.INVALID_ARGUMENT, /has shape \[1,2\], which has no slice/),
      );
    }
    bundle.close();
  });

  it("names a file that is missing", async () => {
    for (const path of fixtureFiles("tf2_sharded").keys()) {
      if (!path.includes("/variables/")) continue;
      const files = fixtureFiles("tf2_sharded");
      files.delete(path);
      await assert.rejects(
        openBundle(memoryStorage(files), "/tf2_sharded/variables/variables"),
        refusal(Code.NOT_FOUND, new RegExp(`^${path}; `)),
      );
    }
  });

  it("reads part of a tensor of strings, across its slices", async () => {
    const bundle = await partitioned();
    const whole = bundle.readStrings("words");
    assert.equal(whole.length, 4);
    assert.deepEqual(bundle.readStrings("words", { start: [1], length: [2] }), whole.slice(1, 3));
    assert.throws(
      () => bundle.readStrings("words", { start: [3], length: [2] }),
      refusal(Code.INVALID_ARGUMENT, /no slice of \[2\] at \[3\]/),
    );
    bundle.close();
  });

  it("refuses a data file that changed after it was opened", async () => {
    const path = "/tf1_text/variables/variables.data-00000-of-00001";
    const storage = memoryStorage(fixtureFiles("tf1_text"));
    const bundle = await openBundle(
      {
        ...storage,
        async open(opened) {
          const file = await storage.open(opened);
          return { ...file, read: (_offset, target) => void target.fill(0) };
        },
      },
      "/tf1_text/variables/variables",
    );
    assert.throws(
      () => bundle.readInto("w", new Uint8Array(12)),
      refusal(Code.DATA_LOSS, new RegExp(`^${path}; has a tensor "w" whose checksum is \\d+, expected \\d+`)),
    );
  });
});
