import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { RunResult } from "../engines/engine.ts";
import type { Servable, ServableId, Signature } from "../lifecycle/servable.ts";
import { TensorShapeProtoSchema } from "../proto/gen/tensorflow/core/framework/tensor_shape_pb.ts";
import type { DataType } from "../proto/gen/tensorflow/core/framework/types_pb.ts";
import {
  type SignatureDefSchema,
  type TensorInfo,
  TensorInfoSchema,
} from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import { SignatureDefMapSchema } from "../proto/gen/tensorflow_serving/apis/get_model_metadata_pb.ts";
import { internal } from "../status/status.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { formatShape, isCompatible } from "../tensor/shape.ts";
import type { Tensor, TensorSpec } from "../tensor/tensor.ts";

/** Tensors by the names that requests use. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** A signature that a function answers. */
export interface FunctionSignature {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  /** Default: `tensorflow/serving/predict`. */
  readonly methodName?: string;
  /**
   * @param inputs one for each of the signature's, of its type and a shape that fits; not to be changed or kept.
   * @returns one for each output. A StatusError that it throws goes to the client as it is.
   */
  run(inputs: NamedTensors): NamedTensors | Promise<NamedTensors>;
}

/** A servable whose signatures are plain functions. */
export function functionServable(
  id: ServableId,
  functions: Readonly<Record<string, FunctionSignature>>,
): Servable {
  const byName = new Map(Object.entries(functions));
  const signatures = new Map([...byName].map(([name, given]) => [name, signatureOf(given)]));
  return {
    id,
    signatures,
    run(name, inputs, outputs) {
      const keys = signatures.get(name)!.inputs.keys();
      const named = Object.fromEntries(
        inputs.map((tensor): [string, Tensor] => [keys.next().value!, tensor]),
      );
      const answer = byName.get(name)!.run(named);
      const finish = (tensors: NamedTensors) => resultOf(name, signatures.get(name)!, tensors, outputs);
      return answer instanceof Promise ? answer.then(finish) : finish(answer);
    },
    signatureDefMap() {
      const signatureDef = Object.fromEntries(
        [...signatures].map(([name, each]) => [name, signatureDefOf(each)]),
      );
      return toBinary(SignatureDefMapSchema, create(SignatureDefMapSchema, { signatureDef }));
    },
  };
}

function signatureOf({ inputs, outputs, methodName }: FunctionSignature): Signature {
  const specs = (given: Readonly<Record<string, TensorSpec>>) =>
    new Map(
      Object.entries(given).map(([name, { dtype, shape }]) => [
        name,
        { dtype, shape, tensorName: `${name}:0` },
      ]),
    );
  return {
    methodName: methodName ?? "tensorflow/serving/predict",
    inputs: specs(inputs),
    outputs: specs(outputs),
  };
}

function resultOf(
  name: string,
  signature: Signature,
  answer: NamedTensors,
  outputs: readonly string[],
): RunResult {
  const tensors = outputs.map((key) => {
    const { dtype, shape } = signature.outputs.get(key)!;
    const tensor = answer[key];
    if (tensor === undefined) throw internal(`The function of signature ${name} gave no output ${key}`);
    if (tensor.dtype === dtype && isCompatible(tensor.shape, shape)) return tensor;
    throw internal(
      `The function of signature ${name} gave ${dtypeInfo(tensor.dtype).protoName} ${formatShape(tensor.shape)} as ` +
        `${key}, expected ${dtypeInfo(dtype).protoName} ${formatShape(shape)}`,
    );
  });
  return { tensors, dispose: () => {} };
}

function signatureDefOf({
  methodName,
  inputs,
  outputs,
}: Signature): MessageInitShape<typeof SignatureDefSchema> {
  return { methodName, inputs: tensorInfos(inputs), outputs: tensorInfos(outputs) };
}

function tensorInfos(tensors: Signature["inputs"]): Record<string, TensorInfo> {
  const infos = [...tensors].map(([name, { dtype, shape, tensorName }]): [string, TensorInfo] => {
    const tensorShape =
      shape === undefined
        ? create(TensorShapeProtoSchema, { unknownRank: true })
        : create(TensorShapeProtoSchema, { dim: shape.map((size) => ({ size: BigInt(size) })) });
    const dataType = dtypeInfo(dtype).number as DataType;
    return [
      name,
      create(TensorInfoSchema, {
        encoding: { case: "name", value: tensorName },
        dtype: dataType,
        tensorShape,
      }),
    ];
  });
  return Object.fromEntries(infos);
}
