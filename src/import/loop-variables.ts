import { unimplemented } from "../status/status.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import type { OnnxBuilder } from "./onnx/builder.ts";
import {
  type Dim,
  isNumber,
  type KnownList,
  knownElements,
  type Value,
  type WrittenList,
} from "./onnx/value.ts";
import { combine, dimOf } from "./ops/int-vector.ts";
import { listValue, zeros } from "./ops/lists.ts";
import { joinShapes } from "./translate-branches.ts";

/** A tensor that each round of a loop gives anew. Sizes that rounds change are undefined, as is a rank that they change. */
interface Carried {
  readonly first: Value;
  readonly shape: readonly (Dim | undefined)[] | undefined;
}

/**
 * What becomes of a loop's variable:
 *
 * - `tensor`: it is carried from round to round.
 * - `appended`: a list to whose end each round adds one item. The loop gathers them, and nothing is carried.
 * - `replaced`: a list of one item, which each round sets: its items are carried.
 * - `updated`: a short list, whose items are carried as a whole; rounds read and change them.
 */
export type LoopVariable =
  | ({ readonly kind: "tensor" } & Carried)
  | { readonly kind: "appended"; readonly list: KnownList; readonly resizes: boolean }
  | ({ readonly kind: "replaced"; readonly list: KnownList } & Carried)
  | ({ readonly kind: "updated"; readonly list: KnownList } & Carried);

/** Of longer lists, the copy that each change makes costs more than a round of a loop in TypeScript. */
const LONGEST_UPDATED_LIST_BYTES = 1 << 18;

/**
 * @param resizes whether rounds may make lists longer.
 * @param isRead whether rounds read from it, if it is a list.
 */
export function loopVariable(
  first: Value,
  resizes: boolean,
  isRead: boolean,
  onnx: OnnxBuilder,
): LoopVariable {
  const { list } = first;
  if (list === undefined) return { kind: "tensor", first, shape: first.shape };
  if (list.kind !== "known") throw unimplemented("a loop can't go on with a list of the loop around it");
  return isRead ? asUpdated(list, onnx) : { kind: "appended", list, resizes };
}

/** What a round finds. */
export interface RoundStart {
  /** As the functions see it. */
  readonly value: Value;
  /** The loop's body's input, if it has one. */
  readonly input: Value | undefined;
}

export function startRound(variable: LoopVariable, onnx: OnnxBuilder): RoundStart {
  if (variable.kind === "appended")
    return { value: openList(variable.list, variable.resizes), input: undefined };
  const shape = variable.shape?.map((dim) => dim ?? onnx.fresh());
  const input = onnx.argument(variable.first.dtype, shape);
  if (variable.kind === "tensor") return { value: input, input };
  if (variable.kind === "replaced") return { value: openList(variable.list, false), input };
  return { value: listValue({ ...variable.list, items: input, isFull: true, isUniform: true }), input };
}

function openList(before: KnownList, resizes: boolean): Value {
  return listValue({ kind: "open", before, count: resizes ? undefined : before.count });
}

/** What a round leaves. */
export type RoundEnd =
  /** The next round's input, and what the loop gathers. */
  | { readonly kind: "done"; readonly next: Value | undefined; readonly gathered: Value | undefined }
  /** The variable is of another form than was assumed; `make` is to be called outside of the loop's body. */
  | { readonly kind: "changed"; readonly make: () => LoopVariable };

/** @param isRound whether a value is, in each round, the first number plus that of the round. */
export function endRound(
  variable: LoopVariable,
  { value: start }: RoundStart,
  end: Value,
  isRound: (index: Value, first: Dim) => boolean,
  onnx: OnnxBuilder,
): RoundEnd {
  if (variable.kind === "tensor") return carry(variable, end);
  if (variable.kind === "updated") {
    const { list } = end;
    if (list?.kind !== "known" || list.items === undefined || !list.isFull) throw notFollowed();
    return carry(variable, list.items);
  }
  const written = end.list;
  if (written?.kind !== "written" || written.open !== start.list)
    return { kind: "changed", make: () => asUpdated(variable.list, onnx) };
  if (variable.kind === "replaced") {
    return carry(variable, onnx.op("Unsqueeze", [written.value, onnx.ints([0])]));
  }
  const set = variable.list.items === undefined ? 0 : variable.list.items.shape?.[0];
  if (written.index === undefined ? variable.list.isFull : set !== undefined && isRound(written.index, set)) {
    return { kind: "done", next: undefined, gathered: written.value };
  }
  if (variable.list.count === 1 && written.index && knownElements(written.index)?.[0] === 0) {
    return { kind: "changed", make: () => asReplaced(variable.list, written, onnx) };
  }
  return { kind: "changed", make: () => asUpdated(variable.list, onnx) };
}

