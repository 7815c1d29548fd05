import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { GraphDefSchema } from "../proto/gen/tensorflow/core/framework/graph_pb.ts";
import type { NodeDef } from "../proto/gen/tensorflow/core/framework/node_def_pb.ts";
import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import { StatusError } from "../status/status.ts";
import type { DType } from "../tensor/dtype.ts";
import { isCompatible, type PartialShape, type Shape } from "../tensor/shape.ts";
import { arrayOfBytes, type NumericTensor, type Tensor } from "../tensor/tensor.ts";
import { tensorFromProto } from "../tensor/tensor-proto.ts";
import type { HostValue, KnownInput, ValueKernel } from "./host-op.ts";
import { floatsOf } from "./math/floats.ts";
import { hostOps, valueOps } from "./table.ts";

type CaseTensor =
  | { readonly dtype: NumericTensor["dtype"]; readonly shape: Shape; readonly b64: string }
  | { readonly dtype: "string"; readonly shape: Shape; readonly strings: readonly string[] };

/** One line of fixtures/host/*.json, written by fixtures/host/hostlib.py. */
interface HostCase {
  readonly name: string;
  readonly graph: string;
  readonly inputs: Readonly<Record<string, CaseTensor>>;
  readonly fetches: readonly string[];
  readonly outputs: readonly CaseTensor[];
  readonly rtol: number;
  readonly atol: number;
  /** What TensorFlow tells of the outputs' shapes before it runs; null for an unknown rank. */
  readonly inferred?: readonly (Shape | null)[];
  /** How TensorFlow refuses it. */
  readonly error?: { readonly code: number; readonly message: string | undefined };
}

/** What is told of a tensor at load, and what it is when the graph runs. */
interface Evaluated extends KnownInput {
  readonly value: HostValue;
}

/**
 * Declares tests per case of a family: the graph is evaluated by host ops, twice with the same kernels, and compared with
 * TensorFlow's outputs or refusal. What the ops tell of shapes at load must be true whether the inputs' shapes are
 * declared, of unknown dimensions or of unknown rank, and with declared shapes tell no less than TensorFlow does.
 */
export function testHostCases(family: string): void {
  testCases(family, casesOf(`host/${family}`));
}

/**
 * The same for the cases of fixtures/ops, which are about what ONNX Runtime computes: where the importer can't express an
 * op, TypeScript stands in for it. Cases with other ops than `ops` are left out; of each op there must be one.
 */
export function testStandIns(family: string, ops: readonly string[]): void {
  const used = new Set<string>();
  const cases = casesOf(`ops/${family}`).filter((hostCase) => {
    const nodes = nodesOf(hostCase).filter(
      ({ op }) => op !== "Const" && op !== "NoOp" && op !== "Placeholder",
    );
    const isOwn = nodes.every(({ op }) => ops.includes(op));
    if (isOwn) for (const { op } of nodes) used.add(op);
    return isOwn;
  });
  it(`${family} has cases for each op`, () => assert.deepEqual([...used].sort(), [...ops].sort()));
  // How these are refused is up to whoever runs them.
  testCases(
    family,
    cases.map(({ error, ...hostCase }) =>
      error === undefined ? hostCase : { ...hostCase, error: { ...error, message: undefined } },
    ),
  );
}

function casesOf(path: string): HostCase[] {
  return JSON.parse(readFileSync(new URL(`../../fixtures/${path}.json`, import.meta.url), "utf8"));
}

function nodesOf({ graph }: HostCase): readonly NodeDef[] {
  return fromBinary(GraphDefSchema, Buffer.from(graph, "base64")).node;
}

function testCases(family: string, cases: readonly HostCase[]): void {
  describe(family, () => {
    for (const hostCase of cases) {
      it(`${hostCase.name}, declared shapes`, () => runCase(hostCase, (shape) => shape, true));
      it(`${hostCase.name}, unknown dimensions`, () =>
        runCase(hostCase, (shape) => shape.map(() => -1), false));
      it(`${hostCase.name}, unknown rank`, () => runCase(hostCase, () => undefined, false));
    }
  });
}

function runCase(hostCase: HostCase, declare: (shape: Shape) => PartialShape, isDeclared: boolean): void {
  const evaluation = new Evaluation(hostCase, declare);
  if (hostCase.error !== undefined) {
    const { code, message } = hostCase.error;
    const refusal = (error: unknown): true => {
      assert.ok(error instanceof StatusError, String(error));
      assert.equal(error.code as number, code);
      if (message !== undefined) assert.equal(error.message, message);
      return true;
    };
    assert.throws(() => evaluation.fetch(), refusal);
    assert.throws(() => evaluation.fetch(), refusal);
    return;
  }
  for (let run = 0; run < 2; run++) {
    for (const [i, got] of evaluation.fetch().entries()) {
      assertSame(got.value as Tensor, decode(hostCase.outputs[i]!), hostCase, `output ${i} of run ${run}`);
      const inferred = hostCase.inferred?.[i];
      if (isDeclared && inferred) assertTells(got.shape, inferred, `output ${i}`);
    }
  }
}

