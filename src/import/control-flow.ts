import { Attributes } from "../registry/attributes.ts";
import type { DType } from "../tensor/dtype.ts";
import { formatRef, type Graph, type GraphNode, type Ref } from "./graph.ts";
import { VARIABLE_VALUE } from "./own-ops.ts";
import { isResource } from "./resources.ts";
import type { TensorTypes } from "./tensor-types.ts";

/** A node whose functions decide what runs. */
export type ControlFlow =
  | {
      readonly kind: "while";
      readonly condition: string;
      readonly body: string;
      readonly inputs: readonly Ref[];
    }
  | {
      readonly kind: "branch";
      readonly select: "truth" | "index";
      readonly selector: Ref;
      readonly branches: readonly string[];
      readonly inputs: readonly Ref[];
    };

/** What a function is called with: a tensor that comes when it runs, or a node that stands for the same in every run. */
export type FunctionArgument =
  | { readonly kind: "tensor"; readonly dtype: DType }
  | { readonly kind: "bound"; readonly node: GraphNode };

const WHILE = new Set(["While", "StatelessWhile"]);
const IF = new Set(["If", "StatelessIf"]);
const CASE = new Set(["Case", "StatelessCase"]);

export function isControlFlow(op: string): boolean {
  return WHILE.has(op) || IF.has(op) || CASE.has(op);
}

/** @param node one for which {@link isControlFlow} holds. */
export function controlFlowOf(node: GraphNode): ControlFlow {
  const attrs = new Attributes(node.name, node.attrs, undefined);
  if (WHILE.has(node.op)) {
    return { kind: "while", condition: attrs.func("cond"), body: attrs.func("body"), inputs: node.inputs };
  }
  const [selector, ...inputs] = node.inputs as [Ref, ...Ref[]];
  if (IF.has(node.op)) {
    const branches = [attrs.func("then_branch"), attrs.func("else_branch")];
    return { kind: "branch", select: "truth", selector, branches, inputs };
  }
  return { kind: "branch", select: "index", selector, branches: attrs.funcs("branches"), inputs };
}

/** Nodes that stand for the same in every run, so that functions can be given them instead of a tensor. */
const FIXED = new Set(["Const", VARIABLE_VALUE, "VariableV2", "Variable"]);

/** The node behind a tensor, seen through ops that only hand it on, if it is fixed and not fed. */
export function fixedNode(graph: Graph, ref: Ref, fed: ReadonlySet<string>): GraphNode | undefined {
  for (let at: Ref | undefined = ref; at !== undefined && !fed.has(formatRef(at)); ) {
    const node: GraphNode | undefined = graph.nodes.get(at.node);
    if (node === undefined) return undefined;
    if (FIXED.has(node.op) || isResource(node.op)) return node;
    at = node.op === "Identity" ? node.inputs[0] : undefined;
  }
  return undefined;
}

/** What the functions of a branch are called with. */
export function branchArguments(
  graph: Graph,
  inputs: readonly Ref[],
  types: Pick<TensorTypes, "of">,
  fed: ReadonlySet<string>,
): FunctionArgument[] {
  return inputs.map((ref) => {
    const node = fixedNode(graph, ref, fed);
    if (node !== undefined) return { kind: "bound", node };
    return { kind: "tensor", dtype: types.of(ref)! };
  });
}

/** The inputs for the arguments that aren't bound. */
export function freeInputs(inputs: readonly Ref[], args: readonly FunctionArgument[]): readonly Ref[] {
  return inputs.filter((_, i) => args[i]!.kind === "tensor");
}
