import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { testHostCases } from "../host-cases.ts";
import { fractionalPooling } from "./fractional-pooling.ts";

testHostCases("fractional_pooling");

it("chooses other regions in each run, unless it is deterministic", () => {
  const f = [1, 1.7, 1, 1];
  const ratios = create(AttrValueSchema, { value: { case: "list", value: { f } } });
  const image: Tensor = { dtype: "float32", shape: [1, 51, 1, 1], data: new Float32Array(51) };
  const attrs = new Attributes("pool", { pooling_ratio: ratios }, opDefinition("FractionalMaxPool"));
  const kernel = fractionalPooling.FractionalMaxPool!.compile(attrs);
  const runs = [1, 2].map(() => Array.from(kernel([image])[1]!.data, Number));
  assert.notDeepEqual(runs[0], runs[1]);
  for (const starts of runs) {
    assert.deepEqual([starts.length, starts[0], starts.at(-1)], [31, 0, 51]);
    const sizes = starts.slice(1).map((start, i) => start - starts[i]!);
    assert.ok(
      sizes.every((size) => size === 1 || size === 2),
      String(sizes),
    );
  }
});
