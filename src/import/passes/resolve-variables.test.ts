import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatRef, type GraphNode, graphOf, parseRef } from "../graph.ts";
import { typeAttribute } from "./function-writer.ts";
import { resolveVariables } from "./resolve-variables.ts";

const dtype = typeAttribute("float32");

/** `name op input ^control`; all have the type attributes that any of them needs. */
function nodes(lines: readonly string[]): GraphNode[] {
  return lines.map((line) => {
    const [name, op, ...inputs] = line.split(" ") as [string, string, ...string[]];
    const controls = inputs.filter((input) => input.startsWith("^")).map((input) => input.slice(1));
    const data = inputs.filter((input) => !input.startsWith("^")).map(parseRef);
    return { name, op, inputs: data, controls, attrs: { dtype, shape: dtype, T: dtype, Tindices: dtype } };
  });
}

function resolved(lines: readonly string[], output: string, ...mutable: string[]): string[] {
  const { graph, outputs } = resolveVariables(graphOf(nodes(lines)), [parseRef(output)], new Set(mutable));
  const text = [...graph.nodes.values()].map(({ name, op, inputs, controls }) =>
    [
      name,
      op,
      ...inputs.map((ref) => formatRef(ref).replace(/:0$/, "")),
      ...controls.map((c) => `^${c}`),
    ].join(" "),
  );
  return [...text, `-> ${formatRef(outputs[0]!).replace(/:0$/, "")}`];
}

describe("resolveVariables", () => {
  it("puts constants in the place of variables that nobody changes", () => {
    const tf2 = ["v VarHandleOp", "r ReadVariableOp v ^x", "g ResourceGather v i", "q VarIsInitializedOp v"];
    assert.deepEqual(resolved(tf2, "r"), [
      "v VarHandleOp",
      "r VariableValue",
      "g/value VariableValue",
      "g ResourceGatherValue g/value i",
      "q Const",
      "-> r",
    ]);
    assert.deepEqual(resolved(["v VariableV2", "i Identity v"], "i"), [
      "v VariableValue",
      "i Identity v",
      "-> i",
    ]);
  });

  it("reads the others when the reading node's turn comes", () => {
    assert.deepEqual(
      resolved(["v VarHandleOp", "r ReadVariableOp v ^x", "q VarIsInitializedOp v"], "r", "v"),
      ["v VarHandleOp", "r VariableRead ^x", "q VariableInitialized", "-> r"],
    );
    assert.deepEqual(resolved(["v VariableV2", "i Add v v ^x"], "v", "v"), [
      "v VariableV2",
      "i/read_0 VariableRead ^x",
      "i/read_1 VariableRead ^x",
      "i Add i/read_0 i/read_1 ^x",
      "outputs/read_0 VariableRead",
      "-> outputs/read_0",
    ]);
  });

  it("computes an update from what it reads, and lets nobody see its result before it is assigned", () => {
    assert.deepEqual(resolved(["v VariableV2", "a AssignAdd v d ^x", "y Neg a"], "a", "v"), [
      "v VariableV2",
      "a/before VariableRead ^x",
      "a/updated AddV2 a/before d",
      "a VariableAssign a/updated ^x",
      "a/given Identity a/updated ^a",
      "y Neg a/given",
      "-> a/given",
    ]);
    assert.deepEqual(resolved(["v VarHandleOp", "a AssignVariableOp v d ^x"], "d", "v").slice(1, -1), [
      "a VariableAssign d ^x",
    ]);
  });

  it("orders an update behind the one whose reference it takes", () => {
    const chained = ["v VariableV2", "a Assign v d", "b AssignSub a e"];
    assert.deepEqual(resolved(chained, "b", "v").slice(3, -1), [
      "b/before VariableRead ^a",
      "b/updated Sub b/before e",
      "b VariableAssign b/updated ^a",
      "b/given Identity b/updated ^b",
    ]);
  });

  it("leaves functions of control flow the variable itself", () => {
    assert.deepEqual(resolved(["v VariableV2", "c If p v"], "c", "v"), ["v VariableV2", "c If p v", "-> c"]);
  });
});
