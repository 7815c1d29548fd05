import type { MetaGraphDef } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import type { Signature } from "../tensor/signature.ts";
import { formatRef, type Graph, type GraphNode, graphNode, graphOf, parseRef } from "./graph.ts";
import { reachable } from "./passes/prune.ts";

/** Ops by their names, with the names of the nodes that use them; `function/node` for those of functions. */
export type ReachedOps = ReadonlyMap<string, readonly string[]>;

/** Tells which ops signatures of a meta graph run, in functions too, as TensorFlow would run them. */
export class OpReach {
  readonly #graph: Graph;
  readonly #library: ReadonlyMap<string, readonly GraphNode[]>;

  constructor({ graphDef }: MetaGraphDef) {
    this.#graph = graphOf((graphDef?.node ?? []).map(graphNode));
    this.#library = new Map(
      (graphDef?.library?.function ?? []).map(({ signature, nodeDef }) => [
        signature?.name ?? "",
        nodeDef.map(graphNode),
      ]),
    );
  }

  /** The ops of all nodes that the outputs need, through data and control edges; what is fed isn't computed. */
  of({ inputs, outputs }: Signature): ReachedOps {
    const fed = new Set([...inputs.values()].map(({ tensorName }) => formatRef(parseRef(tensorName))));
    const wanted = [...outputs.values()].map(({ tensorName }) => parseRef(tensorName));
    const ops = new Map<string, string[]>();
    const functions = new Set<string>();
    const note = (node: GraphNode, scope: string): void => {
      for (const name of this.#called(node)) functions.add(name);
      if (this.#library.has(node.op)) return;
      const nodes = ops.get(node.op) ?? [];
      nodes.push(`${scope}${node.name}`);
      ops.set(node.op, nodes);
    };
    for (const node of reachable(this.#graph, wanted, fed).nodes.values()) note(node, "");
    // A set goes on to what is added while it is iterated.
    for (const name of functions) for (const node of this.#library.get(name) ?? []) note(node, `${name}/`);
    return ops;
  }

  /**
   * The nodes of the main graph that can't be computed without a node of this kind, unless something between is fed: those
   * of the kind, those that call a function with one, and those that need such a node.
   */
  needing(isMeant: (node: GraphNode) => boolean): ReadonlySet<string> {
    const functions = new Set<string>();
    const isOne = (node: GraphNode) =>
      isMeant(node) || this.#called(node).some((name) => functions.has(name));
    for (let found = -1; found < functions.size; ) {
      found = functions.size;
      for (const [name, nodes] of this.#library) if (nodes.some(isOne)) functions.add(name);
    }
    const readers = new Map<string, string[]>();
    for (const { name, inputs, controls } of this.#graph.nodes.values()) {
      for (const from of [...inputs.map(({ node }) => node), ...controls]) {
        const known = readers.get(from);
        if (known === undefined) readers.set(from, [name]);
        else known.push(name);
      }
    }
    const needing = new Set([...this.#graph.nodes.values()].filter(isOne).map(({ name }) => name));
    // A set goes on to what is added while it is iterated.
    for (const name of needing) for (const reader of readers.get(name) ?? []) needing.add(reader);
    return needing;
  }

  /** The functions that a node may call. */
  #called({ op, attrs }: GraphNode): string[] {
    const called = this.#library.has(op) ? [op] : [];
    for (const { value } of Object.values(attrs)) {
      if (value.case === "func") called.push(value.value.name);
      else if (value.case === "list") called.push(...value.value.func.map(({ name }) => name));
    }
    return called;
  }
}
