import assert from "node:assert/strict";
import { it } from "node:test";
import type { TensorBundle } from "../../formats/saved-model/stored-bundle.ts";
import { type FilterFolding, foldedReader } from "../../import/onnx/folded-filter.ts";
import type { CompiledWeight } from "../../import/program.ts";
import { createLockMemory } from "../../state/lock.ts";
import type { CompiledVersion } from "../compiled-version.ts";
import { decodeImport, encodeImport } from "./stored-import.ts";

/** A filter of 2 positions, 3 channels in and 200 out. */
const filter = Float32Array.from({ length: 1200 }, (_, i) => Math.cos(i));
const folding: FilterFolding = {
  positions: 2,
  inputs: 3,
  factors: Float64Array.from({ length: 200 }, (_, i) => 1 / (i + 3)),
};

const variables = {
  index: {
    shardCount: 1,
    tensors: new Map(
      ["conv/kernel", "optimizer"].map((key) => [key, { dtype: "float32", shape: [2, 3, 200], pieces: [] }]),
    ),
  },
  readInto(name, target) {
    assert.equal(name, "conv/kernel");
    target.set(new Uint8Array(filter.buffer));
  },
} as Partial<TensorBundle> as TensorBundle;

const read = (target: Uint8Array): void => variables.readInto("conv/kernel", target);

function versionWith(weight: CompiledWeight): CompiledVersion {
  const model = { graph: new Uint8Array(8), weights: [weight], inputs: [], outputs: [] };
  return {
    signatures: new Map(),
    signatureDefMap: new Uint8Array(),
    programs: new Map(),
    freePrograms: new Map(),
    sessions: [{ identity: "x", isUnbounded: false, model }],
    state: {
      lock: createLockMemory(),
      tables: new Map(),
      mutableTables: new Map(),
      variables: new Map(),
      randomStreams: new Map(),
    },
  };
}

it("leaves a folded filter in the checkpoint, and folds it when it is read", () => {
  const weight: CompiledWeight = {
    name: "filter",
    key: "filter",
    use: "own",
    dtype: "float32",
    shape: [200, 3, 2],
    read: foldedReader(folding, read),
    stored: { key: "conv/kernel" },
    folding,
  };
  const bytes = encodeImport(versionWith(weight), ["caller"], variables)!;
  assert.ok(bytes.byteLength < filter.byteLength, `${bytes.byteLength} bytes have room for the filter`);
  const stored = decodeImport(Buffer.from(bytes));
  assert.deepEqual([...stored.index!.tensors.keys()], ["conv/kernel"]);
  const [found] = stored.version(variables).sessions[0]!.model.weights;
  const values = new Float32Array(1200);
  found!.read(new Uint8Array(values.buffer));
  for (const [out, factor] of folding.factors.entries()) {
    for (let i = 0; i < 3; i++) {
      for (let position = 0; position < 2; position++) {
        const expected = Math.fround(filter[(position * 3 + i) * 200 + out]! * factor);
        assert.equal(values[(out * 3 + i) * 2 + position], expected, `${out}, ${i}, ${position}`);
      }
    }
  }
  // Where the target lies in memory makes no difference.
  const shifted = new Uint8Array(4801).subarray(1);
  found!.read(shifted);
  assert.deepEqual(Buffer.from(shifted), Buffer.from(values.buffer));
});
