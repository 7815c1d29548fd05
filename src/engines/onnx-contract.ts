import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, StatusError } from "../status/status.ts";
import { CASES } from "./contract-cases.ts";
import type { OnnxEngine } from "./engine.ts";
import { float32, hasCode } from "./engine-contract.ts";

const bias = CASES.get("bias")!;

/** Registers the tests that every engine passes that makes its sessions of ONNX models. */
export function testOnnxContract(engine: OnnxEngine): void {
  test("bytes that are no model are INVALID_ARGUMENT", async () => {
    const graph = new TextEncoder().encode("this is not a model");
    await assert.rejects(engine.create({ ...bias.model, graph }), hasCode(Code.INVALID_ARGUMENT));
    await assert.rejects(
      engine.create({ ...bias.model, graph: bias.model.graph.subarray(0, 50) }),
      hasCode(Code.INVALID_ARGUMENT),
    );
  });

  test("a weight that can't be read fails the creation with its own error", async () => {
    const read = () => {
      throw new StatusError(Code.DATA_LOSS, "checksum differs");
    };
    const weights = bias.model.weights.map((weight) => ({ ...weight, read }));
    await assert.rejects(engine.create({ ...bias.model, weights }), hasCode(Code.DATA_LOSS));
  });

  test("a weight is read once, into exactly its bytes", async () => {
    const lengths: number[] = [];
    const weights = bias.model.weights.map((weight) => ({
      ...weight,
      read: (target: Uint8Array) => {
        lengths.push(target.length);
        weight.read(target);
      },
    }));
    const descriptor = await engine.create({ ...bias.model, weights });
    engine.destroy(descriptor);
    assert.deepEqual([lengths, descriptor.weightBytes], [[12], 12]);
  });

  for (const use of ["in place", "packed"] as const) {
    test(`weights that sessions share are read once (${use})`, async () => {
      let reads = 0;
      const weights = bias.model.weights.map((weight) => ({
        ...weight,
        use,
        read: (target: Uint8Array) => {
          reads++;
          weight.read(target);
        },
      }));
      const shared = engine.shareWeights(weights);
      const model = { ...bias.model, weights };
      const descriptors = [
        await engine.create(model, "engine", shared),
        await engine.create(model, "caller", shared),
      ];
      assert.equal(reads, 1);
      for (const descriptor of descriptors) {
        const session = engine.attach(descriptor);
        const result = session.run([float32([1, 3], Float32Array.of(1, 2, 3))], [0]);
        assert.deepEqual(result.tensors, [float32([1, 3], Float32Array.of(11, 22, 33))]);
        result.dispose();
        session.release();
        engine.destroy(descriptor);
      }
      engine.releaseWeights(shared);
    });
  }
}
