import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import { type GraphNode, graphOf, parseRef } from "../graph.ts";
import { skipDropout } from "./skip-dropout.ts";

const type = create(AttrValueSchema, { value: { case: "type", value: DataType.DT_INT32 } });

/** `name op input`; of a Const the number. */
function nodes(lines: readonly string[]): GraphNode[] {
  return lines.map((line) => {
    const [name, op, ...inputs] = line.split(" ") as [string, string, ...string[]];
    if (op !== "Const") return { name, op, inputs: inputs.map(parseRef), controls: [], attrs: { T: type } };
    const tensor = { dtype: DataType.DT_FLOAT, tensorShape: {}, floatVal: [Number(inputs[0])] };
    const value = create(AttrValueSchema, { value: { case: "tensor", value: tensor } });
    return { name, op, inputs: [], controls: [], attrs: { value } };
  });
}

/** The mask of a dropout whose share to keep has a default. */
function mask(kept: string, feeds: readonly string[] = []): GraphNode {
  const lines = [
    "one Const 1",
    `usual Const ${kept}`,
    "keep PlaceholderWithDefault usual",
    "rate Sub one keep",
    "random RandomUniform shape",
    "mask GreaterEqual random rate",
  ];
  return skipDropout(graphOf(nodes(lines)), new Set(feeds)).nodes.get("mask")!;
}

describe("skipDropout", () => {
  it("keeps all where the rate is 0", () => {
    const { op, inputs, attrs } = mask("1");
    assert.equal(op, "Fill");
    assert.deepEqual(inputs, ["shape", "mask/true"].map(parseRef));
    assert.equal(attrs.index_type, type);
  });

  it("leaves a rate above 0, and one that is fed", () => {
    assert.equal(mask("0.5").op, "GreaterEqual");
    assert.equal(mask("1", ["keep:0"]).op, "GreaterEqual");
    assert.equal(mask("1", ["random:0"]).op, "GreaterEqual");
  });
});
