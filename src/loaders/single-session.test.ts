import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Program, Step } from "../import/program.ts";
import { SingleSession } from "./single-session.ts";

function single(steps: readonly Step[], outputs: readonly number[], constants: Program["constants"] = []) {
  return SingleSession.of({ registerCount: 9, steps, outputs, constants });
}

const session = (inputs: readonly number[], outputs: readonly number[]): Step => ({
  kind: "session",
  session: 0,
  inputs,
  outputs,
});

describe("SingleSession", () => {
  it("hands on what is in the session's order", () => {
    const [inputs, wanted] = [["a", "b"], [1]];
    const found = single([session([0, 1], [2, 3])], [2, 3])!;
    assert.equal(found.inputs(inputs), inputs);
    assert.equal(found.outputs(wanted), wanted);
  });

  it("puts inputs and outputs into the session's order, without what it doesn't take", () => {
    const found = single([session([2, 0], [3, 4])], [4, 3])!;
    assert.deepEqual(found.inputs(["a", "b", "c"]), ["c", "a"]);
    assert.deepEqual(found.outputs([0, 1]), [1, 0]);
    assert.deepEqual(single([session([0], [2])], [2])!.inputs(["a", "b"]), ["a"]);
  });

  it("is no program of several steps, with constants, or whose outputs the session doesn't give, each once", () => {
    assert.equal(single([session([0], [1]), session([1], [2])], [2]), undefined);
    assert.equal(single([session([0], [1])], [1, 0]), undefined);
    assert.equal(single([session([0], [1])], [1, 1]), undefined);
    const tensor = { dtype: "bool", shape: [], data: Uint8Array.of(1) } as const;
    assert.equal(single([session([0], [1])], [1], [{ register: 2, tensor }]), undefined);
  });
});
