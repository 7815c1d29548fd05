import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import type { OnnxEngine } from "../../engines/engine.ts";
import { createOnnxRuntimeEngine } from "../../engines/onnxruntime/engine.ts";
import { GraphDefSchema } from "../../proto/gen/tensorflow/core/framework/graph_pb.ts";
import { StatusError } from "../../status/status.ts";
import { type DType, dtypeInfo, type NumericArray } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { arrayOfBytes, type NumericTensor, type Tensor } from "../../tensor/tensor.ts";
import { type Feed, graphNode, graphOf, parseRef } from "../graph.ts";
import { writeModel } from "../onnx/model.ts";
import { prune } from "../passes/prune.ts";
import { TensorTypes } from "../tensor-types.ts";
import { noFlows, type Translation, translate } from "../translate.ts";
import { translators } from "./table.ts";

interface CaseTensor {
  readonly dtype: NumericTensor["dtype"];
  readonly shape: Shape;
  readonly b64: string;
}

/** One line of fixtures/ops/*.json, written by fixtures/ops/oplib.py. */
interface OpCase {
  readonly name: string;
  readonly graph: string;
  readonly inputs: Readonly<Record<string, CaseTensor>>;
  readonly fetches: readonly string[];
  readonly outputs: readonly CaseTensor[];
  readonly rtol: number;
  readonly atol: number;
  readonly staticOnly?: string;
  /** TensorFlow refuses this when it runs. */
  readonly fails?: true;
}

/**
 * Declares a test per case of a family: the graph is imported, run on ONNX Runtime and compared with TensorFlow's
 * outputs, once with the shapes declared and once with every dimension unknown.
 */
export function testOpCases(family: string): void {
  const cases = casesOf(family);
  const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
  describe(family, () => {
    for (const opCase of cases) {
      it(`${opCase.name}, declared shapes`, () => runCase(engine, opCase, (shape) => shape));
      if (opCase.staticOnly !== undefined) continue;
      it(`${opCase.name}, unknown dimensions`, () => runCase(engine, opCase, (shape) => shape.map(() => -1)));
    }
  });
}

function casesOf(family: string): readonly OpCase[] {
  const url = new URL(`../../../fixtures/ops/${family}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as OpCase[];
}

/** The ONNX ops that each case of a family becomes with its shapes declared, by the case's name. */
export function onnxOpsOf(family: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    casesOf(family).map((opCase) => {
      const { graph } = importCase(opCase, (shape) => shape);
      return [opCase.name, graph.nodes.map((node) => node.op)];
    }),
  );
}

async function runCase(engine: OnnxEngine, opCase: OpCase, declare: (shape: Shape) => Shape): Promise<void> {
  const run = compareCase(engine, opCase, declare);
  await (opCase.fails ? assert.rejects(run, StatusError) : run);
}

function importCase(opCase: OpCase, declare: (shape: Shape) => Shape): Translation {
  const def = fromBinary(GraphDefSchema, Buffer.from(opCase.graph, "base64"));
  const feeds: Feed[] = Object.entries(opCase.inputs).map(([name, { dtype, shape }]) => ({
    name: `in:${name}`,
    ref: { node: name, index: 0 },
    dtype,
    shape: declare(shape),
  }));
  const outputs = opCase.fetches.map(parseRef);
  const fed = new Set(Object.keys(opCase.inputs).map((name) => `${name}:0`));
  const graph = prune(graphOf(def.node.map(graphNode)), outputs, fed);
  const missing = [...graph.nodes.values()].filter((node) => !Object.hasOwn(translators, node.op));
  assert.deepEqual(
    missing.map((node) => node.op),
    [],
  );
  const noVariables = (node: string): never => assert.fail(`unexpected variable ${node}`);
  const prepared = { graph, feeds, outputs, types: new TensorTypes(graph, feeds) };
  return translate({ ...prepared, within: prepared }, noVariables, noFlows);
}

async function compareCase(
  engine: OnnxEngine,
  opCase: OpCase,
  declare: (shape: Shape) => Shape,
): Promise<void> {
  const translation = importCase(opCase, declare);
  const named = translation.outputs.map((value, i) => ({ name: `out:${i}`, value }));
  const descriptor = await engine.create(writeModel(translation.graph, named));
  const session = engine.attach(descriptor);
  try {
    const inputs = Object.values(opCase.inputs).map(decode);
    const result = session.run(
      inputs,
      opCase.outputs.map((_, i) => i),
    );
    try {
      for (const [i, want] of opCase.outputs.entries()) {
        assertClose(result.tensors[i]!, decode(want), opCase, `output ${i}`);
        const { shape, dtype } = translation.outputs[i]!;
        assert.equal(dtype, want.dtype, `inferred dtype of output ${i}`);
        if (shape === undefined) continue;
        // What shape inference claims must be true, since translators rely on it.
        assert.equal(
          shape.length,
          want.shape.length,
          `inferred rank of output ${i}: [${shape}] for [${want.shape}]`,
        );
        shape.forEach((dim, axis) => {
          if (typeof dim === "number")
            assert.equal(dim, want.shape[axis], `inferred shape of output ${i}: [${shape}]`);
        });
      }
    } finally {
      result.dispose();
    }
  } finally {
    session.release();
    engine.destroy(descriptor);
  }
}

function decode({ dtype, shape, b64 }: CaseTensor): NumericTensor {
  return { dtype, shape, data: arrayOfBytes(dtype, new Uint8Array(Buffer.from(b64, "base64"))) };
}

/** The tensor's elements as numbers; 64-bit integers stay bigints. */
function numbers(dtype: DType, data: NumericArray): readonly (number | bigint)[] {
  if (dtype === "float16") return [...new Float16Array(data.buffer, data.byteOffset, data.length)];
  if (dtype !== "bfloat16") return [...(data as Iterable<number | bigint>)];
  const widened = Uint32Array.from(data as Uint16Array, (bits) => bits << 16);
  return [...new Float32Array(widened.buffer)];
}

function assertClose(got: Tensor, want: NumericTensor, { rtol, atol }: OpCase, what: string): void {
  assert.equal(got.dtype, want.dtype, `${what}: dtype`);
  assert.deepEqual([...got.shape], [...want.shape], `${what}: shape`);
  const exact = !dtypeInfo(want.dtype).name.match(/float|complex/);
  const [a, b] = [numbers(want.dtype, got.data as NumericArray), numbers(want.dtype, want.data)];
  b.forEach((expected, i) => {
    const actual = a[i]!;
    if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return;
    const error = Math.abs(Number(actual) - Number(expected));
    const allowed = exact ? 0 : atol + rtol * Math.abs(Number(expected));
    assert.ok(error <= allowed, `${what}[${i}]: ${actual} instead of ${expected}`);
  });
}
