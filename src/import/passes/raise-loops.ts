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
import { isNextIteration, type Raised } from "./raise-conditions.ts";

/** A variable of a loop: what goes in, what each round sees and gives, what comes out. */
interface LoopVariable {
  readonly enter: GraphNode;
  readonly merge: GraphNode;
  /** Undefined where the loop ends without looking at it again. */
  readonly gate: GraphNode | undefined;
  readonly next: Ref;
}

interface Frame {
  readonly name: string;
  readonly variables: readonly LoopVariable[];
  /** Values that are the same in all rounds: Enter nodes with is_constant. */
  readonly constants: readonly GraphNode[];
  readonly condition: Ref;
}

/**
 * Turns the loops of TF1 (frames of Enter, Merge, Switch, NextIteration and Exit) into `While` nodes, inner ones first.
 * @param typeOf the dtype of a tensor.
 * @throws StatusError UNIMPLEMENTED for a frame that while_loop doesn't write.
 */
export function raiseLoops(graph: Graph, typeOf: (ref: Ref) => DType): Raised {
  const functions = new Map<string, FunctionDef>();
  let current = graph;
  for (;;) {
    const enters = [...current.nodes.values()].filter(
      (node) => node.op === "Enter" || node.op === "RefEnter",
    );
    if (enters.length === 0) return { graph: current, functions };
    const frames = [...Map.groupBy(enters, frameName)].map(([name, group]) =>
      readFrame(current, name, group),
    );
    const innermost = frames.find((frame) => isInnermost(current, frame));
    if (innermost === undefined)
      throw unimplemented("Loops are entangled in a way that while_loop doesn't write");
    current = raise(current, innermost, typeOf, functions);
  }
}

function frameName(enter: GraphNode): string {
  return new Attributes(enter.name, enter.attrs, undefined).string("frame_name");
}

function readFrame(graph: Graph, name: string, enters: readonly GraphNode[]): Frame {
  const readers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes.values()) {
    for (const ref of node.inputs) readers.set(ref.node, [...(readers.get(ref.node) ?? []), node]);
  }
  const reader = (of: string, ...ops: string[]) => readers.get(of)?.find((node) => ops.includes(node.op));
  const variables: LoopVariable[] = [];
  const constants: GraphNode[] = [];
  let condition: Ref | undefined;
  for (const enter of enters) {
    const merge = reader(enter.name, "Merge", "RefMerge");
    if (merge === undefined) {
      constants.push(enter);
      continue;
    }
    const next = merge.inputs.map((ref) => graph.nodes.get(ref.node)!).find(isNextIteration);
    if (next === undefined) throw unimplemented(`The loop ${name} has a variable that no round gives anew`);
    const gate = reader(merge.name, "Switch", "RefSwitch");
    variables.push({ enter, merge, gate, next: next.inputs[0]! });
    const test = gate && graph.nodes.get(gate.inputs[1]!.node);
    if (test?.op === "LoopCond") condition = test.inputs[0];
  }
  if (condition === undefined) throw unimplemented(`The loop ${name} has no condition`);
  return { name, variables, constants, condition };
}

/** Inside of a loop, a variable is what its Merge or Switch gives, and a constant what its Enter lets in. */
function boundaryOf(graph: Graph, { variables, constants }: Frame): Boundary {
  const own = new Map<string, Ref>();
  for (const { enter, merge, gate } of variables) {
    const outside = { node: enter.name, index: 0 };
    own.set(formatRef({ node: merge.name, index: 0 }), outside);
    if (gate !== undefined) own.set(formatRef({ node: gate.name, index: 1 }), outside);
  }
  for (const enter of constants)
    own.set(formatRef({ node: enter.name, index: 0 }), { node: enter.name, index: 0 });
  return (ref) => {
    const node = graph.nodes.get(ref.node);
    return own.get(formatRef(ref)) ?? (node === undefined || isOuterState(node.op) ? ref : undefined);
  };
}

function isInnermost(graph: Graph, frame: Frame): boolean {
  const boundary = boundaryOf(graph, frame);
  const results = [frame.condition, ...frame.variables.map((variable) => variable.next)];
  return !sliceBack(graph, results, boundary).nodes.some(
    (node) => node.op === "Exit" || node.op === "RefExit",
  );
}

function raise(
  graph: Graph,
  frame: Frame,
  typeOf: (ref: Ref) => DType,
  functions: Map<string, FunctionDef>,
): Graph {
  const boundary = boundaryOf(graph, frame);
  const results = frame.variables.map((variable) => variable.next);
  const body = sliceBack(graph, results, boundary);
  const condition = sliceBack(graph, [frame.condition], boundary);
  const variables = frame.variables.map(({ enter }): Ref => ({ node: enter.name, index: 0 }));
  const known = new Set(variables.map(formatRef));
  const others = [...body.arguments, ...condition.arguments].filter((ref) => !known.has(formatRef(ref)));
  const invariants = [...new Map(others.map((ref) => [formatRef(ref), ref])).values()];
  const parameters = [...variables, ...invariants];
  const [bodyName, conditionName] = [`${frame.name}/body`, `${frame.name}/condition`];
  functions.set(bodyName, writeFunction(bodyName, body, parameters, [...results, ...invariants], boundary));
  functions.set(
    conditionName,
    writeFunction(conditionName, condition, parameters, [frame.condition], boundary),
  );

  // What an Enter stands for outside of the loop is its input.
  const outer = (ref: Ref): Ref => {
    const node = graph.nodes.get(ref.node);
    const own = node?.op.endsWith("Enter") && frameName(node) === frame.name;
    return own ? node!.inputs[0]! : ref;
  };
  const loop: GraphNode = {
    name: frame.name,
    op: [...body.nodes, ...condition.nodes].some(hasEffect) ? "While" : "StatelessWhile",
    inputs: parameters.map(outer),
    controls: [],
    attrs: {
      body: functionAttribute(bodyName),
      cond: functionAttribute(conditionName),
      T: typesAttribute(parameters.map(typeOf)),
    },
  };
  const gates = new Map(
    frame.variables.flatMap(({ gate }, i) => (gate === undefined ? [] : [[gate.name, i] as const])),
  );
  const removed = new Set([...body.nodes, ...condition.nodes].map((node) => node.name));
  for (const { enter, merge, gate, next } of frame.variables) {
    for (const node of [enter, merge, gate]) if (node !== undefined) removed.add(node.name);
    removed.add(next.node);
  }
  for (const enter of frame.constants) removed.add(enter.name);
  const nodes: GraphNode[] = [loop];
  for (const node of graph.nodes.values()) {
    const leaves = node.op.endsWith("Exit") ? gates.get(node.inputs[0]!.node) : undefined;
    if (leaves !== undefined)
      nodes.push({ ...node, op: "Identity", inputs: [{ node: loop.name, index: leaves }] });
    else if (!removed.has(node.name) || node.inputs.length === 0) nodes.push(node);
  }
  return graphOf(nodes.filter((node) => !isNextIteration(node) || !isNextOf(node, frame)));
}

function isNextOf(node: GraphNode, { variables }: Frame): boolean {
  return variables.some(({ merge }) => merge.inputs.some((ref) => ref.node === node.name));
}
