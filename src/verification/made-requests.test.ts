import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DType } from "../tensor/dtype.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { elementCount, isCompatible, type PartialShape } from "../tensor/shape.ts";
import { madeRequest } from "./made-requests.ts";

const DTYPES: readonly DType[] = [
  ...(["float32", "float64", "float16", "bfloat16", "complex64", "complex128", "string", "bool"] as const),
  ...(["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "qint8", "quint8"] as const),
];

function inputs(...specs: readonly (readonly [DType, PartialShape])[]) {
  return {
    inputs: new Map(
      specs.map(([dtype, shape], i) => [`x${i}`, { dtype, shape, tensorName: `x${i}:0` }] as const),
    ),
  };
}

const seeds = Array.from({ length: 200 }, (_, seed) => seed);

describe("requests that are made up", () => {
  it("fit the signature, whatever the type", () => {
    for (const dtype of DTYPES) {
      const shapes: readonly PartialShape[] = [[-1, 3], [], undefined, [2, -1, -1, 1]];
      const signature = inputs(...shapes.map((shape) => [dtype, shape] as const));
      for (const seed of seeds) {
        for (const [i, tensor] of madeRequest(signature, seed, "any values")!.entries()) {
          assert.equal(tensor.dtype, dtype);
          assert.ok(isCompatible(tensor.shape, shapes[i]), `${tensor.shape}`);
          assert.equal(tensor.data.length, elementCount(tensor.shape) * (dtypeInfo(dtype).lanes || 1));
        }
      }
    }
  });

  it("are the same for the same seed, and others for another", () => {
    const signature = inputs(["float32", [-1, 4]], ["string", [-1]]);
    assert.deepEqual(madeRequest(signature, 7, "any values"), madeRequest(signature, 7, "any values"));
    assert.notDeepEqual(madeRequest(signature, 7, "any values"), madeRequest(signature, 8, "any values"));
  });

  it("come in batches of several sizes, mostly the same for all inputs, and of a size that is bearable", () => {
    const signature = inputs(["float32", [-1, 2]], ["int32", [-1]], ["float32", [-1, -1, -1, 512]]);
    const batches = new Set<number>();
    let alike = 0;
    for (const seed of seeds) {
      const [a, b, c] = madeRequest(signature, seed, "any values")!;
      batches.add(a!.shape[0]!);
      if (a!.shape[0] === b!.shape[0]) alike++;
      assert.ok(elementCount(c!.shape) <= 1 << 18);
    }
    assert.ok(
      [0, 1, 2, 3, 5, 8, 16].every((size) => batches.has(size)),
      [...batches].join(),
    );
    assert.ok(alike > 160 && alike < 200, `${alike}`);
  });

  it("have the ends of what a type holds among them, but for a loop only what is ordinary", () => {
    const signature = inputs(["int8", [64]], ["int32", []]);
    const bytes = seeds.flatMap((seed) => [
      ...(madeRequest(signature, seed, "any values")![0]!.data as Int8Array),
    ]);
    assert.ok(bytes.includes(127) && bytes.includes(-128));
    for (const seed of seeds) {
      const [, size] = madeRequest(signature, seed, "ordinary values")!;
      assert.ok(Math.abs((size!.data as Int32Array)[0]!) < 100);
      // One of 2^31 rounds, or of such a size, would take all time or memory.
      const [, amount] = madeRequest(signature, seed, "any values")!;
      assert.ok(Math.abs((amount!.data as Int32Array)[0]!) <= 1000);
    }
  });

  it("can't be made of what can't be written down", () => {
    assert.equal(madeRequest(inputs(["float32", []], ["resource", []]), 1, "any values"), undefined);
  });
});
