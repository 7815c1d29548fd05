import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { DataType } from "../proto/gen/tensorflow/core/framework/types_pb.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { withChosenBranch } from "./fixed-branch.ts";
import { formatRef, type GraphNode, graphOf, parseRef } from "./graph.ts";
import type { PreparedFlow, PreparedGraph } from "./prepared-graph.ts";
import { TensorTypes } from "./tensor-types.ts";

const tensor: Tensor = { dtype: "int32", shape: [2], data: Int32Array.of(3, 4) };

const type = DataType.DT_INT32;
/** What the ops of this file say of their types. */
const attrs = Object.fromEntries([
  ...["T", "dtype"].map((name) => [name, create(AttrValueSchema, { value: { case: "type", value: type } })]),
  ...["Tin", "Tout"].map((name) => [
    name,
    create(AttrValueSchema, { value: { case: "list", value: { type: [type, type] } } }),
  ]),
]);

function node(name: string, op: string, inputs: readonly string[], ...controls: string[]): GraphNode {
  return { name, op, inputs: inputs.map(parseRef), controls, attrs };
}

function prepared(nodes: readonly GraphNode[], feeds: readonly string[], outputs: readonly string[]) {
  const graph = graphOf(nodes);
  const fed = feeds.map((name) => ({ name, ref: parseRef(name), dtype: "int32" as const, shape: [2] }));
  const types = new TensorTypes(graph, fed);
  return { graph, feeds: fed, outputs: outputs.map(parseRef), types } satisfies PreparedGraph;
}

function lines({ graph }: PreparedGraph): readonly string[] {
  return [...graph.nodes.values()].map(({ name, op, inputs, controls }) =>
    [name, op, ...inputs.map(formatRef), ...controls.map((control) => `^${control}`)].join(" "),
  );
}

const tensorArgument = { kind: "tensor", dtype: "int32" } as const;

function choice(outer: PreparedGraph, branches: readonly PreparedGraph[], which: number, known: Tensor[]) {
  const chooser = outer.graph.nodes.get("if")!;
  const table = outer.graph.nodes.get("table");
  const [selector, ...inputs] = chooser.inputs as [GraphNode["inputs"][0], ...GraphNode["inputs"]];
  const args = inputs.map(({ node: from }) =>
    from === "table" ? { kind: "bound" as const, node: table! } : tensorArgument,
  );
  const flow: PreparedFlow = {
    flow: { kind: "branch", select: "truth", selector, branches: ["then", "else"], inputs },
    args,
    functions: branches,
    invariants: new Set(),
  };
  return { node: chooser, flow, which, known };
}

describe("withChosenBranch", () => {
  it("puts the nodes of the branch in the place of the choice, and forgets what only the choice needed", () => {
    const outer = prepared(
      [
        node("test", "Greater", ["x", "x"]),
        node("if", "If", ["test", "x", "y"]),
        node("after", "Neg", ["if:1"]),
      ],
      ["x", "y"],
      ["after", "if"],
    );
    const then = prepared(
      [node("if/branch_0/sum", "AddV2", ["if/branch_0/argument_0", "if/branch_0/argument_1"])],
      ["if/branch_0/argument_0", "if/branch_0/argument_1"],
      ["if/branch_0/argument_1", "if/branch_0/sum"],
    );
    const { prepared: joined, moved } = withChosenBranch(outer, choice(outer, [then], 0, []));
    assert.deepEqual(lines(joined), ["if/branch_0/sum AddV2 x:0 y:0", "after Neg if/branch_0/sum:0"]);
    assert.deepEqual(joined.outputs.map(formatRef), ["after:0", "y:0"]);
    assert.deepEqual(
      ["if:1", "x:0"].map((ref) => formatRef(moved(parseRef(ref)))),
      ["if/branch_0/sum:0", "x:0"],
    );
    assert.equal(joined.feeds, outer.feeds);
  });

  it("makes constants of what is known, and takes what is bound from where it is", () => {
    const outer = prepared(
      [node("table", "Const", []), node("if", "If", ["x", "x", "table", "y"])],
      ["x", "y"],
      ["if"],
    );
    const other = prepared(
      [node("table", "Const", []), node("b/sum", "AddN", ["b/argument_0", "table", "b/argument_2"])],
      ["b/argument_0", "b/argument_2"],
      ["b/sum"],
    );
    const { prepared: joined } = withChosenBranch(outer, choice(outer, [other, other], 1, [tensor]));
    assert.deepEqual(lines(joined).toSorted(), [
      "b/argument_0 Const",
      "b/sum AddN b/argument_0:0 table:0 y:0",
      "table Const",
    ]);
  });

  it("keeps what has an effect, and the order in which effects happen", () => {
    const outer = prepared(
      [
        node("first", "Assert", ["x"]),
        node("if", "If", ["x", "x"], "first"),
        node("last", "Assert", ["x"], "if"),
      ],
      ["x"],
      ["if"],
    );
    const then = prepared(
      [node("b/check", "Assert", ["b/argument_0"]), node("b/neg", "Neg", ["b/argument_0"], "b/check")],
      ["b/argument_0"],
      ["b/neg"],
    );
    const { prepared: joined } = withChosenBranch(outer, choice(outer, [then], 0, []));
    const written = lines(joined);
    assert.ok(written.includes("b/check Assert x:0 ^first"));
    assert.match(written.find((line) => line.startsWith("last "))!, /\^b\/check/);
    assert.ok(!written.some((line) => line.includes("if")));
  });
});
