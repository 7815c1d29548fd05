import { create } from "@bufbuild/protobuf";
import { type AttrValue, AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import type { GraphNode, Ref } from "../graph.ts";
import { COUNTED, RNG_KEY_COUNTER, RNG_SKIPPED, SCATTERED } from "../own-ops.ts";
import { typeAttribute } from "./function-writer.ts";

/** What an update reads of its variable, and how it computes the value to assign. */
export interface Update {
  /** Whether it needs the value that was there before. */
  readonly reads: boolean;
  /** What the node itself gives: the value that is assigned, the one that was there before, or another. */
  readonly gives: "assigned" | "before" | "other" | "nothing";
  /**
   * @param node the updating node; its first input is the variable.
   * @param before the value that was there before.
   */
  readonly compute: (node: GraphNode, before: Ref) => Computed;
}

export interface Computed {
  readonly nodes: readonly GraphNode[];
  readonly assigned: Ref;
  /** What the node gives, if that is neither value of the variable. */
  readonly other?: Ref;
}

type Attrs = Readonly<Record<string, AttrValue>>;

const text = (value: string): AttrValue =>
  create(AttrValueSchema, { value: { case: "s", value: new TextEncoder().encode(value) } });
const flag = (value: boolean): AttrValue => create(AttrValueSchema, { value: { case: "b", value } });

/** A node beside another. */
function part(node: GraphNode, suffix: string, op: string, inputs: readonly Ref[], attrs: Attrs): GraphNode {
  return { name: `${node.name}/${suffix}`, op, inputs, controls: [], attrs };
}

function outputOf(node: GraphNode, index = 0): Ref {
  return { node: node.name, index };
}

/** A type attribute, which may be left out where the registry has a default. */
export function namedType({ name, op, attrs }: GraphNode, attribute: string): AttrValue {
  return typeAttribute(new Attributes(name, attrs, opDefinition(op)).dtype(attribute));
}

/** The dtype of the variable, by whichever name the op has for it. */
function dtypeOf({ attrs }: GraphNode): AttrValue {
  return (attrs.T ?? attrs.dtype)!;
}

const assign = (gives: Update["gives"]): Update => ({
  reads: false,
  gives,
  compute: (node) => ({ nodes: [], assigned: node.inputs[1]! }),
});

/** One numeric op on the value and the operand. */
const arithmetic = (op: string, gives: Update["gives"]): Update => ({
  reads: true,
  gives,
  compute: (node, before) => {
    const result = part(node, "updated", op, [before, node.inputs[1]!], { T: dtypeOf(node) });
    return { nodes: [result], assigned: outputOf(result) };
  },
});

const scatter = (reduction: string, isNd: boolean, gives: Update["gives"]): Update => ({
  reads: true,
  gives,
  compute: (node, before) => {
    const { Tindices } = node.attrs as { Tindices: AttrValue };
    const attrs = { T: dtypeOf(node), Tindices, reduction: text(reduction), is_nd: flag(isNd) };
    const result = part(node, "updated", SCATTERED, [before, ...node.inputs.slice(1)], attrs);
    return { nodes: [result], assigned: outputOf(result) };
  },
});

/** The variable's value with a slice of it set, which TensorFlow has an op for. */
const sliceAssign = (gives: Update["gives"]): Update => ({
  reads: true,
  gives,
  compute: (node, before) => {
    const inputs = [before, ...node.inputs.slice(1)];
    const result = part(node, "updated", "TensorStridedSliceUpdate", inputs, node.attrs);
    return { nodes: [result], assigned: outputOf(result) };
  },
});

const countUpTo: Update = {
  reads: true,
  gives: "before",
  compute: (node, before) => {
    const { limit } = node.attrs as { limit: AttrValue };
    const result = part(node, "updated", COUNTED, [before], { T: dtypeOf(node), limit });
    return { nodes: [result], assigned: outputOf(result) };
  },
};

const gradientDescent = (gives: Update["gives"]): Update => ({
  reads: true,
  gives,
  compute: (node, before) => {
    const [, alpha, delta] = node.inputs as [Ref, Ref, Ref];
    const T = dtypeOf(node);
    const step = part(node, "step", "Mul", [alpha, delta], { T });
    const result = part(node, "updated", "Sub", [before, outputOf(step)], { T });
    return { nodes: [step, result], assigned: outputOf(result) };
  },
});

/** A generator's state, moved on by the `delta` that the node names. */
const skip = (gives: Update["gives"]): Update => ({
  reads: true,
  gives,
  compute: (node, before) => {
    const [, alg, delta] = node.inputs as [Ref, Ref, Ref];
    const isRead = node.op === "RngReadAndSkip";
    const attrs = {
      Talg: typeAttribute(isRead ? "int32" : "int64"),
      Tdelta: typeAttribute(isRead ? "uint64" : "int64"),
    };
    const result = part(node, "updated", RNG_SKIPPED, [before, alg, delta], attrs);
    return { nodes: [result], assigned: outputOf(result) };
  },
});

/**
 * Random numbers from a generator's state: those that the stateless op gives for the key and the counter in it; then the
 * state is moved on by as many numbers.
 */
const draw = (stateless: string): Update => ({
  reads: true,
  gives: "other",
  compute: (node, before) => {
    const [, algorithm, shape, ...rest] = node.inputs as [Ref, Ref, Ref, ...Ref[]];
    const [dtype, shape_dtype] = [namedType(node, "dtype"), namedType(node, "shape_dtype")];
    const [int32, int64] = [typeAttribute("int32"), typeAttribute("int64")];
    const state = part(node, "state", RNG_KEY_COUNTER, [before], {});
    const alg = part(node, "alg", "Cast", [algorithm], { SrcT: int64, DstT: int32 });
    const inputs = [shape, outputOf(state, 0), outputOf(state, 1), outputOf(alg), ...rest];
    const drawn = part(node, "drawn", stateless, inputs, { ...node.attrs, dtype, Tshape: shape_dtype });
    const dims = part(node, "dims", "Cast", [shape], { SrcT: shape_dtype, DstT: int64 });
    const axis = part(node, "axis", "Const", [], {
      dtype: int32,
      value: create(AttrValueSchema, {
        value: { case: "tensor", value: { dtype: DataType.DT_INT32, tensorShape: {}, intVal: [0] } },
      }),
    });
    const count = part(node, "count", "Prod", [outputOf(dims), outputOf(axis)], {
      T: int64,
      Tidx: int32,
      keep_dims: flag(false),
    });
    const skipped = part(node, "updated", RNG_SKIPPED, [before, algorithm, outputOf(count)], {
      Talg: int64,
      Tdelta: int64,
    });
    const nodes = [state, alg, drawn, dims, axis, count, skipped];
    return { nodes, assigned: outputOf(skipped), other: outputOf(drawn) };
  },
});

const REDUCTIONS: readonly (readonly [name: string, reduction: string])[] = [
  ["Update", "update"],
  ["Add", "add"],
  ["Sub", "sub"],
  ["Mul", "mul"],
  ["Div", "div"],
  ["Min", "min"],
  ["Max", "max"],
];

function scatters(prefix: string, gives: Update["gives"]): (readonly [string, Update])[] {
  return REDUCTIONS.flatMap(([name, reduction]) => [
    [`${prefix}Scatter${name}`, scatter(reduction, false, gives)] as const,
    [`${prefix}ScatterNd${name}`, scatter(reduction, true, gives)] as const,
  ]);
}

/** The ops that change a variable, which is their first input: a reference of TF1 or a resource of TF2. */
export const variableUpdates: Readonly<Record<string, Update>> = {
  Assign: assign("assigned"),
  AssignAdd: arithmetic("AddV2", "assigned"),
  AssignSub: arithmetic("Sub", "assigned"),
  CountUpTo: countUpTo,
  StridedSliceAssign: sliceAssign("assigned"),
  ApplyGradientDescent: gradientDescent("assigned"),
  ...Object.fromEntries(scatters("", "assigned")),
  AssignVariableOp: assign("nothing"),
  AssignAddVariableOp: arithmetic("AddV2", "nothing"),
  AssignSubVariableOp: arithmetic("Sub", "nothing"),
  ResourceCountUpTo: countUpTo,
  ResourceStridedSliceAssign: sliceAssign("nothing"),
  ResourceApplyGradientDescent: gradientDescent("nothing"),
  ...Object.fromEntries(scatters("Resource", "nothing")),
  RngReadAndSkip: skip("before"),
  RngSkip: skip("nothing"),
  StatefulUniform: draw("StatelessRandomUniformV2"),
  StatefulUniformInt: draw("StatelessRandomUniformIntV2"),
  StatefulUniformFullInt: draw("StatelessRandomUniformFullIntV2"),
  StatefulStandardNormalV2: draw("StatelessRandomNormalV2"),
  StatefulTruncatedNormal: draw("StatelessTruncatedNormalV2"),
};

/** Whether the op gives a variable a value that doesn't depend on the one before. */
export function assignsVariable(op: string): boolean {
  return op === "Assign" || op === "AssignVariableOp";
}

export function updatesVariable(op: string): boolean {
  return Object.hasOwn(variableUpdates, op);
}
