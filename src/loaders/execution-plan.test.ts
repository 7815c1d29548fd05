import assert from "node:assert/strict";
import { it } from "node:test";
import type { Program, Step } from "../import/program.ts";
import { planExecution } from "./execution-plan.ts";

const session = (index: number, inputs: number[], outputs: number[]): Step => ({
  kind: "session",
  session: index,
  inputs,
  outputs,
});

// Register 0 is the input; session 0 gives 1 and 2, session 1 reads 1 and gives 3, session 2 reads 2 and gives 4.
const program: Program = {
  registerCount: 5,
  constants: [],
  steps: [session(0, [0], [1, 2]), session(1, [1], [3]), session(2, [2], [4])],
  outputs: [3, 4, 0],
};

function plan(outputs: readonly number[]): string[] {
  return planExecution(program, outputs).steps.map(
    ({ step, wanted }) => `${step.kind === "session" ? step.session : ""}[${wanted}]`,
  );
}

it("runs everything for all outputs", () => {
  assert.deepEqual(plan([0, 1, 2]), ["0[0,1]", "1[0]", "2[0]"]);
});

it("leaves out the steps and outputs that nobody needs", () => {
  assert.deepEqual(plan([1]), ["0[1]", "2[0]"]);
  assert.deepEqual(plan([2]), []);
});

it("gives the outputs' registers in the order wanted", () => {
  assert.deepEqual(planExecution(program, [2, 0]).outputs, [0, 3]);
});

it("runs a step that may refuse the request, and what it needs, whatever is wanted", () => {
  const check: Step = {
    kind: "host",
    op: "Assert",
    name: "a",
    origin: "",
    attrs: {},
    inputs: [1],
    outputs: [],
    effect: true,
  };
  const checked = { ...program, steps: [...program.steps, check] };
  assert.deepEqual(
    planExecution(checked, [2]).steps.map(({ step }) => step.kind),
    ["session", "host"],
  );
});

it("tells after which step nobody looks at a register any more", () => {
  const deadOf = (outputs: readonly number[]) =>
    planExecution(program, outputs).steps.map(({ dead }) => dead);
  assert.deepEqual(deadOf([0, 1]), [[0], [1], [2]]);
  // What a step gives without being asked dies at once.
  assert.deepEqual(deadOf([1]), [[0, 1], [2]]);
  assert.deepEqual(deadOf([0, 1, 2]), [[], [1], [2]]);
});
