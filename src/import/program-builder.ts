import { tableOps } from "../host/tables/table-op.ts";
import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import { internal, unimplemented } from "../status/status.ts";
import type { DType } from "../tensor/dtype.ts";
import type { PartialShape } from "../tensor/shape.ts";
import { chooseBranch } from "./branch-choice.ts";
import { fixedNode, freeInputs, isControlFlow } from "./control-flow.ts";
import { countingOf, countingStep } from "./counter-formula.ts";
import { type FixedChoice, withChosenBranch } from "./fixed-branch.ts";
import {
  type Feed,
  formatOrigin,
  formatRef,
  type Graph,
  type GraphNode,
  graphOf,
  parseRef,
  type Ref,
} from "./graph.ts";
import { GraphConstants } from "./graph-constants.ts";
import { areSameShapes, commonShape, declaredShape } from "./known-shapes.ts";
import { writeModel } from "./onnx/model.ts";
import { modelIdentity } from "./onnx/model-identity.ts";
import { outputOwners, setOutputsApart } from "./output-regions.ts";
import { COUNTERS, isVariableOp, ownOps, VARIABLE_ASSIGN, VARIABLE_READ } from "./own-ops.ts";
import { hasEffect } from "./passes/prune.ts";
import { type Place, placeNodes } from "./placement.ts";
import type { PreparedFlow, PreparedGraph } from "./prepared-graph.ts";
import type { Program, Step } from "./program.ts";
import type { ProgramContext } from "./program-context.ts";
import { cutRegions, type Region, readOutside } from "./regions.ts";
import { Registers } from "./registers.ts";
import { isResource } from "./resources.ts";
import { tableForm } from "./table-form.ts";
import type { TensorTypes } from "./tensor-types.ts";
import { NodeRefusal, translate } from "./translate.ts";

interface BuiltProgram {
  readonly program: Program;
  /** What is known of each output's shape. */
  readonly shapes: readonly PartialShape[];
}

/** What a graph is built for. */
interface ProgramUse {
  /** What is known of each feed's shape, if that is more than the feed says. */
  readonly shapes?: readonly PartialShape[];
  /** What to compute. Default: the graph's outputs. */
  readonly outputs?: readonly Ref[] | undefined;
  /** Whether some of the outputs may not be wanted: those of functions always are. Default: false. */
  readonly isOutermost?: boolean;
}

/**
 * Turns a prepared graph without missing ops into a program. Where the steps before a condition show on which side it always
 * falls, starts again with that branch in its place, so that no border is left around it.
 */
export function buildProgram(
  prepared: PreparedGraph,
  context: ProgramContext,
  { shapes, outputs = prepared.outputs, isOutermost = false }: ProgramUse = {},
): BuiltProgram {
  const { sessions } = context;
  const before = sessions.length;
  let [graph, wanted] = [prepared, outputs];
  for (;;) {
    const built = new ProgramBuilder(graph, context, shapes, wanted).build(isOutermost);
    if ("program" in built) return built;
    sessions.length = before;
    const inlined = withChosenBranch(graph, built);
    graph = inlined.prepared;
    wanted = wanted.map(inlined.moved);
  }
}

class ProgramBuilder {
  readonly #prepared: PreparedGraph;
  readonly #graph: Graph;
  readonly #types: TensorTypes;
  readonly #feeds: readonly Feed[];
  readonly #outputs: readonly Ref[];
  readonly #fed: ReadonlySet<string>;
  readonly #context: ProgramContext;
  readonly #places: ReadonlyMap<string, Place>;
  readonly #graphConstants: GraphConstants;
  readonly #registers: Registers;
  readonly #steps: Step[] = [];

  constructor(
    prepared: PreparedGraph,
    context: ProgramContext,
    shapes: readonly PartialShape[] | undefined,
    outputs: readonly Ref[],
  ) {
    const { graph, types } = prepared;
    const feeds =
      shapes === undefined
        ? prepared.feeds
        : prepared.feeds.map((feed, i) => ({ ...feed, shape: shapes[i] }));
    this.#prepared = prepared;
    this.#places = placeNodes(prepared, context);
    this.#graph = graph;
    this.#types = types;
    this.#feeds = feeds;
    this.#outputs = outputs;
    this.#fed = new Set(feeds.map((feed) => formatRef(feed.ref)));
    this.#context = context;
    this.#graphConstants = new GraphConstants(graph, this.#fed, context.variables);
    this.#registers = new Registers(this.#graphConstants);
  }

