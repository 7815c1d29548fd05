import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { DataType } from "../proto/gen/tensorflow/core/framework/types_pb.ts";
import { MetaGraphDefSchema } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import type { Signature, SignatureTensor } from "../tensor/signature.ts";
import { SignatureCompiler } from "./compile.ts";
import { GraphPreparer } from "./prepared-graph.ts";

const type = { value: { case: "type" as const, value: DataType.DT_FLOAT } };

/** Zeros: a constant whose list of values is empty. */
function zeros(name: string, ...shape: number[]) {
  const dim = shape.map((size) => ({ size: BigInt(size) }));
  const tensor = { dtype: DataType.DT_FLOAT, tensorShape: { dim } };
  return {
    name,
    op: "Const",
    attr: { dtype: type, value: { value: { case: "tensor" as const, value: tensor } } },
  };
}

const float = (tensorName: string, width: number): SignatureTensor => ({
  tensorName,
  dtype: "float32",
  shape: [-1, width],
});

it("computes a heavy output in a session of its own", async () => {
  const metaGraph = create(MetaGraphDefSchema, {
    graphDef: {
      node: [
        { name: "x", op: "Placeholder", attr: { dtype: type } },
        { name: "trunk", op: "Neg", input: ["x"], attr: { T: type } },
        zeros("w", 1024, 1024),
        { name: "heavy", op: "MatMul", input: ["trunk", "w"], attr: { T: type } },
        zeros("v", 1024, 8),
        { name: "light", op: "MatMul", input: ["trunk", "v"], attr: { T: type } },
      ],
    },
  });
  const signature: Signature = {
    methodName: "",
    inputs: new Map([["x", float("x:0", 1024)]]),
    outputs: new Map([
      ["heavy", float("heavy:0", 1024)],
      ["light", float("light:0", 8)],
    ]),
  };
  const compiler = new SignatureCompiler(new GraphPreparer(metaGraph, [signature]), () => assert.fail());
  const { program, sessions } = await compiler.compile("serving_default", signature);
  assert.equal(sessions.length, 2);
  const [rest, heavy] = program.steps;
  assert.deepEqual([rest!.inputs, heavy!.inputs], [[0], [rest!.outputs[0]]]);
  assert.deepEqual(program.outputs, [heavy!.outputs[0], rest!.outputs[1]]);
});
