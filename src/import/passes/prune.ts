import { tableOps, writesTable } from "../../host/tables/table-op.ts";
import { fileOps } from "../../registry/file-ops.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import { invalidArgument } from "../../status/status.ts";
import { formatRef, type Graph, type GraphNode, graphOf, type Ref } from "../graph.ts";
import { VARIABLE_ASSIGN, VARIABLE_INITIALIZED, VARIABLE_READ } from "../own-ops.ts";
import { isResource } from "../resources.ts";
import { updatesVariable } from "./variable-updates.ts";

/** Ops that the registry calls stateful although leaving them out changes no answer. */
const HARMLESS = new Set([
  "Placeholder",
  "PlaceholderV2",
  "PlaceholderWithDefault",
  "VariableV2",
  "Variable",
  "ReadVariableOp",
  "VarIsInitializedOp",
  "Print",
  "PrintV2",
]);

/** Whether a node must run even if nobody reads its outputs: it changes state or refuses the request. */
export function hasEffect({ op }: GraphNode): boolean {
  if (op === VARIABLE_ASSIGN || updatesVariable(op) || writesTable(op)) return true;
  return (opDefinition(op)?.stateful ?? false) && !HARMLESS.has(op) && !isResource(op);
}

/** Ops that give something else when something with an effect has run before them. */
const SEES_STATE = new Set([VARIABLE_READ, VARIABLE_INITIALIZED, ...Object.keys(tableOps), ...fileOps]);

/** Whether it matters if a node runs before or after one with an effect. */
function isOrdered(node: GraphNode): boolean {
  return SEES_STATE.has(node.op) || hasEffect(node);
}

/**
 * Keeps what the outputs need, in an order in which every node follows its inputs: nodes reached through data, and
 * through control edges those that state depends on (and what they need), which alone stay among a node's controls. Edges
 * into fed tensors are not followed.
 * @param feeds tensors, e.g. `x:0`, that requests provide.
 * @param effects nodes that run although no output needs them.
 * @throws StatusError INVALID_ARGUMENT for a reference to a node that isn't there, or a cycle.
 */
export function prune(
  graph: Graph,
  outputs: readonly Ref[],
  feeds: ReadonlySet<string>,
  effects: readonly string[] = [],
): Graph {
  const kept: GraphNode[] = [];
  const state = new Map<string, "open" | "done">();
  // Explicit frames: unrolled graphs are deeper than the call stack.
  const stack: { node: GraphNode; next: string[] }[] = [];

  const visit = (name: string, from: string): void => {
    if (state.get(name) === "done") return;
    const node = graph.nodes.get(name);
    if (node === undefined)
      throw invalidArgument(`${from} refers to the node ${name}, which the graph lacks`);
    if (state.get(name) === "open") throw invalidArgument(`The graph has a cycle through the node ${name}`);
    state.set(name, "open");
    const controls = orderedBefore(graph, node.controls);
    stack.push({ node: { ...node, controls }, next: [...controls, ...dataInputs(node, feeds)] });
  };

  const roots = outputs.filter((ref) => !feeds.has(formatRef(ref))).map((ref) => ref.node);
  for (const root of [...roots, ...effects]) {
    visit(root, "A signature");
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const next = frame.next.pop();
      if (next !== undefined) {
        visit(next, `Node ${frame.node.name}`);
        continue;
      }
      state.set(frame.node.name, "done");
      kept.push(frame.node);
      stack.pop();
    }
  }
  return graphOf(kept);
}

/** The nodes that outputs need through data or control edges, in no particular order; the graph may have loops. */
export function reachable(graph: Graph, outputs: readonly Ref[], feeds: ReadonlySet<string>): Graph {
  const kept = new Map<string, GraphNode>();
  const open = outputs.filter((ref) => !feeds.has(formatRef(ref))).map((ref) => ref.node);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = graph.nodes.get(name);
    if (node === undefined || kept.has(name)) continue;
    kept.set(name, node);
    open.push(...dataInputs(node, feeds), ...node.controls);
  }
  return { nodes: kept };
}

function dataInputs(node: GraphNode, feeds: ReadonlySet<string>): string[] {
  return node.inputs.filter((ref) => !feeds.has(formatRef(ref))).map((ref) => ref.node);
}

/** The ordered nodes that these control edges lead to, also through others. */
function orderedBefore(graph: Graph, controls: readonly string[]): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const open = [...controls];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = graph.nodes.get(name);
    if (node === undefined || seen.has(name)) continue;
    seen.add(name);
    if (isOrdered(node)) found.push(name);
    else open.push(...node.controls, ...node.inputs.map((ref) => ref.node));
  }
  return found;
}
