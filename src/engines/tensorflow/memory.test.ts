import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { NumericTensor, StringTensor } from "../../tensor/tensor.ts";
import type { SessionTensor } from "../engine.ts";
import { MIB, residentBytes } from "../memory-cases.ts";
import { createEngine } from "./contract-subject.ts";
import { skipWithoutLibrary } from "./found-library.ts";
import { constant, type GraphCase, node, placeholder, typeAttr, writeSavedModel } from "./graph-cases.ts";

/** y = x * w, with a weight of size x size; t = s. */
function layer(size: number): GraphCase {
  const x: SessionTensor = { name: "x", dtype: "float32", shape: [-1, size] };
  const s: SessionTensor = { name: "s", dtype: "string", shape: [-1] };
  return {
    nodes: [
      placeholder(x),
      placeholder(s),
      constant("w", { dtype: "float32", shape: [size, size], data: new Float32Array(size * size).fill(0.5) }),
      node("y", "MatMul", ["x", "w"], { T: typeAttr("float32") }),
      node("t", "Identity", ["s"], { T: typeAttr("string") }),
    ],
    inputs: [x, s],
    outputs: [
      { ...x, name: "y" },
      { ...s, name: "t" },
    ],
  };
}

/** Its weight takes 1 MiB. */
const model = layer(512);

const strings: StringTensor = {
  dtype: "string",
  shape: [5],
  data: Array.from({ length: 5 }, (_, i) => new Uint8Array(20 * i).fill(i)),
};

function ones(batch: number, size = 512): NumericTensor {
  return { dtype: "float32", shape: [batch, size], data: new Float32Array(batch * size).fill(1) };
}

describe("memory", { skip: skipWithoutLibrary }, () => {
  if (skipWithoutLibrary !== false) return;
  const engine = createEngine();
  const directory = mkdtempSync(join(tmpdir(), "servable-memory-"));
  after(() => rmSync(directory, { recursive: true }));
  writeSavedModel(directory, model);
  const source = { directory, tags: ["serve"], config: new Uint8Array(0) };

  it("stays as it was over 100 loads and unloads", async () => {
    const cycle = async () => {
      const loaded = engine.load(source);
      const session = engine.attach(engine.describe(loaded, model.inputs, model.outputs));
      const result = session.run([ones(64), strings], [0, 1]);
      assert.equal(result.tensors[0]!.data[0], 256);
      result.dispose();
      (await session.runAsync([ones(4), strings], [0, 1])).dispose();
      session.release();
      engine.destroy(loaded);
    };
    for (let i = 0; i < 20; i++) await cycle();
    const before = await residentBytes();
    for (let i = 0; i < 100; i++) await cycle();
    const grown = (await residentBytes()) - before;
    assert.ok(grown < 12 * MIB, `grew by ${grown} bytes, where 100 weights take ${100 * MIB}`);
  });

  it("is not taken by a model that is refused", async () => {
    const refuse = () => assert.throws(() => engine.load({ ...source, tags: ["other"] }), /meta graph/);
    for (let i = 0; i < 50; i++) refuse();
    const before = await residentBytes();
    for (let i = 0; i < 300; i++) refuse();
    const grown = (await residentBytes()) - before;
    // Each has a graph and options.
    assert.ok(grown < 3 * MIB, `grew by ${grown} bytes`);
  });

  it("stays as it was over 100,000 runs, whether they succeed or fail", async () => {
    const small = layer(8);
    const folder = join(directory, "small");
    writeSavedModel(folder, small);
    const loaded = engine.load({ ...source, directory: folder });
    const session = engine.attach(engine.describe(loaded, small.inputs, small.outputs));
    const wrong = ones(1, 3);
    // The outputs of the large one are views.
    const [one, large] = [ones(1, 8), ones(1000, 8)];
    const runs = async (count: number) => {
      for (let i = 0; i < count; i++) {
        session.run([i % 50 === 0 ? large : one, strings], [0, 1]).dispose();
        if (i % 4 === 0)
          assert.throws(() => session.run([wrong, strings], [0, 1]), /Matrix size-incompatible/);
        if (i % 4 === 1) assert.throws(() => session.run([strings, strings], [0]), /to be float but string/);
        if (i % 100 === 0) (await session.runAsync([large, strings], [0, 1])).dispose();
      }
    };
    await runs(30_000);
    const before = await residentBytes();
    await runs(100_000);
    const grown = (await residentBytes()) - before;
    // A leaked tensor takes more than 100 bytes, leaked strings more than 300.
    assert.ok(grown < 5 * MIB, `grew by ${grown} bytes`);
    session.release();
    engine.destroy(loaded);
  });
});
