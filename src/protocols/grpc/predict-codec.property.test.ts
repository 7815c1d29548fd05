import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Int64ValueSchema } from "@bufbuild/protobuf/wkt";
import * as fc from "fast-check";
import type { TensorProto, TensorProtoSchema } from "../../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import type { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import {
  PredictRequestSchema,
  PredictResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { bytesOf, type NumericTensor, type Tensor } from "../../tensor/tensor.ts";
import { PREFIX_LENGTH } from "./framing.ts";
import { decodePredictRequest, encodePredictResponse } from "./predict-codec.ts";

// The generated protobuf-es messages are the reference here; what TensorFlow makes of them is in the golden tests.

type Dtype = NumericTensor["dtype"];
type Scalar = number | bigint | boolean;
type Field =
  | "floatVal"
  | "doubleVal"
  | "intVal"
  | "int64Val"
  | "boolVal"
  | "halfVal"
  | "uint32Val"
  | "uint64Val";

interface Row {
  readonly dtype: Dtype;
  readonly field: Field;
  readonly value: fc.Arbitrary<Scalar>;
}

const float32 = fc.float().map(Math.fround);
const ROWS: readonly Row[] = [
  { dtype: "float32", field: "floatVal", value: float32 },
  { dtype: "float64", field: "doubleVal", value: fc.double() },
  { dtype: "int32", field: "intVal", value: fc.integer() },
  { dtype: "int16", field: "intVal", value: fc.integer({ min: -32768, max: 32767 }) },
  { dtype: "int8", field: "intVal", value: fc.integer({ min: -128, max: 127 }) },
  { dtype: "uint8", field: "intVal", value: fc.nat(255) },
  { dtype: "uint16", field: "intVal", value: fc.nat(65535) },
  { dtype: "int64", field: "int64Val", value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { dtype: "uint64", field: "uint64Val", value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { dtype: "uint32", field: "uint32Val", value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
  { dtype: "bool", field: "boolVal", value: fc.boolean() },
  { dtype: "float16", field: "halfVal", value: fc.nat(65535) },
  { dtype: "bfloat16", field: "halfVal", value: fc.nat(65535) },
];

const shapes = fc.array(fc.nat(5), { maxLength: 4 });
const countOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A shape and as many values. */
const filled = <T>(value: fc.Arbitrary<T>) =>
  shapes.chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      values: fc.array(value, { minLength: countOf(shape), maxLength: countOf(shape), size: "max" }),
    }),
  );

function protoOf(dtype: Tensor["dtype"], shape: readonly number[], rest: object) {
  return {
    dtype: dtypeInfo(dtype).number as DataType,
    tensorShape: { dim: shape.map((size) => ({ size: BigInt(size) })) },
    ...rest,
  } satisfies MessageInitShape<typeof TensorProtoSchema>;
}

function decoded(inputs: Record<string, MessageInitShape<typeof TensorProtoSchema>>) {
  const message = create(PredictRequestSchema, { modelSpec: { name: "m" }, inputs });
  const request = decodePredictRequest(toBinary(PredictRequestSchema, message));
  const read = request.inputs;
  assert.ok(typeof read !== "function");
  return new Map([...read.keys()].map((key) => [key, read.get(key)!]));
}

function reencoded(tensors: Record<string, Tensor>, form: "typed" | "content") {
  const frame = encodePredictResponse(
    {
      id: { name: "modèle", version: 42n },
      signatureName: "serving_default",
      outputs: Object.keys(tensors),
      tensors: Object.values(tensors),
      dispose() {},
    },
    form,
  );
  const response = fromBinary(PredictResponseSchema, frame.subarray(PREFIX_LENGTH));
  assert.equal(response.modelSpec?.name, "modèle");
  assert.deepEqual(response.modelSpec?.versionChoice, {
    case: "version",
    value: create(Int64ValueSchema, { value: 42n }),
  });
  assert.equal(response.modelSpec?.signatureName, "serving_default");
  return response.outputs;
}

const dimsOf = (proto: TensorProto | undefined) => proto?.tensorShape?.dim.map(({ size }) => Number(size));

/** The same number as an element of the dtype's array. */
function element(dtype: Dtype, value: Scalar): number | bigint {
  return dtype === "bool" ? Number(value) : (value as number | bigint);
}

