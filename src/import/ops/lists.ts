import { unimplemented } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { NumericTensor } from "../../tensor/tensor.ts";
import { encodeNumbers, type OnnxBuilder } from "../onnx/builder.ts";
import { isNumber, type KnownList, knownElements, type ListValue, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { checkedIndices, checkedIndices64 } from "./indices.ts";
import {
  combine,
  dimOf,
  dimsOf,
  elementOf,
  flat,
  knownInts,
  type Part,
  scalarOf,
  vector,
} from "./int-vector.ts";
import { unless } from "./run-time-check.ts";
import { ensured, mayHaveShape } from "./shape-ops.ts";

/** The value that stands for a list. */
export function listValue(list: ListValue): Value {
  return { name: "", dtype: "variant", shape: [], elements: undefined, constant: undefined, list };
}

export function zeros(onnx: OnnxBuilder, dtype: DType, sizes: Value): Value {
  const numeric = dtype as NumericTensor["dtype"];
  const tensor = { dtype: numeric, shape: [1], data: encodeNumbers(numeric, [0]) };
  return onnx.op("ConstantOfShape", [sizes], { value: { tensor } });
}

function listOf({ inputs }: OpNode, at = 0): ListValue {
  const list = inputs[at]?.list;
  if (list === undefined) throw unimplemented("expected a list of numbers");
  return list;
}

/** A list that can be read. */
function knownList(node: OpNode): KnownList {
  const list = listOf(node);
  if (list.kind === "known") return list;
  throw unimplemented("a list that a loop writes to can't be read in the loop");
}

/** A shape that a node takes as a tensor: a vector, or the scalar -1 for any rank. */
function shapeGiven(value: Value): PartialShape {
  const sizes = knownInts(value, "element_shape");
  return value.shape?.length === 0 ? undefined : sizes;
}

/** What both shapes say. */
function merge(a: PartialShape, b: PartialShape): PartialShape {
  if (a === undefined || b === undefined) return a ?? b;
  const contradicts = (dim: number, i: number) => dim >= 0 && b[i]! >= 0 && dim !== b[i];
  if (a.length !== b.length || a.some(contradicts)) throw unimplemented("shapes of elements that contradict");
  return a.map((dim, i) => (dim >= 0 ? dim : b[i]!));
}

function misfit() {
  return unimplemented("elements that don't fit their list");
}

function isDefined(shape: PartialShape): shape is readonly number[] {
  return shape?.every((dim) => dim >= 0) ?? false;
}

/** An element as a list takes it: its shape is checked. */
function element(onnx: OnnxBuilder, { elementDtype, elementShape }: KnownList, value: Value): Value {
  if (value.dtype !== elementDtype || !mayHaveShape(value, elementShape)) {
    throw misfit();
  }
  return ensured(onnx, value, elementShape);
}

function newList(node: OpNode, count: Part, isFull: boolean): Value {
  const elementDtype = node.attrs.dtype("element_dtype") as NumericTensor["dtype"];
  const elementShape = shapeGiven(node.inputs[0]!);
  return listValue({
    kind: "known",
    elementDtype,
    elementShape,
    count,
    items: undefined,
    isFull,
    isUniform: true,
  });
}

/** A negative number fails the run where the list is read, as TensorFlow refuses it. */
const reserve: Translator = (node, onnx) => newList(node, elementOf(onnx, node.inputs[1]!, 0), false);

const empty: Translator = (node) => {
  if (knownElements(node.inputs[1]!)?.[0] !== -1) throw unimplemented("a list of limited length");
  return newList(node, 0, true);
};

const fromTensor: Translator = (node, onnx) => {
  const [items, given] = node.inputs as [Value, Value];
  if (items.shape === undefined || items.shape.length === 0) throw unimplemented("expected rows");
  const elementShape = shapeGiven(given);
  const wanted = elementShape && [-1, ...elementShape];
  if (!mayHaveShape(items, wanted)) throw misfit();
  const rows = ensured(onnx, items, wanted);
  const elementDtype = items.dtype as NumericTensor["dtype"];
  const count = dimOf(onnx, rows, 0);
  return listValue({
    kind: "known",
    elementDtype,
    elementShape,
    count,
    items: rows,
    isFull: true,
    isUniform: true,
  });
};

const setItem: Translator = (node, onnx) => {
  const list = listOf(node);
  const [, index, value] = node.inputs as [Value, Value, Value];
  const resizes = node.attrs.has("resize_if_index_out_of_bounds")
    ? node.attrs.bool("resize_if_index_out_of_bounds")
    : false;
  if (list.kind === "open") {
    const item = element(onnx, list.before, value);
    return listValue({ kind: "written", open: list, index, value: item, resizes });
  }
  const known = knownList(node);
  const set = known.items === undefined ? 0 : dimOf(onnx, known.items, 0);
  const at = knownElements(index)?.[0];
  if (at !== undefined && at === set) return appended(onnx, known, element(onnx, known, value), resizes);
  if (resizes) throw unimplemented("a list that may grow anywhere");
  const full = filled(onnx, known, known.elementShape);
  const row = onnx.op("Unsqueeze", [element(onnx, known, value), onnx.ints([0])]);
  const items = onnx.op("ScatterND", [
    full,
    onnx.op("Reshape", [checkedIndices64(onnx, index), onnx.ints([1, 1])]),
    row,
  ]);
  return listValue({ ...known, items, isFull: true });
};

/** Rows at the positions 0, 1, ..., as TF1 unstacks a tensor. */
const scatter: Translator = (node, onnx) => {
  const list = knownList(node);
  const [, rows, indices] = node.inputs as [Value, Value, Value];
  if (list.items !== undefined) throw unimplemented("a list of which some is set");
  if (rows.shape === undefined || !countsUp(onnx, indices) || indices.shape?.[0] !== rows.shape[0]) {
    throw unimplemented("indices that don't count up");
  }
  const wanted = list.elementShape && [-1, ...list.elementShape];
  if (rows.dtype !== list.elementDtype || !mayHaveShape(rows, wanted)) throw misfit();
  const items = ensured(onnx, rows, wanted);
  const set = dimOf(onnx, items, 0);
  return listValue({ ...list, items, count: combine(onnx, "Max", list.count, set), isFull: false });
};

/** Whether a vector is 0, 1, 2, ... */
function countsUp(onnx: OnnxBuilder, indices: Value): boolean {
  const known = knownElements(indices);
  if (known !== undefined) return known.every((index, i) => index === i);
  const range = onnx.producer(onnx.uncast(indices));
  const [start, , step] = range?.op === "Range" ? range.inputs : [];
  return start?.elements?.[0] === 0 && step?.elements?.[0] === 1;
}

/** Whether a vector ends before this number: it is what it was counted up to. */
function countsTo(onnx: OnnxBuilder, indices: Value, count: Part): boolean {
  const range = onnx.producer(onnx.uncast(indices));
  const limit = range?.op === "Range" ? range.inputs[1] : undefined;
  return (
    limit !== undefined && typeof count !== "number" && bare(onnx, limit).name === bare(onnx, count).name
  );
}

/** A number before it was made a vector or another type of integers. */
function bare(onnx: OnnxBuilder, number: Value): Value {
  const value = onnx.uncast(number);
  const reshaped = onnx.producer(value);
  return reshaped?.op === "Reshape" ? bare(onnx, reshaped.inputs[0]!) : value;
}

/** The list with one more item set, the first that wasn't. */
function appended(onnx: OnnxBuilder, list: KnownList, value: Value, grows: boolean): Value {
  const row = onnx.op("Unsqueeze", [value, onnx.ints([0])]);
  const items = list.items === undefined ? row : onnx.op("Concat", [list.items, row], { axis: 0 });
  const set = dimOf(onnx, items, 0);
  if (grows) {
    return listValue({ ...list, items, count: list.isFull ? set : combine(onnx, "Max", list.count, set) });
  }
  if (typeof list.count === "number" && (typeof set !== "number" || set > list.count)) {
    throw unimplemented("a list whose end can't be told");
  }
  // Whether it fits is checked where the list is read.
  return listValue({ ...list, items, isFull: set === list.count });
}

const pushBack: Translator = (node, onnx) => {
  const list = listOf(node);
  const value = node.inputs[1]!;
  if (list.kind === "open") {
    const item = element(onnx, list.before, value);
    return listValue({ kind: "written", open: list, index: undefined, value: item, resizes: true });
  }
  const known = knownList(node);
  if (!known.isFull) throw unimplemented("a push onto a list of which not all is set");
  return appended(onnx, known, element(onnx, known, value), true);
};

/**
 * All items in a row. Those that were never set are zeros, if the shape of elements is stated or another is set; a list of
 * which none is set, and whose shape isn't stated, fails the run, as in TensorFlow (TensorListStack, list_kernels.h).
 */
function filled(onnx: OnnxBuilder, list: KnownList, stated: PartialShape): Value {
  const { elementDtype, count, items } = list;
  if (items === undefined) {
    if (!isDefined(stated))
      throw unimplemented("a list of which nothing is set, with elements of unknown shape");
    return zeros(onnx, elementDtype, vector(onnx, [count, ...stated]));
  }
  if (items.shape === undefined) throw unimplemented("elements of an unknown rank");
  const set = dimOf(onnx, items, 0);
  const isEmpty = (): Value => onnx.op("Equal", [vector(onnx, [set]), onnx.ints([0])]);
  let rows = items;
  if (isDefined(stated)) {
    if (items.shape.length !== stated.length + 1) throw misfit();
    if (!stated.every((dim, i) => dim === items.shape![i + 1])) {
      // Without rows, there are no sizes either.
      const differs = onnx.op("Not", [onnx.op("Equal", [dimsOf(onnx, items, 1), onnx.ints(stated)])]);
      const bad = onnx.op("And", [differs, onnx.op("Not", [isEmpty()])]);
      const sizes = unless(onnx, bad, onnx.ints(stated));
      rows = onnx.op("Reshape", [items, vector(onnx, [set, sizes])], { allowzero: 1 });
      rows = { ...rows, shape: [items.shape[0]!, ...stated] };
    }
  } else {
    const wanted = stated && [-1, ...stated];
    if (!mayHaveShape(items, wanted)) throw misfit();
    rows = ensured(onnx, items, wanted);
    if (typeof set !== "number") {
      const sizes = unless(onnx, isEmpty(), dimsOf(onnx, rows));
      rows = { ...onnx.op("Reshape", [rows, sizes], { allowzero: 1 }), shape: rows.shape };
    } else if (set === 0)
      throw unimplemented("a list of which nothing is set, with elements of unknown shape");
  }
  if (list.isFull || set === count || isSameSize(count, items)) return rows;
  const rest = combine(onnx, "Sub", count, set);
  const missing =
    typeof rest === "number" ? rest : unless(onnx, onnx.op("Less", [rest, onnx.ints([0])]), rest);
  const more = zeros(onnx, elementDtype, vector(onnx, [missing, dimsOf(onnx, rows, 1)]));
  const all = onnx.op("Concat", [rows, more], { axis: 0 });
  const whole = typeof count === "number" ? count : (count.elements?.[0] ?? onnx.fresh());
  return { ...all, shape: [whole, ...rows.shape!.slice(1)] };
}

/** Whether there are as many items as a list has room for. */
function isSameSize(count: Part, { shape }: Value): boolean {
  return typeof count !== "number" && count.elements?.length === 1 && count.elements[0] === shape?.[0];
}

/** The items, where it matters that they are of one shape: TensorFlow has lists of many. */
function uniform(list: KnownList): KnownList {
  if (!list.isUniform) throw unimplemented("a list whose elements may be of different shapes");
  return list;
}

const stack: Translator = (node, onnx) => {
  const list = knownList(node);
  const all = filled(onnx, list, merge(list.elementShape, shapeGiven(node.inputs[1]!)));
  const expected = node.attrs.int("num_elements");
  const first = all.shape![0]!;
  if (expected < 0 || first === expected) return all;
  if (isNumber(first)) throw unimplemented(`expected ${expected} elements, got ${first}`);
  return ensured(onnx, all, [expected, ...all.shape!.slice(1).map(() => -1)]);
};

const getItem: Translator = (node, onnx) => {
  const list = uniform(knownList(node));
  const all = readable(onnx, list, node.inputs[2]!);
  const index = checkedIndices(onnx, scalarOf(onnx, node.inputs[1]!));
  return onnx.op("Gather", [all, index], { axis: 0 });
};

/** All items; of a list of which all is set, whatever is stated. */
function readable(onnx: OnnxBuilder, list: KnownList, given: Value): Value {
  if (list.isFull && list.items !== undefined) return list.items;
  return filled(onnx, list, merge(list.elementShape, shapeGiven(given)));
}

const gather: Translator = (node, onnx) => {
  const list = knownList(node);
  const indices = node.inputs[1]!;
  const stated = merge(list.elementShape, shapeGiven(node.inputs[2]!));
  const picked = indices.shape?.[0];
  const count = typeof list.count === "number" ? list.count : list.count.elements?.[0];
  // As TF1 stacks a list.
  const isWhole = (count !== undefined && picked === count) || countsTo(onnx, indices, list.count);
  if (isWhole && countsUp(onnx, indices)) return filled(onnx, list, stated);
  // None at all is an error where elements are of unknown shape.
  if (!isDefined(stated) && !(picked !== undefined && isNumber(picked) && picked > 0)) {
    throw unimplemented("indices of which there may be none");
  }
  const all = filled(onnx, uniform(list), stated);
  return onnx.op("Gather", [all, checkedIndices(onnx, flat(onnx, indices))], { axis: 0 });
};

const length: Translator = (node, onnx) => {
  const list = listOf(node);
  const count = list.kind === "written" ? undefined : list.count;
  if (count === undefined) throw unimplemented("the length of a list that a loop makes longer");
  return onnx.cast(scalarOf(onnx, vector(onnx, [count])), "int32");
};

/**
 * TensorLists: a list is the tensor of its items. A loop that adds to a list gathers what it adds
 * (`import/loop-variables.ts`).
 */
export const listOps: OpFamily = {
  TensorListReserve: reserve,
  EmptyTensorList: empty,
  TensorListFromTensor: fromTensor,
  TensorListSetItem: setItem,
  TensorListScatterIntoExistingList: scatter,
  TensorListPushBack: pushBack,
  TensorListGetItem: getItem,
  TensorListGather: gather,
  TensorListStack: stack,
  TensorListLength: length,
};
