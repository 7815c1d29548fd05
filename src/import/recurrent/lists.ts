import { Attributes } from "../../registry/attributes.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { GraphNode, Ref } from "../graph.ts";
import { constantInt, constantInts, isSameValue, nodeOf, type Scope } from "./constants.ts";

/** A list whose elements are the slices of a tensor along its first axis. */
export interface UnstackedList {
  readonly tensor: Ref;
  /** How long the list was made; undefined if as long as the tensor. */
  readonly size: Ref | undefined;
}

export function unstackedList(scope: Scope, list: Ref): UnstackedList | undefined {
  const node = nodeOf(scope, list);
  if (node?.op === "TensorListFromTensor") return { tensor: node.inputs[0]!, size: undefined };
  if (node?.op !== "TensorListScatterIntoExistingList") return undefined;
  const [existing, tensor, positions] = node.inputs as [Ref, Ref, Ref];
  const reserved = reservedList(scope, existing);
  if (reserved === undefined || !isCountOfRows(scope, rangeEnd(scope, positions), tensor)) return undefined;
  return { tensor, size: reserved.size };
}

/** A list of a given length without elements. */
export interface ReservedList {
  readonly size: Ref;
  readonly elementShape: Ref;
}

export function reservedList(scope: Scope, list: Ref): ReservedList | undefined {
  const node = nodeOf(scope, list);
  if (node?.op !== "TensorListReserve") return undefined;
  const [elementShape, size] = node.inputs as [Ref, Ref];
  return { size, elementShape };
}

/** A node that puts the elements of a list together along a new first axis. */
export interface Stacking {
  readonly list: Ref;
  readonly elementShape: Ref;
  /** How many of the elements, from the first on; undefined for all. */
  readonly count: Ref | undefined;
}

export function stackingOf(scope: Scope, node: GraphNode): Stacking | undefined {
  const [list, second, third] = node.inputs as [Ref, Ref, Ref];
  if (node.op === "TensorListStack") return { list, elementShape: second, count: undefined };
  if (node.op !== "TensorListGather") return undefined;
  const count = rangeEnd(scope, second);
  return count && { list, elementShape: third, count };
}

/** The shape that a tensor states, -1 for open dims; undefined if not even the rank is known. */
export function statedShape(scope: Scope, ref: Ref): PartialShape {
  const ints = constantInts(scope, ref);
  const node = nodeOf(scope, ref);
  if (ints === undefined || node === undefined) return undefined;
  return ints.length === 1 && ints[0] === -1 ? undefined : ints;
}

/** `n` of `range(0, n, 1)`. */
function rangeEnd(scope: Scope, ref: Ref): Ref | undefined {
  const node = nodeOf(scope, ref);
  if (node?.op !== "Range") return undefined;
  const [start, end, step] = node.inputs as [Ref, Ref, Ref];
  return constantInt(scope, start) === 0 && constantInt(scope, step) === 1 ? end : undefined;
}

/** Whether a scalar is the size of a tensor's first axis. */
function isCountOfRows(scope: Scope, count: Ref | undefined, tensor: Ref): boolean {
  const slice = count === undefined ? undefined : nodeOf(scope, count);
  if (slice?.op !== "StridedSlice") return false;
  const attrs = new Attributes(slice.name, slice.attrs, opDefinition(slice.op));
  const [shape, begin, , strides] = slice.inputs as [Ref, Ref, Ref, Ref];
  const node = nodeOf(scope, shape);
  const first = String(constantInts(scope, begin)) === "0" && String(constantInts(scope, strides)) === "1";
  const plain = attrs.int("ellipsis_mask") === 0 && attrs.int("new_axis_mask") === 0;
  const scalar = attrs.int("shrink_axis_mask") === 1 && attrs.int("begin_mask") === 0 && plain;
  return first && scalar && node?.op === "Shape" && isSameValue(scope, node.inputs[0]!, tensor);
}
