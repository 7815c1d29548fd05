import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createOnnxRuntimeEngine } from "../../engines/onnxruntime/engine.ts";
import { bytesOf, type NumericTensor } from "../../tensor/tensor.ts";
import { OnnxBuilder, type OnnxGraph } from "./builder.ts";
import { foldNormalizations } from "./fold-normalization.ts";
import { writeModel } from "./model.ts";
import { float, type Value } from "./value.ts";

/** Floats that differ, the same in each run of the test. */
function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.sin(seed * 100 + i * 1.7));
}

function weight(onnx: OnnxBuilder, name: string, shape: readonly number[], data: readonly number[]): Value {
  const tensor: NumericTensor = { dtype: "float32", shape, data: Float32Array.from(data) };
  const read = (target: Uint8Array): void => target.set(bytesOf(tensor));
  return onnx.weight({ name, dtype: "float32", shape, read, stored: { key: name } });
}

interface Layer {
  readonly depthwise?: boolean;
  readonly hasBias?: boolean;
  readonly variance?: readonly number[];
}

/** A convolution of 3x2 with its filter as TensorFlow has it, for 5 channels in and 70 out. */
function convolution(onnx: OnnxBuilder, x: Value, { depthwise = false, hasBias = false }: Layer): Value {
  const [inputs, results] = [5, depthwise ? 10 : 70];
  const filter = weight(
    onnx,
    "filter",
    [3, 2, inputs, depthwise ? 2 : results],
    numbers(6 * inputs * (depthwise ? 2 : results), 1),
  );
  const flat = depthwise ? onnx.op("Reshape", [filter, onnx.ints([3, 2, 1, results])]) : filter;
  const transposed = onnx.op("Transpose", [flat], { perm: [3, 2, 0, 1] });
  const result = onnx.op("Conv", [x, transposed], {
    kernel_shape: [3, 2],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [1, 0, 1, 1],
    group: depthwise ? inputs : 1,
  });
  if (!hasBias) return result;
  const bias = weight(onnx, "bias", [results], numbers(results, 2));
  return onnx.op("Add", [result, onnx.op("Unsqueeze", [bias, onnx.ints([1, 2])])]);
}

/** As Keras writes it: gamma and the variance make a factor that the engine computes. */
function normalized(
  onnx: OnnxBuilder,
  x: Value,
  channels: number,
  variances: readonly number[] = numbers(channels, 3).map((v) => v + 1.5),
): Value {
  const variance = weight(onnx, "variance", [channels], variances);
  const gamma = onnx.op("Reshape", [
    weight(onnx, "gamma", [channels], numbers(channels, 4)),
    onnx.ints([1, -1]),
  ]);
  const shaped = onnx.op("Reshape", [variance, onnx.ints([1, -1])]);
  const deviation = onnx.op("Sqrt", [onnx.op("Add", [shaped, onnx.scalar("float32", 0.001)])]);
  const factor = onnx.op("Reshape", [
    onnx.op("Mul", [onnx.op("Reciprocal", [deviation]), gamma]),
    onnx.ints([channels]),
  ]);
  const offset = weight(onnx, "offset", [channels], numbers(channels, 5));
  const mean = weight(onnx, "mean", [channels], numbers(channels, 6));
  const ones = onnx.numbers("float32", [channels], new Array<number>(channels).fill(1));
  return onnx.op("BatchNormalization", [x, factor, offset, mean, ones], { epsilon: float(0.25) });
}

function layer(settings: Layer, more?: (onnx: OnnxBuilder, convolved: Value, y: Value) => readonly Value[]) {
  const onnx = new OnnxBuilder();
  const x = onnx.input("x", "float32", [2, 5, 7, 6]);
  const convolved = convolution(onnx, x, settings);
  const y = normalized(onnx, convolved, settings.depthwise ? 10 : 70, settings.variance);
  const outputs = more?.(onnx, convolved, y) ?? [y];
  return { graph: onnx.finish(outputs), outputs };
}

function opsOf({ nodes }: OnnxGraph): readonly string[] {
  return nodes.map(({ op }) => op);
}

async function run(graph: OnnxGraph, outputs: readonly Value[]): Promise<readonly Float32Array[]> {
  const engine = createOnnxRuntimeEngine();
  const model = writeModel(
    graph,
    outputs.map((value, i) => ({ name: `output${i}`, value })),
  );
  const descriptor = await engine.create(model);
  const session = engine.attach(descriptor);
  const x: NumericTensor = {
    dtype: "float32",
    shape: [2, 5, 7, 6],
    data: Float32Array.from(numbers(420, 7)),
  };
  const result = session.run(
    [x],
    outputs.map((_, i) => i),
  );
  const values = result.tensors.map(({ data }) => Float32Array.from(data as Float32Array));
  result.dispose();
  session.release();
  engine.destroy(descriptor);
  return values;
}

describe("foldNormalizations", () => {
  for (const settings of [{}, { hasBias: true }, { depthwise: true }, { depthwise: true, hasBias: true }]) {
    it(`leaves a convolution that computes the same: ${JSON.stringify(settings)}`, async () => {
      const { graph, outputs } = layer(settings);
      const folded = foldNormalizations(graph, outputs);
      assert.deepEqual(opsOf(folded), ["Conv"]);
      const [[expected], [actual]] = [await run(graph, outputs), await run(folded, outputs)];
      assert.equal(actual!.length, expected!.length);
      for (const [i, value] of actual!.entries()) {
        assert.ok(
          Math.abs(value - expected![i]!) <= 1e-5 + 1e-5 * Math.abs(value),
          `${i}: ${value}, not ${expected![i]}`,
        );
      }
    });
  }

  it("says where the filter lies, and what is made of it", () => {
    const { graph, outputs } = layer({});
    const filter = [...foldNormalizations(graph, outputs).initializers.values()].find(
      (one) => !("tensor" in one),
    );
    assert.ok(filter !== undefined && !("tensor" in filter));
    assert.deepEqual(filter.stored, { key: "filter" });
    assert.deepEqual(
      [filter.folding!.positions, filter.folding!.inputs, filter.folding!.factors.length],
      [6, 5, 70],
    );
    assert.deepEqual(filter.shape, [70, 5, 3, 2]);
  });

  const kept: Readonly<Record<string, ReturnType<typeof layer>>> = {
    "whose convolution is an output": layer({}, (_, convolved, y) => [convolved, y]),
    "whose convolution something else reads": layer({}, (onnx, convolved, y) => [
      onnx.op("Add", [convolved, y]),
    ]),
    "whose factors are no numbers": layer({ variance: new Array<number>(70).fill(-1) }),
  };
  for (const [which, { graph, outputs }] of Object.entries(kept)) {
    it(`leaves a normalization as it is ${which}`, () => {
      assert.deepEqual(opsOf(foldNormalizations(graph, outputs)), opsOf(graph));
    });
  }
});
