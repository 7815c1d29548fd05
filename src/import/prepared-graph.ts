import { create } from "@bufbuild/protobuf";
import { AttrValueSchema } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { FunctionDef } from "../proto/gen/tensorflow/core/framework/function_pb.ts";
import type { MetaGraphDef } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import type { Signature } from "../tensor/signature.ts";
import { branchArguments, type ControlFlow, controlFlowOf, type FunctionArgument } from "./control-flow.ts";
import {
  type Feed,
  formatRef,
  type Graph,
  type GraphNode,
  graphNode,
  graphOf,
  parseRef,
  type Ref,
} from "./graph.ts";
import {
  type MutableState,
  MutableStateFinder,
  mayChangeState,
  NO_MUTABLE_STATE,
  type UnresolvedGraph,
} from "./mutable-state.ts";
import { fuseRecurrentLoops } from "./passes/fuse-recurrent-loops.ts";
import { inlineFunctions } from "./passes/inline-functions.ts";
import { joinPartitions } from "./passes/join-partitions.ts";
import { hasEffect, prune, reachable } from "./passes/prune.ts";
import { raiseControlFlow } from "./passes/raise-control-flow.ts";
import { resolveVariables } from "./passes/resolve-variables.ts";
import { skipDropout } from "./passes/skip-dropout.ts";
import { assignsVariable } from "./passes/variable-updates.ts";
import { TensorTypes } from "./tensor-types.ts";

/** A graph that went through all passes: pruned, in topological order, without function calls. */
export interface PreparedGraph {
  readonly graph: Graph;
  /** What is fed, in the order of the signature's inputs or the function's free arguments. */
  readonly feeds: readonly Feed[];
  readonly outputs: readonly Ref[];
  readonly types: TensorTypes;
}

/** A control flow node with the graphs of its functions. */
export interface PreparedFlow {
  readonly flow: ControlFlow;
  /** What stands for each of `flow.inputs` in the functions. */
  readonly args: readonly FunctionArgument[];
  /** A loop's condition and body, or the branches; fed with the arguments that are tensors. */
  readonly functions: readonly PreparedGraph[];
  /** The positions of the arguments that a loop never changes. */
  readonly invariants: ReadonlySet<number>;
}

/** A graph without function calls. */
interface InlinedGraph extends UnresolvedGraph {
  readonly feeds: readonly Feed[];
  readonly outputs: readonly Ref[];
  /** Nodes that calls run although nothing may read them. */
  readonly effects: readonly string[];
}

/** Takes graphs out of a meta graph and through the passes. */
export class GraphPreparer {
  readonly #main: Graph;
  readonly #library: Map<string, FunctionDef>;
  /** Asked for once to see what is missing, and once to compile. */
  readonly #prepared = new Map<Signature, PreparedGraph>();
  /** Asked for to place nodes, and again for each attempt to compile. */
  readonly #flows = new WeakMap<PreparedGraph, Map<string, PreparedFlow>>();
  readonly #state: MutableState;

  /** @param signatures all that are served: what one of them changes, none may take for constant. */
  constructor({ graphDef }: MetaGraphDef, signatures: Iterable<Signature>) {
    this.#main = graphOf((graphDef?.node ?? []).map(graphNode));
    this.#library = new Map((graphDef?.library?.function ?? []).map((fn) => [fn.signature?.name ?? "", fn]));
    this.#state = this.#findState([...signatures]);
  }

  /** What requests change. */
  get state(): MutableState {
    return this.#state;
  }

  signature(signature: Signature): PreparedGraph {
    const known = this.#prepared.get(signature);
    if (known !== undefined) return known;
    const prepared = this.#prepare(this.#inlineSignature(signature));
    this.#prepared.set(signature, prepared);
    return prepared;
  }