function notFollowed() {
  return unimplemented("what a loop makes of a list can't be followed");
}

function carry<V extends LoopVariable & Carried>(variable: V, next: Value): RoundEnd {
  const shape = joinShapes(variable.shape, next.shape);
  const isSame =
    shape?.length === variable.shape?.length &&
    (shape?.every((dim, i) => dim === variable.shape![i]) ?? true);
  return isSame
    ? { kind: "done", next, gathered: undefined }
    : { kind: "changed", make: () => ({ ...variable, shape }) };
}

/** Before the first round no item need be there, and its sizes need not be known. */
function asReplaced(list: KnownList, { value }: WrittenList, onnx: OnnxBuilder): LoopVariable {
  if (list.items !== undefined) return { kind: "replaced", list, first: list.items, shape: list.items.shape };
  if (value.shape === undefined) throw unimplemented("items of a list must have a known rank");
  const sizes = value.shape.map((dim) => (isNumber(dim) ? dim : undefined));
  const none = onnx.ints([0, ...sizes.map((dim) => dim ?? 0)]);
  return {
    kind: "replaced",
    list,
    first: zeros(onnx, list.elementDtype, none),
    shape: [undefined, ...sizes],
  };
}

/** What isn't set reads as zeros, if the list knows the shape of its elements. */
function asUpdated(list: KnownList, onnx: OnnxBuilder): LoopVariable {
  const { elementDtype, elementShape, count } = list;
  const sizes = elementShape?.every((dim) => dim >= 0) ? elementShape : undefined;
  if (sizes === undefined || typeof count !== "number") throw notFollowed();
  const bytes = sizes.reduce((a, b) => a * b, count) * dtypeInfo(elementDtype).size;
  if (bytes > LONGEST_UPDATED_LIST_BYTES) throw unimplemented("a loop changes a list that is too long");
  const first = allItems(list, sizes, onnx);
  return { kind: "updated", list, first, shape: [count, ...sizes] };
}

/** A list's items, with zeros in the place of those that aren't set. */
function allItems(list: KnownList, sizes: readonly number[], onnx: OnnxBuilder): Value {
  const { items, count } = list;
  if (items === undefined) return zeros(onnx, list.elementDtype, onnx.ints([count as number, ...sizes]));
  if (list.isFull) return items;
  const set = dimOf(onnx, items, 0);
  if (typeof set !== "number") throw notFollowed();
  return onnx.op(
    "Concat",
    [items, zeros(onnx, list.elementDtype, onnx.ints([(count as number) - set, ...sizes]))],
    { axis: 0 },
  );
}

/**
 * What a variable is after the loop.
 * @param last what the loop gives of it: the last round's, or what it has gathered.
 * @param isUniform whether what was gathered is of one shape for certain.
 */
export function afterRounds(
  variable: LoopVariable,
  last: Value,
  isUniform: boolean,
  onnx: OnnxBuilder,
): Value {
  if (variable.kind === "tensor") return last;
  const { list } = variable;
  if (variable.kind === "updated") return listValue({ ...list, items: last, isFull: true, isUniform: true });
  if (variable.kind === "replaced")
    return listValue({ ...list, items: last, isFull: false, isUniform: true });
  const items = list.items === undefined ? last : onnx.op("Concat", [list.items, last], { axis: 0 });
  const set = dimOf(onnx, items, 0);
  // A list that is always full has only grown at its end.
  const count = list.isFull ? set : variable.resizes ? combine(onnx, "Max", list.count, set) : list.count;
  return listValue({ ...list, items, count, isUniform: isUniform && list.isUniform });
}
