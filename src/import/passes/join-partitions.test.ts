import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { type AttrValue, AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import { type GraphNode, graphOf, parseRef } from "../graph.ts";
import { joinPartitions } from "./join-partitions.ts";

const type = create(AttrValueSchema, { value: { case: "type", value: DataType.DT_INT64 } });
const two = create(AttrValueSchema, { value: { case: "i", value: 2n } });

function number(value: number): AttrValue {
  const tensor = { dtype: DataType.DT_INT32, tensorShape: {}, intVal: [value] };
  return create(AttrValueSchema, { value: { case: "tensor", value: tensor } });
}

/** `name op input`; of a Const the number. */
function nodes(lines: readonly string[]): GraphNode[] {
  return lines.map((line) => {
    const [name, op, ...inputs] = line.split(" ") as [string, string, ...string[]];
    const isConst = op === "Const";
    const attrs = isConst ? { value: number(Number(inputs[0])) } : { T: type, num_partitions: two };
    return { name, op, inputs: isConst ? [] : inputs.map(parseRef), controls: [], attrs };
  });
}

const LOOKUP = [
  "zero Const 0",
  "one Const 1",
  "range Range zero size one",
  "by FloorMod ids n",
  "places DynamicPartition range by",
  "parts DynamicPartition ids by",
  "p0 VariableValue",
  "p1 VariableValue",
  "r1 Identity p1",
  "g0 GatherV2 p0 parts:0 zero",
  "g1 GatherV2 r1 parts:1 zero",
  "h1 Identity g1",
  "stitched ParallelDynamicStitch places:0 places:1 g0 h1",
];

function stitched(lines: readonly string[]): GraphNode {
  return joinPartitions(graphOf(nodes(lines))).nodes.get("stitched")!;
}

const changed = (line: string): string[] =>
  LOOKUP.map((other) => (other.split(" ")[0] === line.split(" ")[0] ? line : other));

describe("joinPartitions", () => {
  it("makes one gather of a lookup in several variables", () => {
    const { op, inputs, attrs } = stitched(LOOKUP);
    assert.equal(op, "PartitionedGather");
    assert.deepEqual(inputs, ["ids", "by", "p0", "r1"].map(parseRef));
    assert.equal(Number(attrs.N!.value.value), 2);
    assert.deepEqual(toBinary(AttrValueSchema, attrs.Tindices!), toBinary(AttrValueSchema, type));
  });

  it("leaves what only looks like one", () => {
    for (const line of [
      "places DynamicPartition other by",
      "range Range one size one",
      "parts DynamicPartition ids elsewhere",
      "g1 GatherV2 r1 parts:0 zero",
      "g1 GatherV2 r1 parts:1 one",
      "p1 Add ids ids",
      "stitched ParallelDynamicStitch places:1 places:0 g0 h1",
    ]) {
      assert.equal(stitched(changed(line)).op, "ParallelDynamicStitch", line);
    }
  });
});
