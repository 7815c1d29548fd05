import type { FunctionDef } from "../../proto/gen/tensorflow/core/framework/function_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { unimplemented } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import { formatRef, type Graph, type GraphNode, graphOf, type Ref } from "../graph.ts";
import { isOuterState } from "../resources.ts";
import {
  type Boundary,
  functionAttribute,
  sliceBack,
  typesAttribute,
  writeFunction,
} from "./function-writer.ts";
import { hasEffect } from "./prune.ts";

/** A graph, and functions that it calls besides those of its library. */
export interface Raised {
  readonly graph: Graph;
  readonly functions: ReadonlyMap<string, FunctionDef>;
}

const SWITCH = new Set(["Switch", "RefSwitch"]);
/** Whether a node ends a round of a loop. */
export function isNextIteration(node: GraphNode | undefined): boolean {
  return node?.op === "NextIteration" || node?.op === "RefNextIteration";
}

const MERGE = new Set(["Merge", "RefMerge"]);

/**
 * Turns the conditions of TF1 into `If` nodes: a Merge joins what was computed on both sides of Switches with the same
 * predicate (control_flow_ops.cond: the false side comes first). Inner conditions come first. Merges that belong to loops
 * are left alone.
 * @param typeOf the dtype of a tensor.
 * @throws StatusError UNIMPLEMENTED for a Merge that isn't one of a condition.
 */
export function raiseConditions(graph: Graph, typeOf: (ref: Ref) => DType): Raised {
  const nodes = new Map(graph.nodes);
  const functions = new Map<string, FunctionDef>();
  const isCondition = (node: GraphNode): boolean =>
    MERGE.has(node.op) && !node.inputs.some((ref) => isNextIteration(nodes.get(ref.node)));
  let pending = [...nodes.values()].filter(isCondition);
  while (pending.length > 0) {
    const names = new Set(pending.map((node) => node.name));
    const current = { nodes };
    // A condition is innermost when its sides hold no other Merge that is still to be raised.
    const ready = pending.filter((merge) => !merge.inputs.some((side) => reaches(current, side, names)));
    if (ready.length === 0) throw unimplemented(`The Merge ${pending[0]!.name} is not part of a condition`);
    for (const merge of ready) nodes.set(merge.name, raise(current, merge, typeOf, functions));
    pending = pending.filter((merge) => !ready.includes(merge));
  }
  return { graph: graphOf(nodes.values()), functions };
}

/** Where a side of a condition begins: data that a Switch lets through, and state that lies outside of all functions. */
function boundaryOf(graph: Graph): Boundary {
  return (ref) => {
    const node = graph.nodes.get(ref.node);
    if (node !== undefined && SWITCH.has(node.op)) return node.inputs[0]!;
    return node === undefined || isOuterState(node.op) ? ref : undefined;
  };
}

function reaches(graph: Graph, side: Ref, names: ReadonlySet<string>): boolean {
  return sliceBack(graph, [side], boundaryOf(graph)).nodes.some((node) => names.has(node.name));
}

function raise(
  graph: Graph,
  merge: GraphNode,
  typeOf: (ref: Ref) => DType,
  functions: Map<string, FunctionDef>,
): GraphNode {
  const boundary = boundaryOf(graph);
  const sides = merge.inputs.map((side) => sliceBack(graph, [side], boundary));
  const predicate = findPredicate(graph, merge);
  const args = [
    ...new Map(sides.flatMap((side) => side.arguments).map((ref) => [formatRef(ref), ref])).values(),
  ];
  const [elseName, thenName] = sides.map((side, i) => {
    const name = `${merge.name}/side_${i}`;
    functions.set(name, writeFunction(name, side, args, [merge.inputs[i]!], boundary));
    return name;
  });
  const dtype = new Attributes(merge.name, merge.attrs, undefined).dtype("T");
  return {
    name: merge.name,
    op: sides.some((side) => side.nodes.some(hasEffect)) ? "If" : "StatelessIf",
    inputs: [predicate, ...args],
    controls: merge.controls,
    attrs: {
      then_branch: functionAttribute(thenName!),
      else_branch: functionAttribute(elseName!),
      Tin: typesAttribute(args.map(typeOf)),
      Tout: typesAttribute([dtype]),
    },
  };
}

/** The predicate of the Switches that one of the sides begins at, through data or, for constants, through controls. */
function findPredicate(graph: Graph, merge: GraphNode): Ref {
  const seen = new Set<string>();
  const open = merge.inputs.map((ref) => ref.node);
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    const node = graph.nodes.get(name);
    if (node === undefined || seen.has(name)) continue;
    seen.add(name);
    if (SWITCH.has(node.op)) return node.inputs[1]!;
    open.push(...node.inputs.map((ref) => ref.node), ...node.controls);
  }
  throw unimplemented(`The Merge ${merge.name} joins what no Switch has parted`);
}
