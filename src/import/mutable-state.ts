import { writesTable } from "../host/tables/table-op.ts";
import type { FunctionDef } from "../proto/gen/tensorflow/core/framework/function_pb.ts";
import {
  branchArguments,
  controlFlowOf,
  type FunctionArgument,
  fixedNode,
  isControlFlow,
} from "./control-flow.ts";
import type { Graph, GraphNode } from "./graph.ts";
import { variableOf } from "./passes/resolve-variables.ts";
import { updatesVariable } from "./passes/variable-updates.ts";

/** What requests change: the names of the nodes of variables and tables. */
export interface MutableState {
  readonly variables: ReadonlySet<string>;
  readonly tables: ReadonlySet<string>;
}

export const NO_MUTABLE_STATE: MutableState = { variables: new Set(), tables: new Set() };

/** A graph without function calls, whose variables aren't resolved yet. */
export interface UnresolvedGraph {
  readonly graph: Graph;
  readonly fed: ReadonlySet<string>;
}

/** Whether a node with this op changes a variable or a table. */
export function changesState(op: string): boolean {
  return updatesVariable(op) || writesTable(op);
}

/**
 * Whether anything that the nodes run, functions included, changes state. Quick, and right if it says no: most models
 * change nothing but when they are restored.
 */
export function mayChangeState(
  nodes: Iterable<GraphNode>,
  library: ReadonlyMap<string, FunctionDef>,
): boolean {
  const seen = new Set<string>();
  const open: string[] = [];
  const look = ({ op, attrs }: Pick<GraphNode, "op" | "attrs">): boolean => {
    if (library.has(op)) open.push(op);
    for (const { value } of Object.values(attrs)) {
      if (value.case === "func") open.push(value.value.name);
      else if (value.case === "list") open.push(...value.value.func.map((fn) => fn.name));
    }
    return changesState(op);
  };
  for (const node of nodes) if (look(node)) return true;
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const def of library.get(name)?.nodeDef ?? []) {
      if (look({ op: def.op, attrs: def.attr })) return true;
    }
  }
  return false;
}

/**
 * Finds the variables and tables that a graph changes, in the functions of its control flow too.
 * @param body the function's graph when it is called with such arguments.
 */
export class MutableStateFinder {
  readonly variables = new Set<string>();
  readonly tables = new Set<string>();
  readonly #body: (scope: string, name: string, args: readonly FunctionArgument[]) => UnresolvedGraph;

  constructor(body: (scope: string, name: string, args: readonly FunctionArgument[]) => UnresolvedGraph) {
    this.#body = body;
  }

  look({ graph, fed }: UnresolvedGraph): void {
    for (const node of graph.nodes.values()) {
      const [target] = node.inputs;
      if (updatesVariable(node.op)) {
        const variable = variableOf(graph, target);
        if (variable !== undefined) this.variables.add(variable.name);
      } else if (writesTable(node.op)) {
        const table = target && fixedNode(graph, target, fed);
        if (table !== undefined) this.tables.add(table.name);
      }
      if (isControlFlow(node.op)) this.#lookInside(graph, node, fed);
    }
  }

  #lookInside(graph: Graph, node: GraphNode, fed: ReadonlySet<string>): void {
    const flow = controlFlowOf(node);
    // Dtypes play no part in what is changed.
    const args = branchArguments(graph, flow.inputs, { of: () => "variant" }, fed);
    for (const name of flow.kind === "while" ? [flow.condition, flow.body] : flow.branches) {
      this.look(this.#body(`${node.name}/${name}`, name, args));
    }
  }
}
