import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { FunctionDef } from "../proto/gen/tensorflow/core/framework/function_pb.ts";
import type { MetaGraphDef } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import { invalidArgument } from "../status/status.ts";
import type { DType } from "../tensor/dtype.ts";
import type { PartialShape } from "../tensor/shape.ts";
import type { Signature } from "../tensor/signature.ts";
import { formatRef, type Graph, type GraphNode, graphNode, graphOf, parseRef, type Ref } from "./graph.ts";
import { inlineFunctions } from "./passes/inline-functions.ts";
import { prune, reachable } from "./passes/prune.ts";
import { raiseControlFlow } from "./passes/raise-control-flow.ts";
import { resolveVariables } from "./passes/resolve-variables.ts";
import { TensorTypes } from "./tensor-types.ts";
import type { Feed } from "./translate.ts";

/** A graph that went through all passes: pruned, in topological order, without function calls. */
export interface PreparedGraph {
  readonly graph: Graph;
  /** What is fed, in the order of the signature's inputs or the function's free arguments. */
  readonly feeds: readonly Feed[];
  readonly outputs: readonly Ref[];
  readonly types: TensorTypes;
}

/** What a function is called with: a tensor that comes when it runs, or a node that stands for the same in every run. */
export type FunctionArgument =
  | { readonly kind: "tensor"; readonly dtype: DType; readonly shape: PartialShape }
  | { readonly kind: "bound"; readonly node: GraphNode };

/** Takes graphs out of a meta graph and through the passes. */
export class GraphPreparer {
  readonly #main: Graph;
  readonly #library: Map<string, FunctionDef>;
  /** Asked for once to see what is missing, and once to compile. */
  readonly #signatures = new Map<Signature, PreparedGraph>();

  constructor({ graphDef }: MetaGraphDef) {
    this.#main = graphOf((graphDef?.node ?? []).map(graphNode));
    this.#library = new Map((graphDef?.library?.function ?? []).map((fn) => [fn.signature?.name ?? "", fn]));
  }

  signature(signature: Signature): PreparedGraph {
    const known = this.#signatures.get(signature);
    if (known !== undefined) return known;
    const feeds = [...signature.inputs].map(
      ([key, { tensorName, dtype, shape }]): Feed => ({ name: key, ref: parseRef(tensorName), dtype, shape }),
    );
    const wanted = [...signature.outputs.values()].map((output) => parseRef(output.tensorName));
    const prepared = this.#prepare(this.#main, feeds, wanted);
    this.#signatures.set(signature, prepared);
    return prepared;
  }

  /**
   * The nodes that run when `op` does, though nothing reads them: variables aren't resolved, so that what is assigned
   * can be seen.
   */
  effectsOf(op: string): Graph {
    const root = { node: op, index: 0 };
    const { graph, completed } = inlineFunctions(prune(this.#main, [root], new Set()), this.#library);
    const roots = completed(op).map((node) => ({ node, index: 0 }));
    return prune(graph, roots, new Set());
  }

  /** @param scope what the names of the function's nodes begin with. */
  body(scope: string, name: string, args: readonly FunctionArgument[]): PreparedGraph {
    const nodes: GraphNode[] = [];
    const feeds: Feed[] = [];
    const inputs = args.map((arg, i): Ref => {
      if (arg.kind === "bound") {
        nodes.push(arg.node);
        return { node: arg.node.name, index: 0 };
      }
      const ref = { node: `${scope}/argument_${i}`, index: 0 };
      feeds.push({ name: ref.node, ref, dtype: arg.dtype, shape: arg.shape });
      return ref;
    });
    const f = create(AttrValueSchema, { value: { case: "func", value: { name } } });
    const call = { name: scope, op: "PartitionedCall", inputs, controls: [], attrs: { f } };
    const results = this.#library.get(name)?.signature?.outputArg ?? [];
    return this.#prepare(
      graphOf([...nodes, call]),
      feeds,
      results.map((_, index) => ({ node: scope, index })),
    );
  }

  /** The positions of a function's arguments that it returns as they came, at the same positions. */
  invariants(name: string): ReadonlySet<number> {
    const body = this.#library.get(name);
    const args = (body?.signature?.inputArg ?? []).map((arg) => arg.name);
    const nodes = new Map((body?.nodeDef ?? []).map((def) => [def.name, def]));
    const source = (text: string | undefined): string | undefined => {
      const [from] = text?.split(":") ?? [];
      const node = from === undefined ? undefined : nodes.get(from);
      return node?.op === "Identity" ? source(node.input[0]) : from;
    };
    const returned = (body?.signature?.outputArg ?? []).map((arg) => source(body?.ret[arg.name]));
    return new Set(args.flatMap((arg, i) => (returned[i] === arg ? [i] : [])));
  }

  #prepare(main: Graph, feeds: readonly Feed[], wanted: readonly Ref[]): PreparedGraph {
    const fed = new Set(feeds.map((feed) => formatRef(feed.ref)));
    const raised = raiseControlFlow(reachable(main, wanted, fed), feeds);
    for (const [name, fn] of raised.functions) this.#library.set(name, fn);
    // Pruned before inlining, so that only the functions that are called from here are expanded.
    const { graph: inlined, resolve } = inlineFunctions(prune(raised.graph, wanted, fed), this.#library);
    const outputs = wanted.map((ref) => (fed.has(formatRef(ref)) ? ref : resolve(ref)));
    const graph = prune(resolveVariables(inlined), outputs, fed);
    for (const { op, name } of graph.nodes.values()) {
      if (op === "Placeholder" || op === "PlaceholderV2") {
        throw invalidArgument(
          `The signature does not feed the placeholder ${name}, on which its outputs depend`,
        );
      }
    }
    return { graph, feeds, outputs, types: new TensorTypes(graph, feeds) };
  }
}
