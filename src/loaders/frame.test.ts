import assert from "node:assert/strict";
import { it } from "node:test";
import type { RunResult } from "../engines/engine.ts";
import type { Program } from "../import/program.ts";
import type { NumericTensor } from "../tensor/tensor.ts";
import { Frame } from "./frame.ts";

const program: Program = { registerCount: 5, constants: [], steps: [], outputs: [] };

function result(...lengths: number[]): RunResult & { disposed: number } {
  const tensors = lengths.map(
    (length): NumericTensor => ({ dtype: "float32", shape: [length], data: new Float32Array(length) }),
  );
  return {
    tensors,
    disposed: 0,
    dispose() {
      this.disposed++;
    },
  };
}

it("frees a native result as soon as none of its tensors is needed", () => {
  const frame = new Frame(program, [], { steps: [], outputs: [] });
  const [first, second] = [result(1, 2), result(3)];
  frame.keep([0, 1], first);
  frame.keep([2], second);
  frame.forget([0]);
  assert.deepEqual([first.disposed, second.disposed], [0, 0]);
  frame.forget([1]);
  assert.deepEqual([first.disposed, second.disposed], [1, 0]);
  frame.dispose();
  assert.deepEqual([first.disposed, second.disposed], [1, 1]);
});

it("keeps a native result whose memory an op has handed on", () => {
  const frame = new Frame(program, [], { steps: [], outputs: [] });
  const first = result(4);
  frame.keep([0], first);
  frame.write([1], [{ ...(first.tensors[0] as NumericTensor), shape: [2, 2] }]);
  frame.forget([0]);
  assert.equal(first.disposed, 0);
  frame.forget([1]);
  assert.equal(first.disposed, 1);
});
