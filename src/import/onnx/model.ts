import { create, toBinary } from "@bufbuild/protobuf";
import type { SessionTensor, WeightUse } from "../../engines/engine.ts";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../../proto/gen/onnx/onnx_pb.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount } from "../../tensor/shape.ts";
import { bytesOf, type NumericTensor } from "../../tensor/tensor.ts";
import type { CompiledModel, CompiledWeight } from "../program.ts";
import type { Initializer, OnnxGraph, Variable } from "./builder.ts";
import { onnxElementType } from "./element-type.ts";
import { initializerText } from "./model-identity.ts";
import { isNumber, type OnnxAttribute, type OnnxNode, type Subgraph, type Value } from "./value.ts";
import { weightUses } from "./weight-uses.ts";

/** The opset that `kernel-types.generated.json` was made for. */
const OPSET = 21n;

/** The ops of ONNX's other domain, for machine learning of the classical kind. */
const ML_OPS: ReadonlySet<string> = new Set(["Imputer"]);
const ML_DOMAIN = "ai.onnx.ml";
const ML_OPSET = 1n;

/** The IR version that came with that opset. */
const IR_VERSION = 10n;

/**
 * Constants from this size on are kept out of the model's bytes, so that the engine holds them once and models above
 * protobuf's 2 GB can be written. Below it, ONNX Runtime reads external data back into the model anyway (its limit is
 * 127 bytes).
 */
const EXTERNAL_BYTES = 1024;

/** A graph output: the value under the name that the program asks for. */
export interface ModelOutput {
  readonly name: string;
  readonly value: Value;
}

/**
 * Serializes a graph for the engine. Output names must differ from all names inside of the graph. Constants that nothing
 * reads are left out: ONNX Runtime refuses external ones.
 */
export function writeModel(graph: OnnxGraph, outputs: readonly ModelOutput[]): CompiledModel {
  const weights: CompiledWeight[] = [];
  const uses = weightUses(graph);
  const read = new Set([...uses.keys(), ...outputs.map(({ value }) => value.name)]);
  const initializer = [...graph.initializers.values()]
    .filter(({ name }) => read.has(name))
    .map((constant) => writeInitializer(constant, uses.get(constant.name) ?? "own", weights));
  const names = outputNames(graph, outputs);
  const nameOf = (name: string): string => names.get(name) ?? name;
  // A value that has two names, or that no node makes.
  const aliases = outputs
    .filter(({ name, value }) => nameOf(value.name) !== name)
    .map(({ name, value }) =>
      create(NodeProtoSchema, {
        opType: "Identity",
        name: `${name}/alias`,
        input: [nameOf(value.name)],
        output: [name],
      }),
    );
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "servable",
    opsetImport: [
      { domain: "", version: OPSET },
      { domain: ML_DOMAIN, version: ML_OPSET },
    ],
    graph: {
      name: "servable",
      input: graph.inputs.map((value) => writeValueInfo(value.name, value)),
      output: outputs.map(({ name, value }) => writeValueInfo(name, value)),
      node: [...graph.nodes.map((node) => writeNode(node, nameOf)), ...aliases],
      initializer,
    },
  });
  return {
    graph: toBinary(ModelProtoSchema, model),
    weights,
    inputs: graph.inputs.map((value) => sessionTensor(value.name, value)),
    outputs: outputs.map(({ name, value }) => sessionTensor(name, value)),
  };
}

function sessionTensor(name: string, value: Value): SessionTensor {
  return { name, dtype: value.dtype, shape: value.shape?.map((dim) => (isNumber(dim) ? dim : -1)) };
}

/** What the values that nodes make are called outside, by their names inside. */
function outputNames(graph: OnnxGraph, outputs: readonly ModelOutput[]): ReadonlyMap<string, string> {
  const made = new Set(graph.nodes.flatMap((node) => node.outputs));
  return new Map(
    outputs.filter(({ value }) => made.has(value.name)).map(({ name, value }) => [value.name, name]),
  );
}

function writeNode(node: OnnxNode, nameOf: (name: string) => string): NodeProto {
  return create(NodeProtoSchema, {
    opType: node.op,
    domain: ML_OPS.has(node.op) ? ML_DOMAIN : "",
    name: node.name,
    input: node.inputs.map(nameOf),
    output: node.outputs.map(nameOf),
    attribute: Object.entries(node.attrs).map(([name, value]) => writeAttribute(name, value, nameOf)),
  });
}

function writeAttribute(
  name: string,
  value: OnnxAttribute,
  nameOf: (name: string) => string,
): AttributeProto {
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === "string") {
    const s = new TextEncoder().encode(value);
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
  }
  if ("float" in value) {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value.float });
  }
  if ("floats" in value) {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.FLOATS,
      floats: [...value.floats],
    });
  }
  if ("strings" in value) {
    const encoder = new TextEncoder();
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.STRINGS,
      strings: value.strings.map((text) => encoder.encode(text)),
    });
  }
  if ("tensor" in value) {
    const t = writeTensor("", value.tensor);
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.TENSOR, t });
  }
  if ("graph" in value) {
    const g = writeSubgraph(name, value.graph, nameOf);
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.GRAPH, g });
  }
  return create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.INTS,
    ints: value.map(BigInt),
  });
}

function writeSubgraph(
  name: string,
  { inputs, nodes, outputs }: Subgraph,
  nameOf: (name: string) => string,
): GraphProto {
  return create(GraphProtoSchema, {
    name,
    input: inputs.map((value) => writeValueInfo(value.name, value)),
    output: outputs.map((value) => writeValueInfo(value.name, value)),
    node: nodes.map((node) => writeNode(node, nameOf)),
  });
}

function writeTensor(name: string, tensor: NumericTensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: onnxElementType(tensor.dtype),
    dims: tensor.shape.map(BigInt),
    rawData: bytesOf(tensor),
  });
}

function writeInitializer(constant: Initializer, use: WeightUse, weights: CompiledWeight[]): TensorProto {
  const weight = "tensor" in constant ? variableOf(constant.name, constant.tensor) : constant;
  const size = elementCount(weight.shape) * dtypeInfo(weight.dtype).size;
  if (size < EXTERNAL_BYTES) {
    const data = new Uint8Array(size);
    weight.read(data);
    return create(TensorProtoSchema, {
      name: weight.name,
      dataType: onnxElementType(weight.dtype),
      dims: weight.shape.map(BigInt),
      rawData: data,
    });
  }
  weights.push({ ...weight, use, key: initializerText(constant) });
  return create(TensorProtoSchema, {
    name: weight.name,
    dataType: onnxElementType(weight.dtype),
    dims: weight.shape.map(BigInt),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      { key: "location", value: "weights" },
      { key: "offset", value: "0" },
      { key: "length", value: String(size) },
    ],
  });
}

function variableOf(name: string, tensor: NumericTensor): Variable {
  return { name, dtype: tensor.dtype, shape: tensor.shape, read: (target) => target.set(bytesOf(tensor)) };
}

function writeValueInfo(name: string, value: Value): ValueInfoProto {
  const dim = value.shape?.map((size) =>
    isNumber(size)
      ? { value: { case: "dimValue" as const, value: BigInt(size) } }
      : { value: { case: "dimParam" as const, value: size } },
  );
  const elemType = onnxElementType(value.dtype);
  const tensorType = dim === undefined ? { elemType } : { elemType, shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: "tensorType", value: tensorType } } });
}
