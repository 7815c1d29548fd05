import { create } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { type TensorProto, TensorProtoSchema } from "../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import type { DataType } from "../proto/gen/tensorflow/core/framework/types_pb.ts";
import { invalidArgument, unimplemented } from "../status/status.ts";
import { type DType, dtypeInfo, dtypeOfNumber, type NumericArray } from "./dtype.ts";
import { elementCount, formatShape } from "./shape.ts";
import { arrayOfBytes, bytesOf, type Tensor } from "./tensor.ts";

/**
 * The tensor that a TensorProto of a model file describes, by TensorFlow's rules: `tensor_content` wins over the typed
 * list; a list shorter than the shape repeats its last value; an empty one means zeros (tensor.proto, Tensor::FromProto).
 * @throws StatusError INVALID_ARGUMENT for contents that don't fit the shape, UNIMPLEMENTED for resources and variants.
 */
export function tensorFromProto(proto: TensorProto): Tensor {
  const dtype = dtypeOfNumber(proto.dtype);
  if (dtype === undefined) throw invalidArgument(`A tensor has the unknown data type number ${proto.dtype}`);
  const shape = (proto.tensorShape?.dim ?? []).map((dim) => Number(dim.size));
  const count = elementCount(shape);
  if (dtype === "string") {
    if (proto.tensorContent.length > 0)
      return { dtype, shape, data: splitStrings(proto.tensorContent, count) };
    const data = Array.from(
      { length: count },
      (_, i) => proto.stringVal[Math.min(i, proto.stringVal.length - 1)],
    );
    return { dtype, shape, data: data.map((bytes) => bytes ?? new Uint8Array(0)) };
  }
  if (dtype === "resource" || dtype === "variant")
    throw unimplemented(`A constant of type ${dtype} can't be read`);
  const { size, lanes } = dtypeInfo(dtype);
  if (proto.tensorContent.length > 0) {
    if (proto.tensorContent.length !== count * size) {
      throw invalidArgument(
        `A ${dtype} tensor of shape ${formatShape(shape)} needs ${count * size} bytes of tensor_content, ` +
          `got ${proto.tensorContent.length}`,
      );
    }
    return { dtype, shape, data: arrayOfBytes(dtype, proto.tensorContent) };
  }
  return { dtype, shape, data: fill(dtype, count * lanes, lanes, typedList(proto, dtype)) };
}

/** Strings as tensor_content holds them: the lengths of all as varints, then the bytes of all. */
function splitStrings(content: Uint8Array, count: number): Uint8Array[] {
  const reader = new BinaryReader(content);
  try {
    const lengths = Array.from({ length: count }, () => reader.uint32());
    let at = reader.pos;
    return lengths.map((length) => {
      at += length;
      if (at > content.length) throw new RangeError("past the end");
      return content.subarray(at - length, at);
    });
  } catch {
    throw invalidArgument(`The tensor_content of ${count} strings ends early`);
  }
}

/**
 * The TensorProto of a tensor as TensorFlow writes it: the numbers as `tensor_content`, strings one by one, or, where
 * `packed`, as content too (Tensor::AsProtoTensorContent).
 */
export function protoOfTensor(tensor: Tensor, packed = false): TensorProto {
  const dtype = dtypeInfo(tensor.dtype).number as DataType;
  const dim = tensor.shape.map((size) => ({ size: BigInt(size) }));
  const proto = create(TensorProtoSchema, { dtype, tensorShape: { dim } });
  if (tensor.dtype !== "string") proto.tensorContent = bytesOf(tensor);
  else if (packed) proto.tensorContent = joinStrings(tensor.data);
  else proto.stringVal = [...tensor.data];
  return proto;
}

function joinStrings(strings: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const bytes of strings) writer.uint32(bytes.length);
  for (const bytes of strings) writer.raw(bytes);
  return writer.finish();
}

function typedList(proto: TensorProto, dtype: DType): readonly (number | bigint | boolean)[] {
  switch (dtype) {
    case "float32":
      return proto.floatVal;
    case "float64":
      return proto.doubleVal;
    case "int64":
      return proto.int64Val;
    case "uint64":
      return proto.uint64Val;
    case "uint32":
      return proto.uint32Val;
    case "bool":
      return proto.boolVal;
    case "complex64":
      return proto.scomplexVal;
    case "complex128":
      return proto.dcomplexVal;
    case "float16":
    case "bfloat16":
      return proto.halfVal;
    default:
      return proto.intVal;
  }
}

function fill(
  dtype: DType,
  length: number,
  lanes: number,
  values: readonly (number | bigint | boolean)[],
): NumericArray {
  const data = new (dtypeInfo(dtype).array!)(length);
  const given = Math.min(values.length, length);
  const convert: (value: number | bigint | boolean) => number | bigint =
    data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt : Number;
  for (let i = 0; i < given; i++) data[i] = convert(values[i]!);
  if (given > 0) for (let i = given; i < length; i++) data[i] = data[i - lanes]!;
  return data;
}
