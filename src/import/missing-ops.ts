/** An op that neither ONNX nor TypeScript covers. */
export interface MissingOp {
  readonly op: string;
  /** The names of the nodes that use it. */
  readonly nodes: readonly string[];
}

/** How many nodes a message names for each op. */
const NAMED = 3;

/** Collects nodes whose ops aren't covered. */
export class MissingOps {
  readonly #nodes = new Map<string, Set<string>>();

  get isEmpty(): boolean {
    return this.#nodes.size === 0;
  }

  add(op: string, ...nodes: readonly string[]): void {
    const known = this.#nodes.get(op) ?? new Set();
    for (const node of nodes) known.add(node);
    this.#nodes.set(op, known);
  }

  /** The most frequent first. */
  list(): readonly MissingOp[] {
    return [...this.#nodes]
      .map(([op, nodes]) => ({ op, nodes: [...nodes] }))
      .sort((a, b) => b.nodes.length - a.nodes.length || a.op.localeCompare(b.op));
  }
}

/** `Foo (node a/Foo)`, `Foo (5 nodes: a, b, c, ...)` */
export function describeMissingOp({ op, nodes }: MissingOp): string {
  if (nodes.length === 1) return `${op} (node ${nodes[0]})`;
  const named = nodes.slice(0, NAMED).join(", ");
  return `${op} (${nodes.length} nodes: ${named}${nodes.length > NAMED ? ", ..." : ""})`;
}

/** A clause: the ops, and the nodes that use them. */
export function describeMissing(missing: readonly MissingOp[]): string {
  return (
    `the importer doesn't cover ${missing.length === 1 ? "this op" : "these ops"}: ` +
    missing.map(describeMissingOp).join("; ")
  );
}
