import assert from "node:assert/strict";
import { beforeEach, describe, it, type TestContext } from "node:test";
import type { EngineModel, OnnxEngine, OperatorThreads, SessionDescriptor } from "../engines/engine.ts";
import { createSession } from "./session-creation.ts";

const model: EngineModel = {
  graph: new Uint8Array(0),
  weights: [],
  inputs: [{ name: "x", dtype: "float32", shape: [-1] }],
  outputs: [],
};

/** The time that runs take passes on this clock alone: what else the machine does makes no difference. */
let now = 0;
beforeEach((t) => {
  now = 0;
  (t as TestContext).mock.method(performance, "now", () => now);
});

/** An engine whose runs take so many milliseconds. `living` are the threads of the sessions that were not destroyed. */
function engine(milliseconds: Readonly<Record<OperatorThreads, number>>) {
  const living: OperatorThreads[] = [];
  const calls: string[] = [];
  const made: OnnxEngine = {
    name: "timed",
    create: async ({ inputs, outputs }, threads = "engine") => {
      living.push(threads);
      calls.push(`create ${threads}`);
      return { engine: threads, handle: 0n, inputs, outputs, weightBytes: 0 };
    },
    attach: ({ engine, inputs, outputs }: SessionDescriptor) => ({
      inputs,
      outputs,
      run: () => {
        now += milliseconds[engine as OperatorThreads];
        return { tensors: [], dispose() {} };
      },
      runAsync: () => assert.fail("not asked for"),
      release() {},
    }),
    shareWeights: () => assert.fail("not asked for"),
    releaseWeights: () => assert.fail("not asked for"),
    destroy: ({ engine }) => {
      living.splice(living.indexOf(engine as OperatorThreads), 1);
      calls.push(`destroy ${engine}`);
    },
  };
  return { made, living, calls };
}

describe("the threads of a session's operators", () => {
  it("are the engine's where runs are long", async () => {
    const { made, living, calls } = engine({ engine: 12, caller: 12 });
    const { probe } = await createSession(made, { model, isUnbounded: false }, undefined);
    assert.deepEqual(calls, ["create engine"]);
    assert.deepEqual(living, ["engine"]);
    assert.ok(probe!.microseconds >= 12_000);
  });

  it("are the caller's where more threads hardly make runs shorter, else the engine's", async () => {
    const [little, much] = [engine({ engine: 4, caller: 5 }), engine({ engine: 2, caller: 5 })];
    await createSession(little.made, { model, isUnbounded: false }, undefined);
    assert.deepEqual(little.living, ["caller"]);
    await createSession(much.made, { model, isUnbounded: false }, undefined);
    assert.deepEqual(much.living, ["engine"]);
  });

  it("are the caller's where runs are short, the weights being in memory once", async () => {
    const { made, living, calls } = engine({ engine: 0, caller: 0 });
    await createSession(made, { model, isUnbounded: false }, undefined);
    assert.deepEqual(calls, ["create engine", "destroy engine", "create caller"]);
    assert.deepEqual(living, ["caller"]);
  });

  it("are the engine's where runs are short only with them", async () => {
    const { made, living } = engine({ engine: 0, caller: 3 });
    const { session } = await createSession(made, { model, isUnbounded: false }, undefined);
    assert.deepEqual(living, ["engine"]);
    assert.equal(session.engine, "engine");
  });
});
