import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { TensorProtoSchema } from "../../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import { type Graph, type GraphNode, graphOf, type Ref } from "../graph.ts";
import { typeAttribute } from "./function-writer.ts";

/** Ops that only hand a value on, with loops' and conditions' among them. */
const PASSING = new Set(["Identity", "Enter", "Exit", "Switch", "Merge", "NextIteration", "StopGradient"]);

const CREATES = "TensorArrayV3";

/**
 * Turns TensorArrays into TensorLists. A TensorArray is a handle, and a number without meaning, the flow, that orders its
 * uses; here the flow becomes the list, which is what makes each use see the writes before it.
 */
export function raiseTensorArrays(graph: Graph): Graph {
  if (![...graph.nodes.values()].some((node) => node.op === CREATES)) return graph;
  const flows = flowCarriers(graph);
  return graphOf(
    [...graph.nodes.values()].flatMap((node) => {
      if (flows.has(node.name) && PASSING.has(node.op)) {
        return [{ ...node, attrs: { ...node.attrs, T: typeAttribute("variant") } }];
      }
      return rewrite(node);
    }),
  );
}

/** The nodes whose first output is a flow. */
function flowCarriers(graph: Graph): ReadonlySet<string> {
  const readers = Map.groupBy(
    [...graph.nodes.values()].flatMap((node) => node.inputs.map((ref) => ({ ref, node }))),
    ({ ref }) => ref.node,
  );
  const carriers = new Set<string>();
  const open = [...graph.nodes.values()].filter((node) =>
    /^TensorArray(V3|WriteV3|ScatterV3|SplitV3)$/.test(node.op),
  );
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (carriers.has(node.name)) continue;
    carriers.add(node.name);
    for (const { ref, node: reader } of readers.get(node.name) ?? []) {
      // Of what creates an array, the flow is the second output; the first is the handle.
      const carries = node.op !== CREATES || ref.index === 1;
      if (carries && PASSING.has(reader.op)) open.push(reader);
    }
  }
  return carriers;
}

function shapeConstant(name: string, shape: PartialShape): GraphNode {
  const tensor = create(TensorProtoSchema, {
    dtype: DataType.DT_INT32,
    tensorShape: shape === undefined ? {} : { dim: [{ size: BigInt(shape.length) }] },
    intVal: shape === undefined ? [-1] : [...shape],
  });
  const value = create(AttrValueSchema, { value: { case: "tensor", value: tensor } });
  return { name, op: "Const", inputs: [], controls: [], attrs: { value, dtype: typeAttribute("int32") } };
}

function rewrite(node: GraphNode): GraphNode[] {
  const attrs = new Attributes(node.name, node.attrs, opDefinition(node.op));
  const [, first, second, third] = node.inputs as [Ref, Ref, Ref, Ref];
  const as = (op: string, inputs: readonly Ref[], shape?: GraphNode, dtype = "dtype"): GraphNode[] => {
    const types = { element_dtype: typeAttribute(attrs.dtype(dtype)), shape_type: typeAttribute("int32") };
    const all = shape === undefined ? inputs : [...inputs, { node: shape.name, index: 0 }];
    const list = { ...node, op, inputs: all, attrs: types };
    return shape === undefined ? [list] : [shape, list];
  };
  const shape = (attribute: string) => shapeConstant(`${node.name}/element_shape`, attrs.shape(attribute));
  switch (node.op) {
    case CREATES: {
      const stated = shape("element_shape");
      const list: GraphNode = {
        name: `${node.name}/list`,
        op: "TensorListReserve",
        inputs: [{ node: stated.name, index: 0 }, node.inputs[0]!],
        controls: node.controls,
        attrs: { element_dtype: typeAttribute(attrs.dtype("dtype")), shape_type: typeAttribute("int32") },
      };
      // Both outputs are the list, so that whoever asks for the flow gets it.
      const both = create(AttrValueSchema, {
        value: { case: "list", value: { type: [DataType.DT_VARIANT, DataType.DT_VARIANT] } },
      });
      const ref = { node: list.name, index: 0 };
      return [
        stated,
        list,
        { name: node.name, op: "IdentityN", inputs: [ref, ref], controls: [], attrs: { T: both } },
      ];
    }
    case "TensorArrayWriteV3":
      return as("TensorListSetItem", [third, first, second], undefined, "T");
    case "TensorArrayReadV3":
      return as("TensorListGetItem", [second, first], shapeConstant(`${node.name}/element_shape`, undefined));
    case "TensorArrayGatherV3":
      return as("TensorListGather", [second, first], shape("element_shape"));
    case "TensorArrayScatterV3":
      return as("TensorListScatterIntoExistingList", [third, second, first], undefined, "T");
    case "TensorArraySplitV3": {
      const any = shapeConstant(`${node.name}/element_shape`, undefined);
      const types = { element_dtype: typeAttribute(attrs.dtype("T")), shape_type: typeAttribute("int32") };
      const inputs = [first, { node: any.name, index: 0 }, second];
      return [any, { ...node, op: "TensorListSplit", inputs, attrs: types }];
    }
    case "TensorArraySizeV3":
      return [{ ...node, op: "TensorListLength", inputs: [first], attrs: {} }];
    case "TensorArrayConcatV3":
      return as("TensorListConcat", [first]);
    case "TensorArrayCloseV3":
      return [{ ...node, op: "NoOp", inputs: [], attrs: {} }];
    default:
      return [node];
  }
}
