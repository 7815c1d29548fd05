import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type GraphNode, graphOf, parseRef } from "./graph.ts";
import { outputOwners, setOutputsApart } from "./output-regions.ts";

/** `name: input input`; a name that ends in an exclamation mark is that of an Assert. */
function graph(lines: readonly string[]) {
  const nodes = lines.map((line): GraphNode => {
    const [name, ...inputs] = line.replace(":", "").split(" ") as [string, ...string[]];
    const op = name.endsWith("!") ? "Assert" : "";
    return { name, op, inputs: inputs.map(parseRef), controls: [], attrs: {} };
  });
  return graphOf(nodes);
}

const LINES = ["trunk: x", "a1: trunk", "a2: a1", "b: trunk", "both: a1 b"];

describe("regions of outputs", () => {
  it("know which output alone needs a node", () => {
    const owners = outputOwners(graph(LINES), ["a2", "b"].map(parseRef), new Set(["x:0"]));
    assert.deepEqual(Object.fromEntries(owners), { a2: 0, b: 1, a1: 0 });
    const joined = outputOwners(graph(LINES), ["a2", "both"].map(parseRef), new Set(["x:0"]));
    assert.deepEqual(Object.fromEntries(joined), { a2: 0, both: 1, b: 1 });
  });

  it("leave what an effect needs to all", () => {
    const owners = outputOwners(
      graph(["a: x", "check!: a", "b: a", "c: x"]),
      ["b", "c"].map(parseRef),
      new Set(),
    );
    assert.deepEqual(Object.fromEntries(owners), { b: 0, c: 1 });
  });

  it("are set apart where they are heavy, behind what they share", () => {
    const { nodes } = graph(LINES);
    const regions = [{ place: "onnx", nodes: [...nodes.values()].slice(0, 4), fixed: [] }] as const;
    const owners = outputOwners({ nodes }, ["a2", "b"].map(parseRef), new Set(["x:0"]));
    const cut = (heavy: string) =>
      setOutputsApart(regions, owners, new Set(), (node) => (node.name === heavy ? 1 << 20 : 5)).map(
        (region) => region.nodes.map(({ name }) => name).join(" "),
      );
    assert.deepEqual(cut("a1"), ["trunk b", "a1 a2"]);
    assert.deepEqual(cut("b"), ["trunk a1 a2", "b"]);
    assert.deepEqual(cut("trunk"), ["trunk a1 a2 b"]);
  });
});
