import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, StatusError } from "../../status/status.ts";
import { OnnxBuilder } from "../onnx/builder.ts";
import type { Dim } from "../onnx/value.ts";
import { groupCount } from "./convolution.ts";
import { dataFormat } from "./data-format.ts";

describe("groupCount", () => {
  const groups = (channels: Dim, filter: readonly Dim[]): number => {
    const onnx = new OnnxBuilder();
    const x = onnx.input("x", "float32", ["batch", 4, 4, channels]);
    return groupCount(x, onnx.input("filter", "float32", filter), dataFormat("NHWC", 2));
  };

  it("tells the groups from the channels", () => {
    assert.equal(groups(6, [3, 3, 2, 12]), 3);
    assert.equal(groups(6, [3, 3, 2, "results"]), 3);
  });

  it("takes channels of an unknown number for one group", () => {
    assert.equal(groups("channels", [3, 3, 2, 12]), 1);
    assert.equal(groups(6, [3, 3, "in", 12]), 1);
  });

  it("leaves a filter with a group per example to the host", () => {
    const isUnimplemented = (error: unknown) =>
      error instanceof StatusError && error.code === Code.UNIMPLEMENTED;
    assert.throws(() => groups("channels", [3, 3, 2, "results"]), isUnimplemented);
  });
});
