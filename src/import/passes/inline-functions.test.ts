import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import {
  type FunctionDef,
  FunctionDefSchema,
} from "../../proto/gen/tensorflow/core/framework/function_pb.ts";
import { formatRef, type GraphNode, graphOf, parseRef } from "../graph.ts";
import { inlineFunctions } from "./inline-functions.ts";

const calling = (name: string) => ({
  f: create(AttrValueSchema, { value: { case: "func", value: { name } } }),
});

interface Body {
  readonly inputs: string[];
  /** `name op input ...` */
  readonly nodes: readonly string[];
  readonly ret: Record<string, string>;
  readonly controlRet?: Record<string, string>;
}

function library(functions: Record<string, Body>): Map<string, FunctionDef> {
  return new Map(
    Object.entries(functions).map(([name, body]) => [
      name,
      create(FunctionDefSchema, {
        signature: {
          name,
          inputArg: body.inputs.map((arg) => ({ name: arg })),
          outputArg: Object.keys(body.ret).map((arg) => ({ name: arg })),
        },
        nodeDef: body.nodes.map((line) => {
          const [node, op, ...input] = line.split(" ") as [string, string, ...string[]];
          const [base, called] = op.split("=");
          return { name: node, op: base!, input, attr: called === undefined ? {} : calling(called) };
        }),
        ret: body.ret,
        controlRet: body.controlRet ?? {},
      }),
    ]),
  );
}

function node(
  name: string,
  op: string,
  inputs: string[],
  controls: string[] = [],
  called?: string,
): GraphNode {
  const attrs = called === undefined ? {} : calling(called);
  return { name, op, inputs: inputs.map(parseRef), controls, attrs };
}

function lines(graph: { nodes: ReadonlyMap<string, GraphNode> }): string[] {
  return [...graph.nodes.values()].map(
    ({ name, op, inputs, controls }) =>
      `${name} ${op} ${[...inputs.map(formatRef), ...controls.map((control) => `^${control}`)].join(" ")}`,
  );
}

describe("inlineFunctions", () => {
  it("puts the body in the place of the call, several levels deep", () => {
    const functions = library({
      outer: { inputs: ["a"], nodes: ["inner PartitionedCall=inner a"], ret: { r: "inner:output:0" } },
      inner: { inputs: ["b"], nodes: ["neg Neg b"], ret: { r: "neg:y:0" } },
    });
    const graph = graphOf([
      node("x", "Const", []),
      node("call", "StatefulPartitionedCall", ["x"], [], "outer"),
      node("y", "Identity", ["call"]),
    ]);
    const { graph: flat, resolve } = inlineFunctions(graph, functions);
    assert.deepEqual(lines(flat), ["x Const ", "call/inner/neg Neg x:0", "y Identity call/inner/neg:0"]);
    assert.deepEqual(resolve({ node: "call", index: 0 }), { node: "call/inner/neg", index: 0 });
  });

  it("leaves out the device that a RemoteCall names, and takes a BatchFunction for a call", () => {
    const functions = library({
      f: { inputs: ["a", "b"], nodes: ["sum Add a b"], ret: { r: "sum:z:0" } },
    });
    const graph = graphOf([
      node("x", "Const", []),
      node("device", "Const", []),
      node("remote", "RemoteCall", ["device", "x", "x"], [], "f"),
      node("batch", "BatchFunction", ["remote", "x"], [], "f"),
    ]);
    const { graph: flat, resolve } = inlineFunctions(graph, functions);
    assert.deepEqual(lines(flat).slice(2), ["remote/sum Add x:0 x:0", "batch/sum Add remote/sum:0 x:0"]);
    assert.deepEqual(resolve({ node: "batch", index: 0 }), { node: "batch/sum", index: 0 });
  });

  it("finds the position of a named output", () => {
    const functions = library({
      f: {
        inputs: ["a"],
        nodes: ["top TopKV2 a a", "neg Neg top:indices:0"],
        ret: { v: "top:values:0", n: "neg:y:0" },
      },
    });
    const graph = graphOf([node("x", "Const", []), node("call", "PartitionedCall", ["x"], [], "f")]);
    const { graph: flat, resolve } = inlineFunctions(graph, functions);
    assert.deepEqual(lines(flat)[2], "call/neg Neg call/top:1");
    assert.deepEqual(resolve({ node: "call", index: 1 }), { node: "call/neg", index: 0 });
  });

  it("hands arguments through, and calls functions by their own name", () => {
    const functions = library({ f: { inputs: ["a", "b"], nodes: [], ret: { second: "b", first: "a" } } });
    const graph = graphOf([node("x", "Const", []), node("z", "Const", []), node("call", "f", ["x", "z"])]);
    const { resolve } = inlineFunctions(graph, functions);
    assert.deepEqual(resolve({ node: "call", index: 0 }), { node: "z", index: 0 });
  });

  it("makes whoever waits for the call wait for its side effects", () => {
    const functions = library({
      f: {
        inputs: ["a"],
        nodes: ["check Assert a", "neg Neg a"],
        ret: { r: "neg:y:0" },
        controlRet: { c: "check" },
      },
    });
    const graph = graphOf([
      node("x", "Const", []),
      node("call", "PartitionedCall", ["x"], ["x"], "f"),
      node("y", "Identity", ["x"], ["call"]),
    ]);
    const { graph: flat } = inlineFunctions(graph, functions);
    assert.equal(lines(flat)[1], "call/check Assert x:0 ^x");
    assert.equal(lines(flat)[3], "y Identity x:0 ^call/check ^call/neg");
  });

  it("refuses unknown functions, endless recursion and wrong numbers of inputs", () => {
    const graph = graphOf([node("x", "Const", []), node("call", "PartitionedCall", ["x"], [], "f")]);
    assert.throws(() => inlineFunctions(graph, new Map()), /calls the function f, which the model lacks/);
    const endless = library({
      f: { inputs: ["a"], nodes: ["again PartitionedCall=f a"], ret: { r: "again:output:0" } },
    });
    assert.throws(() => inlineFunctions(graph, endless), /calls itself without end/);
    const other = library({ f: { inputs: [], nodes: [], ret: {} } });
    assert.throws(() => inlineFunctions(graph, other), /passes 1 inputs to the function f, which takes 0/);
  });
});
