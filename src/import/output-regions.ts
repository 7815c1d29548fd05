import { formatRef, type Graph, type GraphNode, type Ref } from "./graph.ts";
import { hasEffect } from "./passes/prune.ts";
import { fixedFor, type Region } from "./regions.ts";

/**
 * How many elements of constants the nodes of one output must read to be worth a session of their own. To skip a product
 * with so many saves 200 us or more, while another session costs 3 to 10 us whenever all outputs are wanted.
 */
const LEAST_WEIGHT = 1 << 20;

/**
 * Gives nodes that only one output needs regions of their own where they are worth it, so that a request that leaves the
 * output out doesn't compute them. They come behind the rest of their region, which nothing of them leads back to.
 * @param weigh how many elements of constants a node reads.
 */
export function setOutputsApart(
  regions: readonly Region[],
  owners: ReadonlyMap<string, number>,
  feeds: ReadonlySet<string>,
  weigh: (node: GraphNode) => number,
): readonly Region[] {
  return regions.flatMap((region) => {
    if (region.place !== "onnx") return [region];
    const groups = Map.groupBy(region.nodes, (node) => owners.get(node.name));
    const worth = new Set(
      [...groups].flatMap(([owner, nodes]) => {
        const weight = nodes.reduce((sum, node) => sum + weigh(node), 0);
        return owner === undefined || weight < LEAST_WEIGHT ? [] : [owner];
      }),
    );
    const isApart = (node: GraphNode) => worth.has(owners.get(node.name) ?? -1);
    const rest = region.nodes.filter((node) => !isApart(node));
    const apart = [...worth].map((owner) => groups.get(owner)!);
    if (apart.length === 0) return [region];
    return [rest, ...apart]
      .filter((nodes) => nodes.length > 0)
      .map((nodes): Region => ({ place: "onnx", nodes, fixed: fixedFor(nodes, region.fixed, feeds) }));
  });
}

/**
 * The outputs that alone need a node, by the nodes' names: positions among `outputs`. Nodes that several outputs need, or
 * whose effects are needed whatever is asked for, have none.
 * @param graph in topological order.
 */
export function outputOwners(
  graph: Graph,
  outputs: readonly Ref[],
  feeds: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const SEVERAL = -1;
  const owners = new Map<string, number>();
  const need = (name: string, owner: number): void => {
    const before = owners.get(name);
    owners.set(name, before === undefined || before === owner ? owner : SEVERAL);
  };
  for (const [i, ref] of outputs.entries()) if (!feeds.has(formatRef(ref))) need(ref.node, i);
  for (const node of [...graph.nodes.values()].reverse()) {
    if (hasEffect(node)) need(node.name, SEVERAL);
    const owner = owners.get(node.name);
    if (owner === undefined) continue;
    for (const ref of node.inputs) if (!feeds.has(formatRef(ref))) need(ref.node, owner);
    for (const name of node.controls) need(name, owner);
  }
  return new Map([...owners].filter(([, owner]) => owner !== SEVERAL));
}
