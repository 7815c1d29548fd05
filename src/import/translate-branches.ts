import { unimplemented } from "../status/status.ts";
import type { OnnxBuilder } from "./onnx/builder.ts";
import { type Dim, type Inferred, isNumber, knownElements, type Value } from "./onnx/value.ts";

/** Adds the nodes of one branch and gives its results. */
type Branch = () => readonly Value[];

/** TensorFlow's If and Case as ONNX's If, several of them where there are more than two branches. */
export function translateBranches(
  select: "truth" | "index",
  selector: Value,
  branches: readonly Branch[],
  onnx: OnnxBuilder,
): readonly Value[] {
  if (select === "truth") return choose(onnx, truthOf(onnx, selector), branches[0]!, branches[1]!);
  const known = knownElements(selector)?.[0];
  const last = branches.length - 1;
  if (known !== undefined) return branches[known >= 0 && known < last ? known : last]!();
  // An index outside of the range means the last branch.
  const from = (which: number): readonly Value[] => {
    if (which === last) return branches[last]!();
    const isHere = onnx.op("Equal", [selector, onnx.scalar("int32", which)]);
    return choose(onnx, isHere, branches[which]!, () => from(which + 1));
  };
  return from(0);
}

/**
 * Whether a condition holds, as a scalar: for a scalar, that it isn't zero; for other tensors, that they have elements
 * (TensorFlow's ToBool, functional_ops.cc).
 */
export function truthOf(onnx: OnnxBuilder, value: Value): Value {
  if (value.shape === undefined) throw unimplemented("the condition must have a known rank");
  if (value.shape.length > 0) {
    return onnx.op("Greater", [onnx.op("Size", [value]), onnx.scalar("int64", 0)]);
  }
  return onnx.cast(value, "bool");
}

/** What one of two branches gives. Both see all values that exist where the choice is made. */
function choose(onnx: OnnxBuilder, condition: Value, onTrue: Branch, onFalse: Branch): readonly Value[] {
  const known = knownElements(condition)?.[0];
  if (known !== undefined) return known === 0 ? onFalse() : onTrue();
  // What a subgraph gives must have a name of its own there; this is what else is known of it.
  let sides: (readonly Value[])[] = [];
  const [then_branch, else_branch] = [onTrue, onFalse].map((build) => ({
    graph: onnx.subgraph([], () => {
      const results = build();
      sides = [...sides, results];
      return results.filter((value) => value.list === undefined);
    }),
  }));
  const [a, b] = sides as [readonly Value[], readonly Value[]];
  for (const [i, value] of a.entries()) {
    if (value.list !== b[i]!.list)
      throw unimplemented("a list must be the same on both sides of a condition");
  }
  const joined = a.flatMap((value, i) => (value.list === undefined ? [joinValues(value, b[i]!, onnx)] : []));
  if (joined.length === 0) return a;
  const results = onnx.flow(
    "If",
    [condition],
    { then_branch: then_branch!, else_branch: else_branch! },
    joined,
  );
  return a.map((value) => (value.list === undefined ? results.shift()! : value));
}

/** What is known of a value that is one or the other. */
function joinValues(a: Value, b: Value, onnx: OnnxBuilder): Inferred {
  const isSame = a.elements?.length === b.elements?.length && String(a.elements) === String(b.elements);
  return {
    dtype: a.dtype,
    shape: joinShapes(a.shape, b.shape)?.map((dim) => dim ?? onnx.fresh()),
    elements: isSame && a.elements?.every(isNumber) ? a.elements : undefined,
  };
}

/** Sizes, undefined where they differ. Symbols that both have are known outside of both. */
export function joinShapes(
  a: readonly (Dim | undefined)[] | undefined,
  b: readonly Dim[] | undefined,
): readonly (Dim | undefined)[] | undefined {
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.map((dim, i) => (dim === b[i] ? dim : undefined));
}
