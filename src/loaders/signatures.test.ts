import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { SignatureDefSchema } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import { signaturesOf } from "./signatures.ts";

const info = (name: string) => ({ encoding: { case: "name", value: name }, dtype: 1 }) as const;

test("inputs and outputs come sorted by their names, whatever order the model has them in", () => {
  const def = create(SignatureDefSchema, {
    inputs: { b: info("b:0"), a: info("a:0"), B: info("c:0") },
    outputs: { y: info("y:0"), x: info("x:0") },
  });
  const signature = signaturesOf([["s", def]]).get("s")!;
  assert.deepEqual([...signature.inputs.keys()], ["B", "a", "b"]);
  assert.deepEqual([...signature.outputs.keys()], ["x", "y"]);
});
