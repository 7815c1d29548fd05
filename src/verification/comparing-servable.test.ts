import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunResult } from "../engines/engine.ts";
import type { Servable } from "../lifecycle/servable.ts";
import { Code, StatusError } from "../status/status.ts";
import { ComparingServable } from "./comparing-servable.ts";
import { Comparison } from "./comparison.ts";
import { comparisonTable, describeDisagreements } from "./report.ts";

const spec = { dtype: "float32", shape: [], tensorName: "t:0" } as const;
const signatures = new Map([
  [
    "s",
    {
      methodName: "",
      inputs: new Map([["x", spec]]),
      outputs: new Map([
        ["y", spec],
        ["z", spec],
      ]),
    },
  ],
]);

class Scripted implements Servable {
  readonly id = { name: "m", version: 1n };
  readonly signatures = signatures;
  open = 0;
  readonly #answers: (Error | readonly number[])[];

  constructor(...answers: (Error | readonly number[])[]) {
    this.#answers = answers;
  }

  run(): RunResult {
    const answer = this.#answers.shift()!;
    if (answer instanceof Error) throw answer;
    this.open++;
    const tensors = answer.map((value) => ({
      dtype: "float32" as const,
      shape: [],
      data: Float32Array.of(value),
    }));
    return { tensors, dispose: () => void this.open-- };
  }

  signatureDefMap(): Uint8Array {
    return new Uint8Array(0);
  }
}

const invalid = new StatusError(Code.INVALID_ARGUMENT, "no");
const beyond = new StatusError(Code.OUT_OF_RANGE, "too far");

async function compare(judged: Scripted, right: Scripted, runs: number, comparison: Comparison) {
  const both = new ComparingServable(judged, right, comparison);
  const answers: unknown[] = [];
  for (let i = 0; i < runs; i++) {
    try {
      const result = await both.run("s", [], ["y", "z"]);
      answers.push(result.tensors.map(({ data }) => data[0]));
      result.dispose();
    } catch (error) {
      answers.push((error as StatusError).code);
    }
  }
  assert.deepEqual([judged.open, right.open], [0, 0]);
  return answers;
}

describe("a version on two engines", () => {
  it("is answered as the one that is right does, and says where the other differs", async () => {
    const comparison = new Comparison();
    const judged = new Scripted([1, 2], [1.5, 2], invalid, invalid, invalid, [1, 2]);
    const right = new Scripted([1, 2], [1, 2], invalid, beyond, [3, 4], invalid);
    assert.deepEqual(await compare(judged, right, 6, comparison), [
      [1, 2],
      [1, 2],
      Code.INVALID_ARGUMENT,
      Code.OUT_OF_RANGE,
      [3, 4],
      Code.INVALID_ARGUMENT,
    ]);
    assert.deepEqual(describeDisagreements(comparison), [
      "signature s, output y, request 1: y is 1.5 instead of 1",
      "signature s, request 3: fails with INVALID_ARGUMENT: no, where TensorFlow has OUT_OF_RANGE: too far",
    ]);
    const { refused, endedDifferently } = comparison.signatures.get("s")!;
    assert.deepEqual([comparison.runs, refused, endedDifferently, comparison.compared], [6, 1, 3, 4]);
    assert.equal(
      comparisonTable(comparison, signatures),
      "signature  output    compared  max abs  max rel  verdict\n" +
        "s          y                2   5.0e-1   5.0e-1  DIFFER in 1\n" +
        "s          z                2        0        0  agree\n" +
        "s          (errors)         4        -        -  DIFFER in 3, both refuse 1 (INVALID_ARGUMENT)\n",
    );
  });

  it("isn't compared in what depends on chance", async () => {
    const comparison = new Comparison({ incomparable: new Map([["s", new Map([["y", "RandomUniform"]])]]) });
    await compare(new Scripted([1, 2]), new Scripted([5, 2]), 1, comparison);
    assert.deepEqual(comparison.disagreements, []);
    assert.match(comparisonTable(comparison, signatures), /y +0 +- +- +not comparable: by RandomUniform\n/);
  });
});
