import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { NodeDefSchema } from "../proto/gen/tensorflow/core/framework/node_def_pb.ts";
import { MetaGraphDefSchema } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import type { Signature } from "../tensor/signature.ts";
import { OpReach } from "./reached-ops.ts";
import { touchesFiles } from "./touches-files.ts";

type Node = MessageInitShape<typeof NodeDefSchema>;

function calling(name: string, fn: string, input: string[] = []): Node {
  return {
    name,
    op: "PartitionedCall",
    input,
    attr: { f: { value: { case: "func", value: { name: fn } } } },
  };
}

const reach = new OpReach(
  create(MetaGraphDefSchema, {
    graphDef: {
      node: [
        { name: "x", op: "Placeholder" },
        { name: "path", op: "Const" },
        { name: "read", op: "ReadFile", input: ["path"] },
        { name: "length", op: "StringLength", input: ["read"] },
        { name: "sum", op: "AddV2", input: ["x", "length"] },
        calling("called", "outer", ["x"]),
        { name: "direct", op: "outer", input: ["x"] },
        { name: "after", op: "Identity", input: ["x", "^called"] },
        { name: "plain", op: "Neg", input: ["x:0"] },
      ],
      library: {
        function: [
          { signature: { name: "outer" }, nodeDef: [calling("inner", "saving"), { name: "a", op: "Abs" }] },
          {
            signature: { name: "saving" },
            nodeDef: [{ name: "w", op: "SaveV2" }, calling("again", "saving")],
          },
          { signature: { name: "unused" }, nodeDef: [{ name: "w", op: "WriteFile" }] },
        ],
      },
    },
  }),
);

function signature(inputs: string[], outputs: string[]): Signature {
  const tensors = (names: string[]) =>
    new Map(
      names.map((tensorName) => [tensorName, { tensorName, dtype: "float32", shape: undefined } as const]),
    );
  return { methodName: "", inputs: tensors(inputs), outputs: tensors(outputs) };
}

const opsOf = (inputs: string[], outputs: string[]) =>
  Object.fromEntries(reach.of(signature(inputs, outputs)));

test("what outputs need is reached, through control edges and in functions, up to what is fed", () => {
  assert.deepEqual(opsOf(["x:0"], ["plain:0"]), { Neg: ["plain"] });
  assert.deepEqual(opsOf(["x:0", "length:0"], ["sum"]), { AddV2: ["sum"] });
  assert.deepEqual(opsOf(["x"], ["sum"]), {
    AddV2: ["sum"],
    StringLength: ["length"],
    ReadFile: ["read"],
    Const: ["path"],
  });
  assert.deepEqual(opsOf(["x:0"], ["after:0"]), {
    Identity: ["after"],
    PartitionedCall: ["called", "outer/inner", "saving/again"],
    Abs: ["outer/a"],
    SaveV2: ["saving/w"],
  });
  assert.deepEqual(Object.keys(opsOf(["x:0"], ["direct:0"])), ["PartitionedCall", "Abs", "SaveV2"]);
});

test("the nodes that can't be computed without a kind of node are those of it, that call it or need it", () => {
  const needing = [...reach.needing(touchesFiles)].sort();
  assert.deepEqual(needing, ["after", "called", "direct", "length", "read", "sum"]);
  assert.deepEqual([...reach.needing(() => false)], []);
});
