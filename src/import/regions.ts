import { formatRef, type Graph, type GraphNode, type Ref } from "./graph.ts";
import type { Place } from "./placement.ts";

/** Nodes that run together: a set of numeric nodes, or one host node. */
export interface Region {
  readonly place: "onnx" | "host";
  /** In topological order. */
  readonly nodes: readonly GraphNode[];
  /** Numeric nodes that read constants only, as far as `nodes` need them; in topological order. */
  readonly fixed: readonly GraphNode[];
}

/**
 * Cuts a graph, in topological order, into as few numeric regions as a line of alternations allows. A node's level counts
 * how often the way to it changed between ONNX and host; numeric nodes of one level form one region, since nothing that
 * leaves it comes back to it. What depends on no input belongs to every region that reads it, where the engine can fold it,
 * as constants do; the first region has all of it, for those who read it elsewhere.
 */
export function cutRegions(
  graph: Graph,
  place: (node: GraphNode) => Place,
  feeds: ReadonlySet<string>,
): readonly Region[] {
  const fixed = fixedNodes(graph, place, feeds);
  const levels = new Map<string, number>();
  const numeric = new Map<number, GraphNode[]>();
  const host = new Map<number, GraphNode[]>();
  for (const node of graph.nodes.values()) {
    const own = place(node);
    if (own === "constant" || fixed.has(node.name)) continue;
    let level = own === "host" ? 0 : 1;
    // Fed tensors and constants wait for nobody. Numeric nodes change no state, so control edges don't hold them up.
    const inputs = node.inputs.filter((ref) => !feeds.has(formatRef(ref))).map((ref) => ref.node);
    for (const name of own === "host" ? [...inputs, ...node.controls] : inputs) {
      const before = levels.get(name);
      if (before === undefined) continue;
      const same = place(graph.nodes.get(name)!) === own;
      level = Math.max(level, same ? before : before + 1);
    }
    levels.set(node.name, level);
    const group = own === "host" ? host : numeric;
    const peers = group.get(level);
    if (peers === undefined) group.set(level, [node]);
    else peers.push(node);
  }
  const last = Math.max(0, ...levels.values());
  const regions: Region[] = [];
  if (fixed.size > 0) regions.push({ place: "onnx", nodes: [...fixed.values()], fixed: [] });
  for (let level = 0; level <= last; level++) {
    for (const node of host.get(level) ?? []) regions.push({ place: "host", nodes: [node], fixed: [] });
    const nodes = numeric.get(level);
    if (nodes !== undefined)
      regions.push({ place: "onnx", nodes, fixed: fixedFor(nodes, [...fixed.values()], feeds) });
  }
  return regions;
}

/** Numeric nodes that depend on constants only. */
function fixedNodes(
  graph: Graph,
  place: (node: GraphNode) => Place,
  feeds: ReadonlySet<string>,
): ReadonlyMap<string, GraphNode> {
  const fixed = new Map<string, GraphNode>();
  const isFixed = (ref: Ref): boolean => {
    const source = graph.nodes.get(ref.node);
    if (source === undefined || feeds.has(formatRef(ref))) return false;
    return fixed.has(ref.node) || place(source) === "constant";
  };
  for (const node of graph.nodes.values()) {
    if (place(node) === "onnx" && node.inputs.every(isFixed)) fixed.set(node.name, node);
  }
  return fixed;
}

/** The fixed nodes, in topological order, that others need, directly or through each other. */
export function fixedFor(
  nodes: readonly GraphNode[],
  fixed: readonly GraphNode[],
  feeds: ReadonlySet<string>,
): readonly GraphNode[] {
  const needed = new Set<string>();
  const need = ({ inputs }: GraphNode): void => {
    for (const ref of inputs) if (!feeds.has(formatRef(ref))) needed.add(ref.node);
  };
  nodes.forEach(need);
  const found: GraphNode[] = [];
  for (const node of fixed.toReversed()) {
    if (!needed.has(node.name)) continue;
    found.push(node);
    need(node);
  }
  return found.reverse();
}

/** The tensors that leave the region which computes them. */
export function readOutside(regions: readonly Region[], outputs: readonly Ref[]): ReadonlySet<string> {
  const read = new Set(outputs.map(formatRef));
  for (const { nodes, fixed } of regions) {
    const own = [...fixed, ...nodes];
    const inside = new Set(own.map((node) => node.name));
    for (const ref of own.flatMap((node) => node.inputs)) if (!inside.has(ref.node)) read.add(formatRef(ref));
  }
  return read;
}
