import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OnnxBuilder, type OnnxGraph } from "./builder.ts";
import { modelIdentity } from "./model-identity.ts";
import { float, type OnnxNode, subgraphsOf, type Value } from "./value.ts";

const scalar = { dtype: "float32", shape: [] } as const;

/** A loop with three variables: the second changes by the first, nobody asks for the third. */
function loop(onnx: OnnxBuilder, op: "Add" | "Mul"): readonly Value[] {
  const [x, y] = [onnx.input("x", "float32", []), onnx.input("y", "float32", [])];
  const goesOn = onnx.op("Less", [x, y]);
  const inputs = [
    onnx.argument("int64", []),
    onnx.argument("bool", []),
    ...["a", "b", "c"].map(() => onnx.argument("float32", [])),
  ];
  const [, , a, b, c] = inputs as [Value, Value, Value, Value, Value];
  const graph = onnx.subgraph(inputs, () => {
    const next = onnx.op("Neg", [a]);
    return [onnx.op("Less", [next, y]), next, onnx.op(op, [b, a]), onnx.op("Exp", [c])];
  });
  return onnx.flow("Loop", [undefined, goesOn, x, y, y], { body: { graph } }, [scalar, scalar, scalar]);
}

function loopNode({ nodes }: OnnxGraph): OnnxNode {
  return nodes.find((node) => node.op === "Loop")!;
}

describe("keepLive", () => {
  it("leaves out of a loop what neither its readers nor its rounds need", () => {
    const onnx = new OnnxBuilder();
    const node = loopNode(onnx.finish([loop(onnx, "Add")[1]!]));
    const [, body] = subgraphsOf(node)[0]!;
    assert.equal(node.outputs.length, 2);
    assert.equal(node.inputs.length, 4);
    assert.equal(body.inputs.length, 4);
    assert.deepEqual(
      body.nodes.map(({ op }) => op),
      ["Neg", "Less", "Add"],
    );
  });

  it("leaves out of both sides of a condition what nobody reads", () => {
    const onnx = new OnnxBuilder();
    const x = onnx.input("x", "float32", []);
    const side = (op: string) => ({
      graph: onnx.subgraph([], () => [onnx.op(op, [x]), onnx.op("Exp", [x])]),
    });
    const condition = onnx.op("IsNaN", [x]);
    const attrs = { then_branch: side("Neg"), else_branch: side("Abs") };
    const [first] = onnx.flow("If", [condition], attrs, [scalar, scalar]);
    const { nodes } = onnx.finish([first!]);
    const sides = subgraphsOf(nodes.at(-1)!).map(([, graph]) => graph.nodes.map(({ op }) => op));
    assert.deepEqual(sides, [["Neg"], ["Abs"]]);
  });

  it("keeps constants that only a subgraph reads, outside of it", () => {
    const onnx = new OnnxBuilder();
    const x = onnx.input("x", "float32", []);
    const graph = (value: number) => ({ graph: onnx.subgraph([], () => [onnx.scalar("float32", value)]) });
    const condition = onnx.op("IsNaN", [x]);
    const outputs = onnx.flow("If", [condition], { then_branch: graph(1), else_branch: graph(2) }, [scalar]);
    assert.equal(onnx.finish(outputs).initializers.size, 2);
  });
});

describe("modelIdentity", () => {
  const identity = (op: "Add" | "Mul", scope: string) => {
    const onnx = new OnnxBuilder();
    onnx.enter(scope);
    const outputs = loop(onnx, op);
    return modelIdentity(onnx.finish(outputs), outputs);
  };

  it("tells infinities, NaN and zeros of either sign apart", () => {
    const ofAttribute = (value: number): string => {
      const onnx = new OnnxBuilder();
      const y = onnx.op("Elu", [onnx.input("x", "float32", [])], { alpha: float(value) });
      return modelIdentity(onnx.finish([y]), [y]);
    };
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1];
    assert.equal(new Set(values.map(ofAttribute)).size, values.length);
    assert.equal(ofAttribute(1), ofAttribute(1));
  });

  it("sees what subgraphs compute, whatever its names are", () => {
    assert.equal(identity("Add", "here"), identity("Add", "there"));
    assert.notEqual(identity("Add", "here"), identity("Mul", "here"));
  });
});
