import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Tensor } from "../tensor/tensor.ts";
import { moved, withKnownFeeds } from "./fixed-branch.ts";
import { graphOf, parseRef } from "./graph.ts";
import type { PreparedGraph } from "./prepared-graph.ts";
import type { Program } from "./program.ts";
import { TensorTypes } from "./tensor-types.ts";

const tensor: Tensor = { dtype: "int32", shape: [2], data: Int32Array.of(3, 4) };

describe("withKnownFeeds", () => {
  it("puts constants in the place of what is known, and leaves the other feeds", () => {
    const graph = graphOf([{ name: "sum", op: "NoOp", inputs: [], controls: [], attrs: {} }]);
    const feeds = ["a", "b"].map((name) => ({
      name,
      ref: parseRef(name),
      dtype: "int32" as const,
      shape: [2],
    }));
    const prepared: PreparedGraph = {
      graph,
      feeds,
      outputs: [parseRef("sum")],
      types: new TensorTypes(graph, feeds),
    };
    const bound = withKnownFeeds(prepared, [tensor, undefined]);
    assert.deepEqual(
      bound.feeds.map(({ name }) => name),
      ["b"],
    );
    assert.deepEqual(
      [...bound.graph.nodes.values()].map(({ name, op }) => `${name} ${op}`),
      ["a Const", "sum NoOp"],
    );
    assert.equal(withKnownFeeds(prepared, [undefined, undefined]), prepared);
  });
});

describe("moved", () => {
  it("reads the inputs where they are, and puts everything else into free registers", () => {
    const program: Program = {
      registerCount: 5,
      constants: [{ register: 2, tensor }],
      steps: [{ kind: "session", session: 7, inputs: [1, 0, 2], outputs: [3, 4] }],
      outputs: [4, 1],
    };
    assert.deepEqual(moved(program, [20, 21], 30), {
      registerCount: 33,
      constants: [{ register: 30, tensor }],
      steps: [{ kind: "session", session: 7, inputs: [21, 20, 30], outputs: [31, 32] }],
      outputs: [32, 21],
    });
  });
});
