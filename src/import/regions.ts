import { formatRef, type Graph, type GraphNode } from "./graph.ts";
import type { Place } from "./placement.ts";

/** Nodes that run together: a set of numeric nodes, or one host node. */
export interface Region {
  readonly place: "onnx" | "host";
  /** In topological order. */
  readonly nodes: readonly GraphNode[];
}

/**
 * Cuts a graph, in topological order, into as few numeric regions as a line of alternations allows. A node's level counts
 * how often the way to it changed between ONNX and host; numeric nodes of one level form one region, since nothing that
 * leaves it comes back to it. Constants belong to every region that reads them.
 */
export function cutRegions(
  graph: Graph,
  place: (node: GraphNode) => Place,
  feeds: ReadonlySet<string>,
): readonly Region[] {
  const levels = new Map<string, number>();
  const numeric = new Map<number, GraphNode[]>();
  const host = new Map<number, GraphNode[]>();
  for (const node of graph.nodes.values()) {
    const own = place(node);
    if (own === "constant") continue;
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
  for (let level = 0; level <= last; level++) {
    for (const node of host.get(level) ?? []) regions.push({ place: "host", nodes: [node] });
    const nodes = numeric.get(level);
    if (nodes !== undefined) regions.push({ place: "onnx", nodes });
  }
  return regions;
}