/** A graph and the kernels of its nodes, which live as long as a loaded model's. */
class Evaluation {
  readonly #nodes: ReadonlyMap<string, NodeDef>;
  readonly #feeds: ReadonlyMap<string, Evaluated>;
  readonly #fetches: readonly string[];
  readonly #kernels = new Map<string, ValueKernel>();
  readonly #constants = new Map<string, Tensor>();

  constructor(hostCase: HostCase, declare: (shape: Shape) => PartialShape) {
    const { inputs, fetches } = hostCase;
    this.#nodes = new Map(nodesOf(hostCase).map((node) => [node.name, node]));
    this.#feeds = new Map(
      Object.entries(inputs).map(([name, tensor]) => [
        name,
        { shape: declare(tensor.shape), constant: undefined, value: decode(tensor) },
      ]),
    );
    this.#fetches = fetches;
  }

  fetch(): readonly Evaluated[] {
    const done = new Map<string, readonly Evaluated[]>();
    return this.#fetches.map((name) => this.#read(name, done));
  }

  #read(name: string, done: Map<string, readonly Evaluated[]>): Evaluated {
    const [node, index] = name.split(":") as [string, string | undefined];
    const outputs = done.get(node) ?? this.#evaluate(this.#nodes.get(node)!, done);
    done.set(node, outputs);
    return outputs[Number(index ?? 0)]!;
  }

  #evaluate(node: NodeDef, done: Map<string, readonly Evaluated[]>): readonly Evaluated[] {
    const feed = this.#feeds.get(node.name);
    if (feed !== undefined) return [feed];
    const attrs = new Attributes(node.name, node.attr, opDefinition(node.op));
    if (node.op === "Const") {
      const constant = this.#constants.get(node.name) ?? tensorFromProto(attrs.tensor("value"));
      this.#constants.set(node.name, constant);
      return [{ shape: constant.shape, constant, value: constant }];
    }
    const op = hostOps[node.op] ?? valueOps[node.op];
    assert.ok(op !== undefined, `no host op ${node.op}`);
    const inputs = node.input.filter((name) => !name.startsWith("^")).map((name) => this.#read(name, done));
    const shapes = op.shapes(attrs, inputs);
    const kernel = this.#kernels.get(node.name) ?? (op.compile(attrs) as ValueKernel);
    this.#kernels.set(node.name, kernel);
    const values = kernel(inputs.map((input) => input.value));
    assert.equal(shapes.length, values.length, `${node.op} tells the shapes of another number of outputs`);
    return values.map((value, i) => {
      const shape = shapes[i];
      const claim = `${node.op} tells [${shape}] of its output ${i}, which is [${value.shape}]`;
      assert.ok(isCompatible(value.shape, shape), claim);
      return { shape, constant: undefined, value };
    });
  }
}

/** That `told` has every size that TensorFlow knows. */
function assertTells(told: PartialShape, inferred: Shape, what: string): void {
  assert.equal(told?.length, inferred.length, `rank told of ${what}: [${told}], by TensorFlow [${inferred}]`);
  inferred.forEach((dim, axis) => {
    if (dim !== null)
      assert.equal(told?.[axis], dim, `size told of ${what}: [${told}], by TensorFlow [${inferred}]`);
  });
}

function decode(tensor: CaseTensor): Tensor {
  const { dtype, shape } = tensor;
  if (dtype === "string") return { dtype, shape, data: tensor.strings.map(bytesOfBase64) };
  return { dtype, shape, data: arrayOfBytes(dtype, bytesOfBase64(tensor.b64)) };
}

function bytesOfBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function assertSame(got: Tensor, want: Tensor, { rtol, atol }: HostCase, what: string): void {
  assert.equal(got.dtype, want.dtype, `${what}: dtype`);
  assert.deepEqual([...got.shape], [...want.shape], `${what}: shape`);
  assert.equal(got.data.length, want.data.length, `${what}: length`);
  const [gotNumbers, wantNumbers] = [got, want].map(valuesOf) as [Tensor["data"], Tensor["data"]];
  for (const [i, expected] of wantNumbers.entries()) {
    const actual = gotNumbers[i]!;
    if (typeof expected !== "number" || isExact(want.dtype, expected)) {
      const bytes = actual instanceof Uint8Array ? new Uint8Array(actual) : actual;
      assert.deepEqual(bytes, expected, `${what}[${i}]`);
      continue;
    }
    if (Object.is(actual, expected)) continue;
    const error = Math.abs(Number(actual) - expected);
    assert.ok(error <= atol + rtol * Math.abs(expected), `${what}[${i}]: ${actual} instead of ${expected}`);
  }
}

/** Narrow floats as numbers: their bits tell nothing of how near they are. */
function valuesOf(tensor: Tensor): Tensor["data"] {
  const isNarrow = tensor.dtype === "float16" || tensor.dtype === "bfloat16";
  return isNarrow ? Float32Array.from(floatsOf(tensor)) : tensor.data;
}

/** Integers are exact, and small whole numbers among floats, as they aren't results of rounding; every large float is whole. */
function isExact(dtype: DType, expected: number): boolean {
  if (!/float|complex/.test(dtype)) return true;
  return Number.isInteger(expected) && Math.abs(expected) < 2 ** 20;
}
