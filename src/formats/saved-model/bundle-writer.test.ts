import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Code } from "../../status/status.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount, type Shape } from "../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { mergeBundles } from "./bundle-merge.ts";
import { bundleFiles, type SavedTensor } from "./bundle-writer.ts";
import { parseShapeAndSlice } from "./tensor-slice.ts";

/** What TensorFlow wrote: fixtures/file-ops/make.py. */
const FOLDER = fileURLToPath(new URL("../../../fixtures/file-ops/checkpoints/", import.meta.url));

/** Numbers from 0 on, plus what is added. float16 and bfloat16 are given as bits. */
function counting(dtype: DType, shape: Shape, first = 0): Tensor {
  const { array, lanes } = dtypeInfo(dtype);
  const data = new array!(elementCount(shape) * lanes);
  const isWide = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (let i = 0; i < data.length; i++) {
    const value = lanes === 2 ? (i % 2 === 0 ? first + i / 2 : 0) : first + i;
    data[i] = isWide ? BigInt(value) : value;
  }
  return { dtype, shape, data } as NumericTensor;
}

function bits(dtype: "float16" | "bfloat16", values: readonly number[]): Tensor {
  return { dtype, shape: [2, 3], data: Uint16Array.from(values) };
}

function strings(shape: Shape, ...values: string[]): Tensor {
  return { dtype: "string", shape, data: values.map((value) => Buffer.from(value)) };
}

function named(name: string, tensor: Tensor, shapeAndSlice = ""): SavedTensor {
  return { name: Buffer.from(name).toString("latin1"), tensor, part: parseShapeAndSlice(shapeAndSlice) };
}

const TYPES: readonly DType[] = [
  ..."float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64".split(" "),
  ..."complex64 complex128".split(" "),
] as DType[];

const bundles: Readonly<Record<string, readonly SavedTensor[]>> = {
  types: [
    named("of/float16", bits("float16", [0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500])),
    ...TYPES.slice(0, 10).map((dtype) => named(`of/${dtype}`, counting(dtype, [2, 3]))),
    named("of/bool", { dtype: "bool", shape: [2, 3], data: Uint8Array.of(0, 1, 1, 1, 1, 1) }),
    ...TYPES.slice(10).map((dtype) => named(`of/${dtype}`, counting(dtype, [2, 3]))),
    named("of/bfloat16", bits("bfloat16", [0, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0])),
  ],
  strings: [
    named("texts", strings([2, 2], "a", "", "été", "x".repeat(300))),
    named("scalar", strings([], "one")),
    named("none", strings([0])),
  ],
  forms: [
    named("scalar", counting("float32", [], 7)),
    named("empty", counting("float32", [0, 3])),
    named("é", counting("int64", [], -1)),
  ],
  slices: [
    named("table", counting("float32", [2, 3]), "4 3 0,2:-"),
    named("table", counting("float32", [2, 3], 6), "4 3 2,2:-"),
    named("whole", counting("int32", [2, 3]), "2 3 -:-"),
    named("words", strings([1], "first"), "4 0,1"),
    named("words", strings([3], "2", "", "4"), "4 1,3"),
  ],
  part: [named("table", counting("float32", [2, 3]), "4 3 0,2:-")],
};

describe("bundleFiles", () => {
  for (const [name, tensors] of Object.entries(bundles)) {
    it(`writes ${name} as TensorFlow does, byte for byte`, () => {
      const { index, data } = bundleFiles(tensors);
      assert.deepEqual(Buffer.concat(data), readFileSync(`${FOLDER}${name}.data-00000-of-00001`));
      assert.deepEqual(Buffer.from(index), readFileSync(`${FOLDER}${name}.index`));
    });
  }

  it("writes an index of several blocks as TensorFlow does", () => {
    const tensors = Array.from({ length: 5000 }, (_, i) => {
      const number = String(i).padStart(5, "0");
      return named(`layer_${number}/a/rather/long/name/as/models/have/them/kernel`, counting("int32", [], i));
    });
    const { index, data } = bundleFiles(tensors);
    const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    const expected = JSON.parse(readFileSync(`${FOLDER}many.json`, "utf8"));
    assert.ok(index.length > 1 << 18);
    assert.deepEqual(
      { "many.index": digest(index), "many.data-00000-of-00001": digest(Buffer.concat(data)) },
      expected,
    );
  });

  for (const [what, tensors] of Object.entries({
    "a name twice": [named("a", counting("int32", [])), named("a", counting("int32", []))],
    "no name": [named("", counting("int32", []))],
    "a slice twice": [
      named("a", counting("int32", [1]), "2 0,1"),
      named("a", counting("int32", [1]), "2 0,1"),
    ],
    "slices of other shapes": [
      named("a", counting("int32", [1]), "2 0,1"),
      named("a", counting("int32", [1]), "3 1,1"),
    ],
    "slices of other types": [
      named("a", counting("int32", [1]), "2 0,1"),
      named("a", counting("int64", [1]), "2 1,1"),
    ],
    "a tensor and a slice of it": [
      named("a", counting("int32", [2])),
      named("a", counting("int32", [1]), "2 1,1"),
    ],
    "a slice and its tensor": [
      named("a", counting("int32", [1]), "2 1,1"),
      named("a", counting("int32", [2])),
    ],
  })) {
    it(`refuses ${what}, at some of which TensorFlow ends the process`, () => {
      assert.throws(() => bundleFiles(tensors), { code: Code.INVALID_ARGUMENT });
    });
  }
});

describe("mergeBundles", () => {
  const part = (prefix: string) => ({ prefix, index: readFileSync(`${FOLDER}${prefix}.index`) });

  it("makes the index that TensorFlow makes, and says where the data files go", () => {
    const { index, moves } = mergeBundles(
      ["of_merged/second", "of_merged/first", "forms", "slices"].map(part),
      "to/merged",
    );
    assert.deepEqual(Buffer.from(index), readFileSync(`${FOLDER}merged.index`));
    assert.deepEqual(moves, [
      { from: "of_merged/second.data-00000-of-00001", to: "to/merged.data-00000-of-00004" },
      { from: "of_merged/first.data-00000-of-00001", to: "to/merged.data-00001-of-00004" },
      { from: "forms.data-00000-of-00001", to: "to/merged.data-00002-of-00004" },
      { from: "slices.data-00000-of-00001", to: "to/merged.data-00003-of-00004" },
    ]);
  });

  it("refuses a tensor or a slice that is in two", () => {
    for (const prefix of ["forms", "slices"]) {
      assert.throws(() => mergeBundles([part(prefix), part(prefix)], "x"), {
        code: Code.INVALID_ARGUMENT,
        message: /^Duplicate tensor keyed by .* encountered, when merging prefix: /,
      });
    }
  });

  it("refuses slices of different tensors, at which TensorFlow ends the process", () => {
    const [whole, other] = ["4 0,1", "5 1,1"].map((slice) =>
      bundleFiles([named("a", counting("int32", [1]), slice)]),
    );
    const parts = [whole!, other!].map(({ index }, i) => ({ prefix: `p${i}`, index }));
    assert.throws(() => mergeBundles(parts, "x"), {
      code: Code.INVALID_ARGUMENT,
      message: "The slices of a belong to different tensors, when merging prefix: p1",
    });
  });
});
