import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DType } from "../tensor/dtype.ts";
import type { PartialShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { countingOf } from "./counter-formula.ts";
import { formatRef, type GraphNode, parseRef } from "./graph.ts";

const one: Tensor = { dtype: "int32", shape: [], data: Int32Array.of(1) };

function node(name: string, op: string, ...inputs: string[]): GraphNode {
  return { name, op, inputs: inputs.map(parseRef), controls: [], attrs: {} };
}

const LOOP = [node("next", "AddV2", "i", "one"), node("goes_on", "Less", "next", "n")];

function counting(
  nodes: readonly GraphNode[],
  { shape, dtype }: { readonly shape: PartialShape; readonly dtype: DType } = { shape: [], dtype: "int32" },
) {
  return countingOf({
    nodes,
    outputs: ["goes_on", "next"].map(parseRef),
    types: { of: ({ node: name }) => (name === "goes_on" ? "bool" : name === "n" ? dtype : "int32") },
    source: ({ node: name }) =>
      name === "one"
        ? { constant: one, shape: [] }
        : { constant: undefined, shape: name === "n" ? shape : [] },
  });
}

describe("countingOf", () => {
  it("writes down what nodes count and compare", () => {
    const found = counting(LOOP)!;
    assert.deepEqual(found.inputs.map(formatRef), ["i:0", "n:0"]);
    assert.deepEqual(found.formula, {
      constants: [1],
      steps: [
        { op: "AddV2", inputs: [0, 2] },
        { op: "Less", inputs: [3, 1] },
      ],
      outputs: [
        { slot: 4, dtype: "bool" },
        { slot: 3, dtype: "int32" },
      ],
    });
  });

  it("gives up where more than int32 and bool scalars go through", () => {
    assert.equal(counting(LOOP, { shape: [2], dtype: "int32" }), undefined);
    assert.equal(counting(LOOP, { shape: undefined, dtype: "int32" }), undefined);
    assert.equal(counting(LOOP, { shape: [], dtype: "int64" }), undefined);
    assert.equal(counting([node("goes_on", "Identity", "flag"), node("next", "Identity", "i")]), undefined);
    assert.equal(counting([...LOOP, node("list", "Range", "i", "n", "one")]), undefined);
  });
});
