import type { OnnxNode, Subgraph } from "./value.ts";

/**
 * The nodes that are needed, in their order; of those that run subgraphs, the outputs that are needed and what they need.
 * @param needed names of values, to which those are added that the nodes read.
 */
export function keepLive(nodes: readonly OnnxNode[], needed: Set<string>): readonly OnnxNode[] {
  const live: OnnxNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    const kept = node.op === "Loop" ? trimLoop(node, needed) : node.op === "If" ? trimIf(node, needed) : node;
    live.push(kept);
    for (const name of kept.inputs) needed.add(name);
  }
  return live.reverse();
}

function graphAttribute(node: OnnxNode, name: string): Subgraph {
  return (node.attrs[name] as { readonly graph: Subgraph }).graph;
}

function trimIf(node: OnnxNode, needed: Set<string>): OnnxNode {
  const wanted = node.outputs.map((name) => needed.has(name));
  const trim = (name: string): { graph: Subgraph } => {
    const { inputs, nodes, outputs } = graphAttribute(node, name);
    const kept = outputs.filter((_, i) => wanted[i]);
    for (const output of kept) needed.add(output.name);
    return { graph: { inputs, nodes: keepLive(nodes, needed), outputs: kept } };
  };
  return {
    ...node,
    outputs: node.outputs.filter((_, i) => wanted[i]),
    attrs: { then_branch: trim("then_branch"), else_branch: trim("else_branch") },
  };
}

/**
 * A loop's inputs are a limit, a condition and the first values of its variables; those of its body the number of the
 * round, the condition and the variables; the body's outputs the condition, the variables, and what is gathered of all
 * rounds. A variable is needed outside, or by whatever of the body is needed.
 */
function trimLoop(node: OnnxNode, needed: Set<string>): OnnxNode {
  const body = graphAttribute(node, "body");
  const variables = body.inputs.slice(2);
  const wanted = node.outputs.map((name) => needed.has(name));
  for (;;) {
    const inside = new Set(needed);
    for (const [i, { name }] of body.outputs.entries()) if (i === 0 || wanted[i - 1]) inside.add(name);
    const nodes = keepLive(body.nodes, inside);
    const more = variables.flatMap(({ name }, i) => (inside.has(name) && !wanted[i] ? [i] : []));
    for (const i of more) wanted[i] = true;
    if (more.length > 0) continue;
    for (const name of inside) needed.add(name);
    return {
      ...node,
      inputs: node.inputs.filter((_, i) => i < 2 || wanted[i - 2]),
      outputs: node.outputs.filter((_, i) => wanted[i]),
      attrs: {
        body: {
          graph: {
            inputs: body.inputs.filter((_, i) => i < 2 || wanted[i - 2]),
            nodes,
            outputs: body.outputs.filter((_, i) => i === 0 || wanted[i - 1]),
          },
        },
      },
    };
  }
}