  /** @returns the program, or the first choice that turns out to be none. */
  build(isOutermost: boolean): BuiltProgram | FixedChoice {
    for (const { ref, shape } of this.#feeds) this.#registers.feed(ref, shape ?? this.#assumedShape(ref));
    const regions = this.#cut(isOutermost);
    const wanted = readOutside(regions, this.#outputs);
    for (const region of regions) {
      const [first] = region.nodes;
      if (region.place === "onnx") {
        if (isOutermost || !this.#addCounting(region, wanted)) this.#addSession(region, wanted);
      } else if (isControlFlow(first!.op)) {
        const choice = this.#addControlFlow(first!, wanted);
        if (choice !== undefined) return choice;
      } else if (Object.hasOwn(tableOps, first!.op)) this.#addTableStep(first!);
      else if (isVariableOp(first!.op)) this.#addVariableStep(first!);
      else this.#addHostStep(first!);
    }
    const outputs = this.#outputs.map((ref) => this.#registers.read(ref));
    const program: Program = {
      registerCount: this.#registers.count,
      constants: this.#registers.constants,
      steps: this.#steps,
      outputs,
    };
    return { program, shapes: this.#outputs.map((ref) => this.#registers.shapeOf(ref)) };
  }

  #cut(isOutermost: boolean): readonly Region[] {
    const place = (node: GraphNode) => this.#places.get(node.name)!;
    const regions = cutRegions(this.#graph, place, this.#fed);
    if (!isOutermost || this.#outputs.length < 2) return regions;
    const owners = outputOwners(this.#graph, this.#outputs, this.#fed);
    const apart = setOutputsApart(regions, owners, this.#fed, (node) =>
      this.#graphConstants.elementsReadBy(node),
    );
    return this.#listsBetween(apart) === this.#listsBetween(regions) ? apart : regions;
  }

  /** How many lists go from one region to another. */
  #listsBetween(regions: readonly Region[]): number {
    return [...readOutside(regions, [])].filter((key) => this.#types.of(parseRef(key)) === "variant").length;
  }

  /** Exporters leave the rank of serialized Examples open, although Classify and Regress always send a vector. */
  #assumedShape(feed: Ref): PartialShape {
    for (const { op, inputs } of this.#graph.nodes.values()) {
      const [serialized] = inputs;
      if (op === "ParseExampleV2" && serialized !== undefined && formatRef(serialized) === formatRef(feed))
        return [-1];
    }
    return undefined;
  }

  #addHostStep(node: GraphNode): void {
    const attrs = new Attributes(node.name, node.attrs, opDefinition(node.op));
    const known = node.inputs.map((ref) => this.#registers.knownOf(ref));
    const { hostOps, valueOps } = this.#context.host;
    const shapes = (hostOps[node.op] ?? valueOps[node.op])!.shapes(attrs, known);
    const outputs = shapes.map((shape, index) => this.#registers.produce({ node: node.name, index }, shape));
    const inputs = node.inputs.map((ref) => this.#registers.read(ref));
    this.#steps.push({
      kind: "host",
      op: node.op,
      name: node.name,
      origin: formatOrigin(node),
      attrs: node.attrs,
      inputs,
      outputs,
      effect: hasEffect(node),
    });
  }

  #addTableStep(node: GraphNode): void {
    const [handle, ...rest] = node.inputs as [Ref, ...Ref[]];
    const table = fixedNode(this.#graph, handle, this.#fed);
    if (table === undefined || !isResource(table.op)) {
      throw unimplemented(`Op ${node.op} (node ${node.name}): expected a table that is known at import`);
    }
    this.#context.tables.set(table.name, table);
    const known = rest.map((ref) => this.#registers.knownOf(ref));
    const op = tableOps[node.op]!;
    const shapes = op.shapes(tableForm(table, this.#registers.shapeOf(table.inputs[0])), known);
    this.#steps.push({
      kind: "table",
      op: node.op,
      name: node.name,
      origin: formatOrigin(node),
      table: table.name,
      inputs: rest.map((ref) => this.#registers.read(ref)),
      outputs: shapes.map((shape, index) => this.#registers.produce({ node: node.name, index }, shape)),
      effect: op.kind === "writing",
    });
  }

  #addVariableStep(node: GraphNode): void {
    const attrs = new Attributes(node.name, node.attrs, ownOps[node.op]);
    const [variable, dtype, shape] = [attrs.string("variable"), attrs.dtype("dtype"), attrs.shape("shape")];
    this.#context.mutableVariables.set(variable, { dtype, shape });
    const isAssign = node.op === VARIABLE_ASSIGN;
    const isRead = node.op === VARIABLE_READ;
    this.#steps.push({
      kind: "variable",
      action: isAssign ? "assign" : isRead ? "read" : "initialized",
      name: node.name,
      variable,
      inputs: node.inputs.map((ref) => this.#registers.read(ref)),
      outputs: isAssign ? [] : [this.#registers.produce({ node: node.name, index: 0 }, isRead ? shape : [])],
      effect: isAssign,
    });
  }

  /** @returns the choice, if the node always makes the same one. */
  #addControlFlow(node: GraphNode, wanted: ReadonlySet<string>): FixedChoice | undefined {
    const prepared = this.#context.preparer.flow(this.#prepared, node);
    if (prepared.flow.kind === "branch") return this.#addBranch(node, prepared);
    this.#addWhile(node, prepared, wanted);
    return undefined;
  }

  #addBranch(node: GraphNode, prepared: PreparedFlow): FixedChoice | undefined {
    const { flow, args, functions } = prepared;
    if (flow.kind !== "branch") return undefined;
    const inputs = freeInputs(flow.inputs, args);
    const selector = this.#registers.read(flow.selector);
    const chosen = this.#registers.constantIn(selector);
    if (chosen !== undefined) {
      const which = chooseBranch(flow.select, chosen, functions.length);
      return {
        node,
        flow: prepared,
        which,
        known: inputs.map((ref) => this.#registers.constantIn(this.#registers.read(ref))),
      };
    }
    const branches = functions.map((branch) =>
      this.#buildFunction(
        branch,
        inputs.map((ref) => this.#registers.shapeOf(ref)),
      ),
    );
    const shapes = branches
      .map((branch) => branch.shapes)
      .reduce((a, b) => a.map((shape, i) => commonShape(shape, b[i])));
    this.#steps.push({
      kind: "branch",
      name: node.name,
      effect: hasEffect(node),
      select: flow.select,
      branches: branches.map((branch) => branch.program),
      inputs: [selector, ...inputs.map((ref) => this.#registers.read(ref))],
      outputs: shapes.map((shape, index) => this.#registers.produce({ node: node.name, index }, shape)),
    });
    return undefined;
  }

  #addWhile(node: GraphNode, { flow, args, functions }: PreparedFlow, wanted: ReadonlySet<string>): void {
    const [condition, body] = functions as [PreparedGraph, PreparedGraph];
    const inputs = freeInputs(flow.inputs, args);
    const free = args.flatMap((arg, i) => (arg.kind === "tensor" ? [i] : []));
    const results = free.map((i) => body.outputs[i]!);
    // What a round changes of a shape isn't known of it; a dimension is given up at most once, a rank too.
    let shapes = inputs.map((ref) => this.#registers.shapeOf(ref));
    const { sessions } = this.#context;
    const before = sessions.length;
    for (;;) {
      const built = this.#buildFunction(body, shapes, results);
      const next = shapes.map((shape, i) => commonShape(shape, built.shapes[i]));
      if (areSameShapes(shapes, next)) {
        this.#steps.push({
          kind: "while",
          name: node.name,
          effect: hasEffect(node),
          condition: this.#buildFunction(condition, shapes).program,
          body: built.program,
          inputs: inputs.map((ref) => this.#registers.read(ref)),
          outputs: free.map((index, i) => this.#registers.produce({ node: node.name, index }, shapes[i])),
        });
        break;
      }
      sessions.length = before;
      shapes = next;
    }
    for (const [index, arg] of args.entries()) {
      const ref = { node: node.name, index };
      if (arg.kind === "tensor" || !wanted.has(formatRef(ref))) continue;
      const input = flow.inputs[index]!;
      this.#registers.alias(ref, this.#registers.read(input), this.#registers.shapeOf(input));
    }
  }

  /** @param shapes what is known of each argument that is a tensor. */
  #buildFunction(
    prepared: PreparedGraph,
    shapes: readonly PartialShape[],
    outputs?: readonly Ref[],
  ): BuiltProgram {
    return buildProgram(prepared, this.#context, { shapes, outputs });
  }

  /**
   * What a loop or a branch that TypeScript runs only counts, it counts in TypeScript too: running a session takes
   * microseconds, whatever it does. @returns whether the region is no more than that.
   */
  #addCounting(region: Region, wanted: ReadonlySet<string>): boolean {
    const outputs = this.#outputsOf(region, wanted);
    const nodes = [...region.fixed, ...region.nodes];
    const source = (ref: Ref) => ({
      constant: this.#graphConstants.of(ref),
      shape: this.#registers.shapeOf(ref),
    });
    const counting = countingOf({ nodes, outputs, types: this.#types, source });
    // What is the same in every run is left to the session, which is run once.
    if (counting === undefined || outputs.length === 0 || counting.inputs.length === 0) return false;
    if (!Object.hasOwn(this.#context.host.hostOps, COUNTERS)) return false;
    const { inputs } = counting;
    this.#steps.push({
      ...countingStep(region.nodes[0]!, counting),
      inputs: inputs.map((ref) => this.#registers.read(ref)),
      outputs: outputs.map((ref) => this.#registers.produce(ref, [])),
    });
    return true;
  }

  #addSession(region: Region, wanted: ReadonlySet<string>): void {
    const { variables, sessions, preparer } = this.#context;
    const outputs = this.#outputsOf(region, wanted);
    if (outputs.length === 0) return;
    for (const ref of outputs) this.#refuseList(ref, this.#graph.nodes.get(ref.node)!);
    const nodes = [...region.fixed, ...region.nodes];
    const inside = new Set(nodes.map((node) => node.name));
    const constants = new Map<string, GraphNode>();
    const feeds = new Map<string, Feed>();
    for (const node of nodes) {
      for (const ref of node.inputs) {
        const key = formatRef(ref);
        const source = this.#graph.nodes.get(ref.node);
        if (this.#fed.has(key) || (source !== undefined && this.#isProduced(source, inside))) {
          this.#refuseList(ref, node);
          feeds.set(key, { name: key, ref, dtype: this.#dtypeOf(ref), shape: this.#registers.shapeOf(ref) });
        } else if (source !== undefined && !inside.has(ref.node)) constants.set(ref.node, source);
      }
    }
    const graph = graphOf([...constants.values(), ...nodes]);
    // For each run ONNX Runtime copies the names, for which it allocates memory if they are longer than 15 bytes.
    const inputs = [...feeds.values()].map((feed, i) => ({ ...feed, name: `input:${i}` }));
    const part = { graph, feeds: inputs, outputs, within: this.#prepared };
    const flows = (within: PreparedGraph, node: GraphNode) => preparer.flow(within, node);
    const translation = translate(part, variables, flows, this.#context.refusesUnknownRanks);
    const handedOn = new Map(inputs.map((feed) => [feed.name, feed.ref]));
    const computed = outputs.flatMap((ref, i) => {
      const value = translation.outputs[i]!;
      const source = handedOn.get(value.name);
      if (source !== undefined) {
        this.#registers.alias(ref, this.#registers.allocate(source), declaredShape(value));
        return [];
      }
      if (value.constant === undefined) return [{ ref, name: `output:${i}`, value }];
      this.#registers.produceConstant(ref, declaredShape(value), value.constant());
      return [];
    });
    if (computed.length === 0) return;
    this.#steps.push({
      kind: "session",
      session: sessions.length,
      inputs: part.feeds.map((feed) => this.#registers.allocate(feed.ref)),
      outputs: computed.map(({ ref, value }) => this.#registers.produce(ref, declaredShape(value))),
    });
    sessions.push({
      identity: modelIdentity(
        translation.graph,
        computed.map(({ value }) => value),
      ),
      model: writeModel(translation.graph, computed),
      isUnbounded: translation.graph.isUnbounded,
    });
  }

  /** A list doesn't leave its session: what handles it there goes to TypeScript. */
  #refuseList(ref: Ref, node: GraphNode): void {
    if (this.#types.of(ref) !== "variant") return;
    throw new NodeRefusal(
      [node],
      `Op ${node.op} (node ${node.name}): lists don't go from session to session`,
    );
  }

  /** Whether a node outside of a region hands it a tensor in a register. */
  #isProduced(source: GraphNode, inside: ReadonlySet<string>): boolean {
    return !inside.has(source.name) && this.#places.get(source.name) !== "constant";
  }

  /** What of a region is read elsewhere, each tensor once. */
  #outputsOf(region: Region, wanted: ReadonlySet<string>): readonly Ref[] {
    return region.nodes.flatMap((node) => {
      const refs: Ref[] = [];
      for (let index = 0; this.#types.of({ node: node.name, index }) !== undefined; index++) {
        const ref = { node: node.name, index };
        if (wanted.has(formatRef(ref)) && !this.#fed.has(formatRef(ref))) refs.push(ref);
      }
      return refs;
    });
  }

  #dtypeOf(ref: Ref): DType {
    const dtype = this.#types.of(ref);
    if (dtype === undefined) throw internal(`The tensor ${formatRef(ref)} has no known type`);
    return dtype;
  }
}