suite("against protobuf-es", () => {
  for (const { dtype, field, value } of ROWS) {
    test(`${dtype} in typed fields, both ways`, () => {
      fc.assert(
        fc.property(filled(value), ({ shape, values }) => {
          const x = decoded({ x: protoOf(dtype, shape, { [field]: values }) }).get("x") as NumericTensor;
          assert.equal(x.dtype, dtype);
          assert.deepEqual(x.shape, shape);
          assert.deepEqual(
            [...x.data],
            values.map((v) => element(dtype, v)),
          );
          const y = reencoded({ y: x }, "typed").y;
          assert.equal(y?.dtype, dtypeInfo(dtype).number);
          assert.deepEqual(dimsOf(y), shape);
          assert.deepEqual(y?.[field], values);
        }),
      );
    });

    test(`${dtype} in tensor_content, both ways`, () => {
      const { size } = dtypeInfo(dtype);
      fc.assert(
        fc.property(shapes, fc.infiniteStream(fc.nat(255)), (shape, stream) => {
          const content = Uint8Array.from(stream.take(countOf(shape) * size));
          const x = decoded({ x: protoOf(dtype, shape, { tensorContent: content }) }).get(
            "x",
          ) as NumericTensor;
          assert.deepEqual(new Uint8Array(bytesOf(x)), content);
          const y = reencoded({ y: x }, "content").y;
          assert.deepEqual(dimsOf(y), shape);
          assert.deepEqual(new Uint8Array(y!.tensorContent), content);
        }),
      );
    });
  }

  for (const [dtype, field, value] of [
    ["complex64", "scomplexVal", float32],
    ["complex128", "dcomplexVal", fc.double()],
  ] as const) {
    test(`${dtype}, both ways`, () => {
      fc.assert(
        fc.property(filled(fc.tuple(value, value)), ({ shape, values }) => {
          const flat = values.flat();
          const x = decoded({ x: protoOf(dtype, shape, { [field]: flat }) }).get("x") as NumericTensor;
          assert.deepEqual([...x.data], flat);
          assert.deepEqual(reencoded({ y: x }, "typed").y?.[field], flat);
        }),
      );
    });
  }

  test("strings, both ways", () => {
    fc.assert(
      fc.property(filled(fc.uint8Array({ maxLength: 200 })), ({ shape, values }) => {
        const x = decoded({ x: protoOf("string", shape, { stringVal: values }) }).get("x")!;
        assert.deepEqual(x.data, values);
        const y = reencoded({ y: x }, "typed").y;
        assert.deepEqual(
          y?.stringVal.map((text) => new Uint8Array(text)),
          values,
        );
      }),
    );
  });

  test("any names, any number of inputs and outputs", () => {
    const name = fc.string({ unit: "grapheme", maxLength: 60 });
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.array(name), name, (keys, outputFilter, signatureName) => {
        const names = keys.filter((key) => key !== "__proto__");
        const inputs = Object.fromEntries(
          names.map((key, i) => [key, protoOf("int32", [], { intVal: [i] })]),
        );
        const message = create(PredictRequestSchema, {
          modelSpec: { name: "m", signatureName },
          inputs,
          outputFilter,
        });
        const request = decodePredictRequest(toBinary(PredictRequestSchema, message));
        assert.equal(request.model.signatureName, signatureName);
        assert.deepEqual(request.outputFilter, outputFilter);
        const tensors = decoded(inputs);
        assert.deepEqual(new Set(tensors.keys()), new Set(names));
        const outputs = reencoded(Object.fromEntries(tensors), "typed");
        names.forEach((key, i) => {
          assert.deepEqual(outputs[key]?.intVal, [i]);
        });
      }),
    );
  });

  test("any bytes are decoded or refused with INVALID_ARGUMENT", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (tail) => {
        const bytes = Buffer.concat([
          Buffer.from([10, 3, 10, 1, 109, 18, tail.length + 2, 18, tail.length]),
          tail,
        ]);
        try {
          const { inputs } = decodePredictRequest(bytes);
          assert.ok(typeof inputs !== "function");
          for (const key of inputs.keys()) inputs.get(key);
        } catch (error) {
          assert.ok([3, 8].includes((error as { code: number }).code), String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
