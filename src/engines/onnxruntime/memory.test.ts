import assert from "node:assert/strict";
import { test } from "node:test";
import type { NumericTensor } from "../../tensor/tensor.ts";
import { CASES } from "../contract-cases.ts";
import { model, node, weight } from "../contract-models.ts";
import type { EngineModel } from "../engine.ts";
import { collectGarbage, MIB, residentBytes } from "../memory-cases.ts";
import { createOnnxRuntimeEngine } from "./engine.ts";

const engine = createOnnxRuntimeEngine();

/** y = x * w, with a weight of 4 MiB. */
function layer(): EngineModel {
  const x = { name: "x", dtype: "float32", shape: [-1, 1024] } as const;
  const w = weight("w", "float32", [1024, 1024], new Float32Array(1024 * 1024).fill(0.5));
  return model([node("MatMul", ["x", "w"], ["y"])], [x], [{ ...x, name: "y" }], [w]);
}

function ones(batch: number): NumericTensor {
  return { dtype: "float32", shape: [batch, 1024], data: new Float32Array(batch * 1024).fill(1) };
}

test("200 loads and unloads leave the resident memory as it was", async () => {
  const source = layer();
  const cycle = async () => {
    const descriptor = await engine.create(source);
    const session = engine.attach(descriptor);
    const result = session.run([ones(64)], [0]);
    assert.equal(result.tensors[0]!.data[0], 512);
    result.dispose();
    (await session.runAsync([ones(8)], [0])).dispose();
    session.release();
    engine.destroy(descriptor);
  };
  for (let i = 0; i < 20; i++) await cycle();
  const before = await residentBytes();
  for (let i = 0; i < 200; i++) await cycle();
  const grown = (await residentBytes()) - before;
  assert.ok(grown < 4 * MIB, `grew by ${grown} bytes, where 200 sets of weights take ${800 * MIB}`);
});

test("sessions with shared weights have them once, and nothing is left of them in the end", async () => {
  const table = weight("table", "float32", [16_384, 1024], new Float32Array(16_384 * 1024).fill(0.5));
  const x = { name: "x", dtype: "int64", shape: [-1] } as const;
  const y = { name: "y", dtype: "float32", shape: [-1, 1024] } as const;
  const source = model([node("Gather", ["table", "x"], ["y"])], [x], [y], [{ ...table, use: "in place" }]);
  const cycle = async () => {
    const before = await residentBytes();
    const shared = engine.shareWeights(source.weights);
    const loaded = [];
    for (let i = 0; i < 3; i++) loaded.push(await engine.create(source, "engine", shared));
    const grown = (await residentBytes()) - before;
    for (const descriptor of loaded) engine.destroy(descriptor);
    engine.releaseWeights(shared);
    return grown;
  };
  await cycle();
  const before = await residentBytes();
  const grown = await cycle();
  assert.ok(grown < 100 * MIB, `three sessions take ${grown} bytes for 64 MiB of weights`);
  for (let i = 0; i < 5; i++) await cycle();
  const left = (await residentBytes()) - before;
  assert.ok(left < 16 * MIB, `grew by ${left} bytes`);
});

test("what many small weights took goes back to the system", async () => {
  const x = { name: "x", dtype: "float32", shape: [-1] } as const;
  const names = Array.from({ length: 200 }, (_, i) => `w${i}`);
  const weights = names.map((name) => weight(name, "float32", [16_000], new Float32Array(16_000).fill(1)));
  const outputs = names.map((name) => ({ ...x, name: `${name}+x` }));
  const nodes = names.map((name) => node("Add", [name, "x"], [`${name}+x`]));
  const source = model(nodes, [x], outputs, weights);
  const before = await residentBytes();
  const loaded = await Promise.all(Array.from({ length: 8 }, () => engine.create(source)));
  const held = (await residentBytes()) - before;
  assert.ok(held > 80 * MIB, `8 sessions of 12 MiB hold only ${held} bytes`);
  for (const descriptor of loaded) engine.destroy(descriptor);
  const kept = (await residentBytes()) - before;
  assert.ok(kept < 8 * MIB, `${kept} of ${held} bytes are kept`);
});

test("a model that is refused leaves nothing behind", async () => {
  const source = { ...layer(), outputs: [{ name: "z", dtype: "float32" as const, shape: undefined }] };
  const refuse = () => assert.rejects(engine.create(source), /no output 'z'; it has y/);
  for (let i = 0; i < 10; i++) await refuse();
  const before = await residentBytes();
  for (let i = 0; i < 40; i++) await refuse();
  const grown = (await residentBytes()) - before;
  assert.ok(grown < 4 * MIB, `grew by ${grown} bytes, where 40 sets of weights take ${160 * MIB}`);
});

test("100,000 runs leave the resident memory as it was, whether they succeed or fail", async () => {
  const { model: source } = CASES.get("bias")!;
  const descriptor = await engine.create(source);
  const session = engine.attach(descriptor);
  const small: NumericTensor = { dtype: "float32", shape: [1, 3], data: new Float32Array(3) };
  const large: NumericTensor = { dtype: "float32", shape: [4000, 3], data: new Float32Array(12_000) };
  const wrong: NumericTensor = { dtype: "float32", shape: [3], data: new Float32Array(3) };
  const runs = async (count: number) => {
    for (let i = 0; i < count; i++) {
      session.run([i % 20 === 0 ? large : small], [0]).dispose();
      if (i % 2 === 0) assert.throws(() => session.run([wrong], [0]), /Invalid rank/);
      if (i % 100 === 0) (await session.runAsync([large], [0])).dispose();
    }
  };
  await runs(20_000);
  const before = await residentBytes();
  await runs(100_000);
  const grown = (await residentBytes()) - before;
  // A leaked OrtValue takes more than 100 bytes, a leaked large output 48,000.
  assert.ok(grown < 3 * MIB, `grew by ${grown} bytes`);
  session.release();
  engine.destroy(descriptor);
});

test("collecting garbage at any point takes nothing that a call still needs", async () => {
  const { model: source } = CASES.get("opposite")!;
  const descriptor = await engine.create(source);
  collectGarbage();
  const session = engine.attach(descriptor);
  const pair = (value: number): NumericTensor[] =>
    [1, 2].map((times) => ({
      dtype: "float32",
      shape: [10_000],
      data: new Float32Array(10_000).fill(value * times),
    }));
  const check = (result: { readonly tensors: readonly { readonly data: ArrayLike<unknown> }[] }, i: number) =>
    assert.deepEqual(
      result.tensors.map((tensor) => tensor.data[9999]),
      [2 * i * i, -i],
    );
  for (let i = 1; i <= 10; i++) {
    collectGarbage();
    const sync = session.run(pair(i), [2, 0]);
    // Nothing here holds these inputs but the runs.
    const async = Array.from({ length: 10 }, () => session.runAsync(pair(i), [2, 0]));
    collectGarbage();
    check(sync, i);
    sync.dispose();
    for (const pending of async) {
      const result = await pending;
      collectGarbage();
      check(result, i);
      result.dispose();
    }
  }
  session.release();
  engine.destroy(descriptor);
});

test("a late look at a disposed large output finds nothing", async () => {
  const descriptor = await engine.create(layer());
  const session = engine.attach(descriptor);
  const result = session.run([ones(64)], [0]);
  const { data } = result.tensors[0]!;
  assert.equal(data.length, 64 * 1024);
  result.dispose();
  assert.equal(data.length, 0);
  session.release();
  engine.destroy(descriptor);
});
