import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type GraphNode, graphOf, parseRef } from "./graph.ts";
import type { Place } from "./placement.ts";
import { cutRegions } from "./regions.ts";

/** `name: input input`; the first letter of a name says where the node runs: n(umeric), h(ost), c(onstant). */
function cut(lines: readonly string[], feeds: readonly string[] = []): string[] {
  const nodes = lines.map((line): GraphNode => {
    const [name, ...inputs] = line.split(/:? +/) as [string, ...string[]];
    return { name: name.replace(/:$/, ""), op: "", inputs: inputs.map(parseRef), controls: [], attrs: {} };
  });
  const places: Record<string, Place> = { n: "onnx", h: "host", c: "constant" };
  const regions = cutRegions(graphOf(nodes), (node) => places[node.name[0]!]!, new Set(feeds));
  return regions.map(({ place, nodes, fixed }) => {
    const parts = fixed.length === 0 ? [nodes] : [nodes, fixed];
    return `${place}: ${parts.map((part) => part.map((node) => node.name).join(" ")).join(" / ")}`;
  });
}

describe("cutRegions", () => {
  it("makes one region of a numeric graph, without its constants", () => {
    assert.deepEqual(cut(["c1:", "n1: x c1", "n2: n1", "n3: n1 n2"], ["x:0"]), ["onnx: n1 n2 n3"]);
  });

  it("puts a host op before the region that needs it and after the one that feeds it", () => {
    assert.deepEqual(cut(["h1: x", "n1: h1", "h2: n1", "n2: h2 n1"], ["x:0"]), [
      "host: h1",
      "onnx: n1",
      "host: h2",
      "onnx: n2",
    ]);
  });

  it("joins parallel branches, and never lets a region wait for itself", () => {
    const lines = ["n1: x", "h1: n1", "n2: x", "n3: h1 n2", "n4: n1"];
    assert.deepEqual(cut(lines, ["x:0"]), ["onnx: n1 n2 n4", "host: h1", "onnx: n3"]);
  });

  it("keeps chains of host ops in order", () => {
    assert.deepEqual(cut(["h1: x", "h2: h1", "h3: h2 h1"], ["x:0"]), ["host: h1", "host: h2", "host: h3"]);
  });

  it("does not wait for a node whose output is fed", () => {
    assert.deepEqual(cut(["h1:", "n1: h1"], ["h1:0"]), ["host: h1", "onnx: n1"]);
    assert.deepEqual(cut(["n1: h1:0"], ["h1:0"]), ["onnx: n1"]);
  });

  it("gives what depends on constants only to every region that reads it, and to others by itself", () => {
    const lines = ["c1:", "n1: c1", "n2: n1", "n3: x n2", "h1: n3 n1", "n4: h1 n1"];
    assert.deepEqual(cut(lines, ["x:0"]), ["onnx: n1 n2", "onnx: n3 / n1 n2", "host: h1", "onnx: n4 / n1"]);
  });

  it("does not take for constant what is fed", () => {
    assert.deepEqual(cut(["c1:", "n1: c1", "n2: n1"], ["c1:0"]), ["onnx: n1 n2"]);
    assert.deepEqual(cut(["c1:", "n1: c1", "n2: n1"], ["n1:0"]), ["onnx: n1", "onnx: n2"]);
  });
});