  #inlineSignature({ inputs, outputs }: Signature): InlinedGraph {
    const feeds = [...inputs].map(
      ([key, { tensorName, dtype, shape }]): Feed => ({ name: key, ref: parseRef(tensorName), dtype, shape }),
    );
    const wanted = [...outputs.values()].map((output) => parseRef(output.tensorName));
    return this.#inline(this.#main, feeds, wanted);
  }

  #findState(signatures: readonly Signature[]): MutableState {
    const outputs = signatures.flatMap(({ outputs }) => [...outputs.values()]);
    const wanted = outputs.map((output) => parseRef(output.tensorName));
    const { nodes } = reachable(this.#main, wanted, new Set());
    if (!mayChangeState(nodes.values(), this.#library)) return NO_MUTABLE_STATE;
    const finder = new MutableStateFinder((scope, name, args) => this.#inlineBody(scope, name, args));
    for (const signature of signatures) finder.look(this.#inlineSignature(signature));
    return finder;
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

  /** Whether running `op` gives variables values. */
  assigns(op: string): boolean {
    return [...this.effectsOf(op).nodes.values()].some((node) => assignsVariable(node.op));
  }

  /** @param node a control flow node of `prepared`. */
  flow(prepared: PreparedGraph, node: GraphNode): PreparedFlow {
    const known = this.#flows.get(prepared) ?? new Map<string, PreparedFlow>();
    this.#flows.set(prepared, known);
    const flow = known.get(node.name) ?? this.#prepareFlow(prepared, node);
    known.set(node.name, flow);
    return flow;
  }

  #prepareFlow({ graph, feeds, types }: PreparedGraph, node: GraphNode): PreparedFlow {
    const flow = controlFlowOf(node);
    const fed = new Set(feeds.map((feed) => formatRef(feed.ref)));
    const bound = branchArguments(graph, flow.inputs, types, fed);
    const prepare = (scope: string, name: string, args: readonly FunctionArgument[]) =>
      this.#prepare(this.#inlineBody(`${node.name}/${scope}`, name, args));
    if (flow.kind === "branch") {
      const functions = flow.branches.map((name, i) => prepare(`branch_${i}`, name, bound));
      return { flow, args: bound, functions, invariants: new Set() };
    }
    const invariants = this.#invariants(flow.body);
    const args = bound.map((arg, i): FunctionArgument => {
      return invariants.has(i) ? arg : { kind: "tensor", dtype: types.of(flow.inputs[i]!)! };
    });
    const functions = [prepare("cond", flow.condition, args), prepare("body", flow.body, args)];
    return { flow, args, functions, invariants };
  }

  /** @param scope what the names of the function's nodes begin with. */
  #inlineBody(scope: string, name: string, args: readonly FunctionArgument[]): InlinedGraph {
    const nodes: GraphNode[] = [];
    const feeds: Feed[] = [];
    const inputs = args.map((arg, i): Ref => {
      if (arg.kind === "bound") {
        // What it is made from lies outside of the function.
        nodes.push({ ...arg.node, inputs: [], controls: [] });
        return { node: arg.node.name, index: 0 };
      }
      const ref = { node: `${scope}/argument_${i}`, index: 0 };
      feeds.push({ name: ref.node, ref, dtype: arg.dtype, shape: undefined });
      return ref;
    });
    const f = create(AttrValueSchema, { value: { case: "func", value: { name } } });
    const call = { name: scope, op: "PartitionedCall", inputs, controls: [], attrs: { f } };
    const results = this.#library.get(name)?.signature?.outputArg ?? [];
    return this.#inline(
      graphOf([...nodes, call]),
      feeds,
      results.map((_, index) => ({ node: scope, index })),
    );
  }

  /** The positions of a function's arguments that it returns as they came, at the same positions. */
  #invariants(name: string): ReadonlySet<number> {
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

  #inline(main: Graph, feeds: readonly Feed[], wanted: readonly Ref[]): InlinedGraph {
    const fed = new Set(feeds.map((feed) => formatRef(feed.ref)));
    const raised = raiseControlFlow(reachable(main, wanted, fed), feeds);
    for (const [name, fn] of raised.functions) this.#library.set(name, fn);
    // Cut down before inlining, so that only the functions that are called from here are expanded.
    const needed = reachable(raised.graph, wanted, fed);
    const { graph, resolve, effects } = inlineFunctions(needed, this.#library);
    const outputs = wanted.map((ref) => (fed.has(formatRef(ref)) ? ref : resolve(ref)));
    return { graph, feeds, fed, outputs, effects };
  }

  #prepare({ graph: inlined, feeds, fed, outputs: wanted, effects }: InlinedGraph): PreparedGraph {
    const { graph: resolved, outputs } = resolveVariables(inlined, wanted, this.#state.variables);
    const running = effects.filter((name) => {
      const node = resolved.nodes.get(name);
      return node !== undefined && hasEffect(node);
    });
    const simpler = skipDropout(joinPartitions(resolved), fed);
    const pruned = prune(simpler, outputs, fed, running);
    const { graph, outputs: given } = fuseRecurrentLoops({ graph: pruned, feeds, outputs }, this);
    return { graph, feeds, outputs: given, types: new TensorTypes(graph, feeds) };
  }
}
