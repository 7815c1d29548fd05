import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { NodeDefSchema } from "../../proto/gen/tensorflow/core/framework/node_def_pb.ts";
import type { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import type { TensorInfoSchema } from "../../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import { SavedModelSchema } from "../../proto/gen/tensorflow/core/protobuf/saved_model_pb.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { protoOfTensor } from "../../tensor/tensor-proto.ts";
import type { SessionTensor } from "../engine.ts";

/** SavedModels for tests of the engine, small enough to be written by hand; they have no variables. */

type Node = MessageInitShape<typeof NodeDefSchema>;
type Attr = MessageInitShape<typeof AttrValueSchema>;

export function typeAttr(dtype: DType): Attr {
  return { value: { case: "type", value: dtypeInfo(dtype).number as DataType } };
}

export function shapeAttr(shape: SessionTensor["shape"]): Attr {
  const dim = (shape ?? []).map((size) => ({ size: BigInt(size) }));
  return { value: { case: "shape", value: shape === undefined ? { unknownRank: true } : { dim } } };
}

export function node(name: string, op: string, input: string[], attr: Record<string, Attr> = {}): Node {
  return { name, op, input, attr };
}

export function placeholder({ name, dtype, shape }: SessionTensor): Node {
  return node(name, "Placeholder", [], { dtype: typeAttr(dtype), shape: shapeAttr(shape) });
}

export function constant(name: string, value: Tensor): Node {
  return node(name, "Const", [], {
    dtype: typeAttr(value.dtype),
    value: { value: { case: "tensor", value: protoOfTensor(value) } },
  });
}

export interface GraphCase {
  readonly nodes: readonly Node[];
  readonly inputs: readonly SessionTensor[];
  readonly outputs: readonly SessionTensor[];
  /** The node that initialises the model; none by default. */
  readonly initOp?: string;
}

/** Writes a model with the tag `serve` and the signature `serving_default` into a folder. */
export function writeSavedModel(folder: string, { nodes, inputs, outputs, initOp }: GraphCase): void {
  const message = create(SavedModelSchema, {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { tags: ["serve"] },
        graphDef: { node: [...nodes], versions: { producer: 1087 } },
        signatureDef: {
          serving_default: {
            methodName: "tensorflow/serving/predict",
            inputs: infos(inputs),
            outputs: infos(outputs),
          },
          ...(initOp !== undefined && {
            __saved_model_init_op: {
              outputs: {
                __saved_model_init_op: {
                  encoding: { case: "name", value: initOp },
                  tensorShape: { unknownRank: true },
                },
              },
            },
          }),
        },
      },
    ],
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "saved_model.pb"), toBinary(SavedModelSchema, message));
}

function infos(tensors: readonly SessionTensor[]): Record<string, MessageInitShape<typeof TensorInfoSchema>> {
  return Object.fromEntries(
    tensors.map(({ name, dtype, shape }) => [
      name,
      {
        encoding: { case: "name", value: `${name}:0` },
        dtype: dtypeInfo(dtype).number as DataType,
        tensorShape:
          shape === undefined
            ? { unknownRank: true }
            : { dim: shape.map((size) => ({ size: BigInt(size) })) },
      },
    ]),
  );
}
