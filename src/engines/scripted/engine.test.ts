import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "../../status/status.ts";
import { CASES } from "../contract-cases.ts";
import { testEngineContract } from "../engine-contract.ts";
import { testOnnxContract } from "../onnx-contract.ts";
import { createEngine } from "./contract-subject.ts";

testEngineContract({
  create: createEngine,
  open: (engine, name) => engine.create(CASES.get(name)!.model),
  module: new URL("./contract-subject.ts", import.meta.url),
});
testOnnxContract(createEngine());

test("it tells of what was not ended, and refuses a wrong order", async () => {
  const engine = createEngine();
  const descriptor = await engine.create(CASES.get("bias")!.model);
  const session = engine.attach(descriptor);
  const result = session.run([{ dtype: "float32", shape: [0, 3], data: new Float32Array() }], [0]);
  assert.deepEqual([engine.sessions, engine.undisposed], [1, 1]);
  assert.throws(() => engine.destroy(descriptor), { code: Code.FAILED_PRECONDITION });
  result.dispose();
  session.release();
  engine.destroy(descriptor);
  assert.deepEqual([engine.sessions, engine.undisposed], [0, 0]);
  assert.throws(() => engine.destroy(descriptor), { code: Code.FAILED_PRECONDITION });
});
