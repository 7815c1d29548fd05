import { equals } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { tensorFromProto } from "../../tensor/tensor-proto.ts";
import { formatRef, type Graph, type GraphNode, type Ref } from "../graph.ts";
import { VARIABLE_VALUE } from "../own-ops.ts";
import { type Block, wholeBlock } from "./block.ts";

/** Hands its first input on. */
const PASSING = new Set(["Identity", "StopGradient", "PreventGradient", "Snapshot"]);

/** A graph and the tensors of it that come from outside. */
export interface Scope {
  readonly graph: Graph;
  readonly fed: ReadonlySet<string>;
}

/** The tensor that a chain of ops hands on. */
export function follow({ graph, fed }: Scope, ref: Ref): Ref {
  for (let at = ref; ; ) {
    const node = fed.has(formatRef(at)) ? undefined : graph.nodes.get(at.node);
    if (node?.op === "IdentityN") at = node.inputs[at.index]!;
    else if (node !== undefined && PASSING.has(node.op)) at = node.inputs[0]!;
    else return at;
  }
}

/** The node that computes a tensor, unless it is fed. */
export function nodeOf(scope: Scope, ref: Ref): GraphNode | undefined {
  const at = follow(scope, ref);
  return scope.fed.has(formatRef(at)) ? undefined : scope.graph.nodes.get(at.node);
}

/** The value of a constant. */
export function constantOf(scope: Scope, ref: Ref): Tensor | undefined {
  const node = nodeOf(scope, ref);
  return node?.op === "Const" ? constantTensor(node) : undefined;
}

function constantTensor(node: GraphNode): Tensor {
  return tensorFromProto(new Attributes(node.name, node.attrs, undefined).tensor("value"));
}

/** The integers of a constant vector or scalar. */
export function constantInts(scope: Scope, ref: Ref): readonly number[] | undefined {
  const tensor = constantOf(scope, ref);
  if (tensor === undefined || (tensor.dtype !== "int32" && tensor.dtype !== "int64")) return undefined;
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** One integer that is the same in every run. */
export function constantInt(scope: Scope, ref: Ref): number | undefined {
  const node = nodeOf(scope, ref);
  // Keras takes the maximum of a constant scalar.
  if (node?.op === "Max" || node?.op === "Min") {
    const tensor = constantOf(scope, node.inputs[0]!);
    return tensor?.shape.length === 0 ? constantInt(scope, node.inputs[0]!) : undefined;
  }
  const ints = constantInts(scope, ref);
  return ints?.length === 1 ? ints[0] : undefined;
}

/** What a Const or VariableValue node of float32 holds. */
export function fixedBlock(node: GraphNode): Block | undefined {
  const attrs = new Attributes(node.name, node.attrs, undefined);
  if (attrs.dtype("dtype") !== "float32") return undefined;
  if (node.op !== VARIABLE_VALUE) return wholeBlock(node, `const ${node.name}`, constantTensor(node).shape);
  const shape = attrs.shape("shape");
  if (shape === undefined || shape.some((dim) => dim < 0)) return undefined;
  return wholeBlock(node, `variable ${attrs.string("variable")}`, shape);
}

/** The operand of which these ops take a part. */
const VIEWS: Readonly<Record<string, number>> = {
  Unpack: 0,
  Split: 1,
  SplitV: 0,
  StridedSlice: 0,
  Squeeze: 0,
  Reshape: 0,
  Transpose: 0,
};

/** Whether a tensor is part of a variable or constant, however many ops cut it out. */
export function isFixedPart(scope: Scope, ref: Ref): boolean {
  for (let at = ref; ; ) {
    const node = nodeOf(scope, at);
    if (node?.op === "Const" || node?.op === VARIABLE_VALUE) return true;
    const operand = node && (Object.hasOwn(VIEWS, node.op) ? VIEWS[node.op] : undefined);
    if (operand === undefined) return false;
    at = node!.inputs[operand]!;
  }
}

/** Whether all elements of a tensor are zero, whatever its shape. */
export function isZeros(scope: Scope, ref: Ref): boolean {
  const node = nodeOf(scope, ref);
  if (node?.op === "ZerosLike") return true;
  if (node?.op === "Fill") return isZeros(scope, node.inputs[1]!);
  return node !== undefined && holdsZeros(node);
}

export function holdsZeros(node: GraphNode): boolean {
  if (node.op !== "Const") return false;
  const { data } = constantTensor(node) as NumericTensor;
  return (data as Float32Array).every((element: number | bigint) => Object.is(element, 0));
}

/** Ops that give the same whenever they are given the same. */
const PURE = new Set([
  "Const",
  "Shape",
  "StridedSlice",
  "Pack",
  "Minimum",
  "Maximum",
  "Max",
  "Min",
  "Cast",
  "Range",
]);

/** Whether two tensors are the same in every run, as far as their nodes tell. */
export function isSameValue(scope: Scope, a: Ref, b: Ref): boolean {
  const [left, right] = [follow(scope, a), follow(scope, b)];
  if (formatRef(left) === formatRef(right)) return true;
  const [x, y] = [nodeOf(scope, left), nodeOf(scope, right)];
  if (x === undefined || y === undefined || x.op !== y.op || !PURE.has(x.op) || left.index !== right.index)
    return false;
  return (
    x.inputs.length === y.inputs.length &&
    sameAttributes(x, y) &&
    x.inputs.every((input, i) => isSameValue(scope, input, y.inputs[i]!))
  );
}

function sameAttributes(a: GraphNode, b: GraphNode): boolean {
  const names = (node: GraphNode): string[] =>
    Object.keys(node.attrs).filter((name) => !name.startsWith("_"));
  return (
    String(names(a).sort()) === String(names(b).sort()) &&
    names(a).every((name) => equals(AttrValueSchema, a.attrs[name]!, b.attrs[name]!))
  );
}
