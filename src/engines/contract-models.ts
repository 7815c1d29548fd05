import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from "../proto/gen/onnx/onnx_pb.ts";
import type { NumericTensor } from "../tensor/tensor.ts";
import type { EngineModel, SessionTensor, Weight } from "./engine.ts";

/** ONNX models for tests of engines, small enough to be written by hand. */

type Node = MessageInitShape<typeof NodeProtoSchema>;
type Attribute = MessageInitShape<typeof AttributeProtoSchema>;

const ONNX_TYPES: Readonly<Partial<Record<NumericTensor["dtype"] | "string", number>>> = {
  float32: TensorProto_DataType.FLOAT,
  float64: TensorProto_DataType.DOUBLE,
  int8: TensorProto_DataType.INT8,
  int16: TensorProto_DataType.INT16,
  int32: TensorProto_DataType.INT32,
  int64: TensorProto_DataType.INT64,
  uint8: TensorProto_DataType.UINT8,
  uint16: TensorProto_DataType.UINT16,
  uint32: TensorProto_DataType.UINT32,
  uint64: TensorProto_DataType.UINT64,
  bool: TensorProto_DataType.BOOL,
  float16: TensorProto_DataType.FLOAT16,
  bfloat16: TensorProto_DataType.BFLOAT16,
  complex64: TensorProto_DataType.COMPLEX64,
  complex128: TensorProto_DataType.COMPLEX128,
  string: TensorProto_DataType.STRING,
};

export function onnxType(dtype: SessionTensor["dtype"]): number {
  const type = ONNX_TYPES[dtype as NumericTensor["dtype"]];
  if (type === undefined) throw new Error(`no ONNX type for ${dtype}`);
  return type;
}

export function node(opType: string, input: string[], output: string[], attribute: Attribute[] = []): Node {
  return { opType, input, output, name: `${opType}_${output[0]}`, attribute };
}

export function model(
  nodes: Node[],
  inputs: SessionTensor[],
  outputs: SessionTensor[],
  weights: Weight[] = [],
): EngineModel {
  const message = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: "", version: 17n }],
    graph: {
      name: "test",
      node: nodes,
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
      initializer: weights.map(external),
    },
  });
  return { graph: toBinary(ModelProtoSchema, message), weights, inputs, outputs };
}

/** A weight whose bytes are those of `data`. */
export function weight(
  name: string,
  dtype: Weight["dtype"],
  shape: readonly number[],
  data: ArrayBufferView,
): Weight {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, key: name, use: "own", dtype, shape, read: (target) => target.set(bytes) };
}

function valueInfo({ name, dtype, shape }: SessionTensor): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = shape?.map((size, axis) =>
    size < 0
      ? { value: { case: "dimParam" as const, value: `d${axis}` } }
      : { value: { case: "dimValue" as const, value: BigInt(size) } },
  );
  const tensorType = { elemType: onnxType(dtype), ...(dim && { shape: { dim } }) };
  return { name, type: { value: { case: "tensorType", value: tensorType } } };
}

function external({ name, dtype, shape }: Weight): MessageInitShape<typeof TensorProtoSchema> {
  return {
    name,
    dataType: onnxType(dtype),
    dims: shape.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [{ key: "location", value: "weights" }],
  };
}
