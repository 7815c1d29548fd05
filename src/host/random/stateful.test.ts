import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { create, fromBinary } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { GraphDefSchema } from "../../proto/gen/tensorflow/core/framework/graph_pb.ts";
import { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import { arrayOfBytes, type NumericTensor, type Tensor } from "../../tensor/tensor.ts";
import { tensorFromProto } from "../../tensor/tensor-proto.ts";
import { floatsOf } from "../math/floats.ts";
import { randomNumbers } from "./random.ts";

/** One line of fixtures/host/stateful_random.json, written by fixtures/host/make_stateful_random.py. */
interface SeededCase {
  readonly name: string;
  readonly graph: string;
  readonly fetch: string;
  readonly dtype: NumericTensor["dtype"];
  readonly shape: readonly number[];
  /** What TensorFlow gave, run after run. */
  readonly runs: readonly string[];
}

const url = new URL("../../../fixtures/host/stateful_random.json", import.meta.url);
const cases = JSON.parse(readFileSync(url, "utf8")) as SeededCase[];

describe("random ops with seeds", () => {
  for (const { name, graph, fetch, dtype, shape, runs } of cases) {
    it(name, () => {
      const nodes = new Map(
        fromBinary(GraphDefSchema, Buffer.from(graph, "base64")).node.map((node) => [node.name, node]),
      );
      const node = nodes.get(fetch)!;
      const constants = node.input.map((input) =>
        tensorFromProto(new Attributes(input, nodes.get(input)!.attr, undefined).tensor("value")),
      );
      const kernel = randomNumbers[node.op]!.compile(new Attributes(fetch, node.attr, opDefinition(node.op)));
      for (const run of runs) {
        const want: NumericTensor = { dtype, shape, data: arrayOfBytes(dtype, Buffer.from(run, "base64")) };
        assertClose(kernel(constants)[0]!, want);
      }
    });
  }
});

/** Uniform numbers and integers exactly; a normal one may differ in its last digit, where logarithms do. */
function assertClose(got: Tensor, want: NumericTensor): void {
  assert.deepEqual([got.dtype, [...got.shape]], [want.dtype, [...want.shape]]);
  if (!/float/.test(want.dtype)) {
    assert.deepEqual(got.data, want.data);
    return;
  }
  const digit = { float64: 1e-12, float32: 3e-7, float16: 1e-3 }[want.dtype as string] ?? 1e-2;
  const [a, b] = [floatsOf(got), floatsOf(want)];
  for (const [i, value] of b.entries()) {
    assert.ok(Math.abs(a[i]! - value) <= digit * Math.abs(value), `[${i}]: ${a[i]} instead of ${value}`);
  }
}

function unseeded(op: string, dtype: DataType, inputs: readonly Tensor[]): Tensor {
  const type = create(AttrValueSchema, { value: { case: "type", value: dtype } });
  const attrs = { dtype: type, T: type };
  return randomNumbers[op]!.compile(new Attributes("node", attrs, opDefinition(op)))(inputs)[0]!;
}

function shapeTensor(...dims: number[]): Tensor {
  return { dtype: "int32", shape: [dims.length], data: Int32Array.from(dims) };
}

describe("random ops without seeds", () => {
  const COUNT = 20_000;

  it("give other numbers on each load", () => {
    const [a, b] = [1, 2].map(() => unseeded("RandomUniform", DataType.DT_FLOAT, [shapeTensor(4)]));
    assert.notDeepEqual(a!.data, b!.data);
  });

  it("RandomUniform covers [0, 1) evenly", () => {
    const values = Array.from(floatsOf(unseeded("RandomUniform", DataType.DT_FLOAT, [shapeTensor(COUNT)])));
    const bins = new Array<number>(10).fill(0);
    for (const value of values) bins[Math.floor(value * 10)]!++;
    for (const size of bins) assert.ok(Math.abs(size - COUNT / 10) < 300, String(bins));
  });

  it("RandomStandardNormal has mean 0 and variance 1", () => {
    const values = Array.from(
      floatsOf(unseeded("RandomStandardNormal", DataType.DT_DOUBLE, [shapeTensor(COUNT / 10, 10)])),
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / COUNT;
    const variance = values.reduce((sum, value) => sum + value * value, 0) / COUNT;
    assert.ok(Math.abs(mean) < 0.05 && Math.abs(variance - 1) < 0.1, `${mean} ${variance}`);
  });

  it("TruncatedNormal keeps within 2", () => {
    const values = Array.from(floatsOf(unseeded("TruncatedNormal", DataType.DT_FLOAT, [shapeTensor(COUNT)])));
    const variance = values.reduce((sum, value) => sum + value * value, 0) / COUNT;
    assert.ok(values.every((value) => Math.abs(value) < 2));
    // 1 - 2 * 2 phi(2) / (2 Phi(2) - 1)
    assert.ok(Math.abs(variance - 0.774) < 0.05, String(variance));
  });

  it("RandomGamma has its alpha as mean and variance", () => {
    const alphas: Tensor = { dtype: "float64", shape: [3], data: Float64Array.of(0.3, 1, 7.5) };
    const tensor = unseeded("RandomGamma", DataType.DT_DOUBLE, [shapeTensor(COUNT), alphas]);
    assert.deepEqual([...tensor.shape], [COUNT, 3]);
    const values = Array.from(floatsOf(tensor));
    for (const [column, alpha] of [0.3, 1, 7.5].entries()) {
      const own = values.filter((_, i) => i % 3 === column);
      const mean = own.reduce((sum, value) => sum + value, 0) / COUNT;
      const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / COUNT;
      assert.ok(own.every((value) => value >= 0));
      assert.ok(Math.abs(mean / alpha - 1) < 0.1, `mean ${mean} of ${alpha}`);
      assert.ok(Math.abs(variance / alpha - 1) < 0.2, `variance ${variance} of ${alpha}`);
    }
  });
});
