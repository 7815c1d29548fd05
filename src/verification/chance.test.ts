import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { NodeDefSchema } from "../proto/gen/tensorflow/core/framework/node_def_pb.ts";
import { MetaGraphDefSchema } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import { outputsByChance } from "./chance.ts";

type Node = MessageInitShape<typeof NodeDefSchema>;

function seeds(seed: bigint): NonNullable<Node["attr"]> {
  return { seed: { value: { case: "i", value: seed } }, seed2: { value: { case: "i", value: 0n } } };
}

/** The outputs by chance of a graph whose outputs are all of its nodes but the first. */
function byChance(nodes: Node[], functions: Record<string, Node[]> = {}): Record<string, string> {
  const library = {
    function: Object.entries(functions).map(([name, nodeDef]) => ({ signature: { name }, nodeDef })),
  };
  const graph = create(MetaGraphDefSchema, { graphDef: { node: nodes, library } });
  const tensor = (name: string) =>
    [name, { dtype: "float32", shape: undefined, tensorName: `${name}:0` }] as const;
  const [fed, ...others] = nodes.map(({ name }) => tensor(name!));
  const signature = { methodName: "", inputs: new Map([fed!]), outputs: new Map(others) };
  return Object.fromEntries(outputsByChance(graph, new Map([["s", signature]])).get("s") ?? []);
}

describe("outputs that depend on chance", () => {
  const x = { name: "x", op: "Placeholder" };

  it("are those that need a random op without seeds", () => {
    const found = byChance([
      x,
      { name: "draw", op: "RandomUniform", input: ["x"], attr: seeds(0n) },
      { name: "sum", op: "AddV2", input: ["x", "draw"] },
      { name: "seeded", op: "RandomUniform", input: ["x"], attr: seeds(7n) },
      { name: "stateless", op: "StatelessRandomUniform", input: ["x", "x"] },
      { name: "plain", op: "Neg", input: ["x"] },
    ]);
    assert.deepEqual(found, { draw: "RandomUniform", sum: "RandomUniform" });
  });

  it("are found in functions, and where a table is read in no order", () => {
    const call = { f: { value: { case: "func", value: { name: "f" } } } } as const;
    const found = byChance(
      [
        x,
        { name: "called", op: "PartitionedCall", input: ["x"], attr: call },
        { name: "export", op: "LookupTableExportV2", input: ["x"] },
      ],
      { f: [{ name: "shuffled", op: "RandomShuffle", input: ["x"] }] },
    );
    assert.deepEqual(found, { called: "RandomShuffle", export: "LookupTableExportV2" });
  });
});
