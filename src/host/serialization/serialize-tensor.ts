import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { TensorProtoSchema } from "../../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import { invalidArgument } from "../../status/status.ts";
import { dataTypeString } from "../../tensor/dtype.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { protoOfTensor, tensorFromProto } from "../../tensor/tensor-proto.ts";
import type { HostFamily, HostOp } from "../host-op.ts";

/** @param packed whether strings are written as content too. */
export function serialize(tensor: Tensor, packed = false): Uint8Array {
  return toBinary(TensorProtoSchema, protoOfTensor(tensor, packed));
}

/** @throws StatusError INVALID_ARGUMENT with `message` for what is no TensorProto. */
export function parse(bytes: Uint8Array, message: string): Tensor {
  try {
    return tensorFromProto(fromBinary(TensorProtoSchema, bytes));
  } catch {
    throw invalidArgument(message);
  }
}

const serializeTensor: HostOp = {
  shapes: () => [[]],
  compile:
    () =>
    ([tensor]) => [{ dtype: "string", shape: [], data: [serialize(tensor!)] }],
};

const parseTensor: HostOp = {
  shapes: () => [undefined],
  compile: (attrs) => {
    const dtype = attrs.dtype("out_type");
    return ([serialized]) => {
      if (serialized!.shape.length > 0) {
        throw invalidArgument(
          `Expected \`serialized\` to be a scalar, got shape: ${formatShape(serialized!.shape)}`,
        );
      }
      const tensor = parse(serialized!.data[0] as Uint8Array, "Cannot parse tensor from proto");
      if (tensor.dtype !== dtype) {
        const [found, wanted] = [tensor.dtype, dtype].map(dataTypeString);
        throw invalidArgument(`Type mismatch between parsed tensor (${found}) and dtype (${wanted})`);
      }
      return [tensor];
    };
  },
};

/** Tensors as serialized TensorProtos. */
export const tensorSerialization: HostFamily = {
  SerializeTensor: serializeTensor,
  ParseTensor: parseTensor,
};
