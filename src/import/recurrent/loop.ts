import { controlFlowOf } from "../control-flow.ts";
import { type Feed, formatRef, type Graph, type GraphNode, type Ref } from "../graph.ts";
import { hasEffect } from "../passes/prune.ts";
import type { TensorTypes } from "../tensor-types.ts";
import { BodyReader } from "./body-reader.ts";
import { constantInt, follow, isFixedPart, isZeros, nodeOf, type Scope } from "./constants.ts";
import { type Expression, Expressions } from "./expression.ts";
import { statedShape, type UnstackedList, unstackedList } from "./lists.ts";

/** A graph that went through all passes, or the graph of a loop's function: its arguments are fed, those aside that are fixed. */
interface FunctionGraph {
  readonly graph: Graph;
  readonly feeds: readonly Feed[];
  readonly outputs: readonly Ref[];
  readonly types: TensorTypes;
}

/** The graph around a loop. */
export interface Surroundings extends Scope, FunctionGraph {
  readonly graph: Graph;
  readonly fed: ReadonlySet<string>;
}

/** Where the functions of loops come from. */
export interface Functions {
  flow(
    around: FunctionGraph,
    loop: GraphNode,
  ): {
    /** The condition and the body. */
    readonly functions: readonly FunctionGraph[];
    /** The positions of the arguments that the loop never changes. */
    readonly invariants: ReadonlySet<number>;
  };
}

/** A list that every round writes an element of. */
export interface WrittenList {
  readonly argument: number;
  readonly initial: Ref;
  /** Each round at its own position, or all rounds at the first. */
  readonly at: "step" | "first";
  readonly value: Expression;
}

/** A tensor that each round makes anew. */
export interface StateVariable {
  readonly argument: number;
  readonly initial: Ref;
  readonly next: Expression;
}

/** How many rounds there are: as many as the least of these. */
export type Bound = Ref | number;

/** A loop that takes the elements of lists one after the other and whose rounds only compute. */
export interface TimeLoop {
  readonly make: Expressions;
  readonly bounds: readonly Bound[];
  /** The tensors whose slices the rounds read, by the position of the list among the loop's variables. */
  readonly inputs: ReadonlyMap<number, UnstackedList>;
  readonly written: readonly WrittenList[];
  readonly states: readonly StateVariable[];
}

/** More nodes than any exporter writes for a round of a recurrent layer; what goes beyond isn't worth looking at. */
const MOST_NODES = 500;

/** Reads a While as a loop over time; undefined if it is none. */
export function timeLoopOf(
  around: Surroundings,
  node: GraphNode,
  functions: Functions,
): TimeLoop | undefined {
  const flow = controlFlowOf(node);
  if (flow.kind !== "while" || !flow.inputs.some((ref) => unstackedList(around, ref) !== undefined))
    return undefined;
  const { functions: graphs, invariants } = functions.flow(around, node);
  const [condition, body] = graphs as [FunctionGraph, FunctionGraph];
  if (body.graph.nodes.size > MOST_NODES) return undefined;
  if ([body, condition].some(({ graph }) => [...graph.nodes.values()].some(hasEffect))) return undefined;
  return new LoopReader(around, flow.inputs, invariants, body).read(condition);
}

class LoopReader {
  readonly #around: Surroundings;
  readonly #initial: readonly Ref[];
  readonly #invariants: ReadonlySet<number>;
  readonly #body: FunctionGraph;
  readonly #make = new Expressions();
  readonly #outer: BodyReader;
  readonly #counters: ReadonlySet<number>;
  readonly #inputs = new Map<number, UnstackedList>();

  constructor(
    around: Surroundings,
    initial: readonly Ref[],
    invariants: ReadonlySet<number>,
    body: FunctionGraph,
  ) {
    this.#around = around;
    this.#initial = initial;
    this.#invariants = invariants;
    this.#body = body;
    this.#outer = new BodyReader(this.#make, around, () => undefined);
    this.#counters = new Set(initial.flatMap((_, i) => (this.#isCounter(i) ? [i] : [])));
    for (const i of invariants) {
      const list = unstackedList(around, initial[i]!);
      if (list !== undefined) this.#inputs.set(i, list);
    }
  }

  read(condition: FunctionGraph): TimeLoop | undefined {
    const bounds = this.#bounds(condition, condition.outputs[0]!);
    const reader = this.#reader(this.#body);
    const written: WrittenList[] = [];
    const states: StateVariable[] = [];
    for (const [argument, initial] of this.#initial.entries()) {
      if (this.#invariants.has(argument) || this.#counters.has(argument)) continue;
      const result = this.#body.outputs[argument]!;
      const dtype = this.#around.types.of(initial);
      if (dtype === "variant") {
        const list = this.#written(reader, argument, result);
        if (list === undefined) return undefined;
        written.push(list);
      } else if (dtype === "float32") states.push({ argument, initial, next: reader.read(result) });
      else return undefined;
    }
    return bounds && { make: this.#make, bounds, inputs: this.#inputs, written, states };
  }

  /** Whether a variable starts at zero and grows by one in each round. */
  #isCounter(argument: number): boolean {
    if (constantInt(this.#around, this.#initial[argument]!) !== 0) return false;
    const scope = scopeOf(this.#body);
    const sum = nodeOf(scope, this.#body.outputs[argument]!);
    if (sum?.op !== "AddV2" && sum?.op !== "Add") return false;
    const [a, b] = sum.inputs as [Ref, Ref];
    const isOne = (ref: Ref): boolean => constantInt(scope, ref) === 1;
    const isSelf = (ref: Ref): boolean => argumentAt(follow(scope, ref), this.#body) === argument;
    return (isSelf(a) && isOne(b)) || (isSelf(b) && isOne(a));
  }

  /** The bounds that `condition` compares the round's number with. */
  #bounds(condition: FunctionGraph, ref: Ref): readonly Bound[] | undefined {
    const scope = scopeOf(condition);
    const node = nodeOf(scope, ref);
    const [a, b] = (node?.inputs ?? []) as [Ref, Ref];
    if (node?.op === "LogicalAnd") {
      const [left, right] = [this.#bounds(condition, a), this.#bounds(condition, b)];
      return left && right && [...left, ...right];
    }
    if (node?.op !== "Less" && node?.op !== "Greater") return undefined;
    const [step, bound] = node.op === "Less" ? [a, b] : [b, a];
    const known = this.#reader(condition);
    if (known.read(step).kind !== "step") return undefined;
    const number = constantInt(scope, bound);
    if (number !== undefined) return [number];
    const given = known.read(bound);
    return given.kind === "outer" ? [given.ref] : undefined;
  }

  #reader(graph: FunctionGraph): BodyReader {
    const scope = scopeOf(graph);
    const reader: BodyReader = new BodyReader(this.#make, scope, (ref) => {
      const argument = argumentAt(ref, graph);
      if (argument !== undefined) return this.#argument(argument);
      const node = nodeOf(scope, ref);
      if (node?.op !== "TensorListGetItem") return undefined;
      const [list, index, shape] = node.inputs as [Ref, Ref, Ref];
      const from = argumentAt(follow(scope, list), graph);
      if (from === undefined || !this.#inputs.has(from)) return undefined;
      // A condition for each row is a column, or it would be one for each unit.
      const isColumn = String(statedShape(scope, shape)?.slice(1)) === "1";
      if (graph.types.of(ref) === "bool" && !isColumn) return undefined;
      return reader.read(index).kind === "step" ? this.#make.element(from) : undefined;
    });
    return reader;
  }

  #argument(argument: number): Expression {
    if (this.#counters.has(argument)) return this.#make.step;
    if (!this.#invariants.has(argument)) return this.#make.state(argument);
    // Outside, only constants are looked into: what else is computed there stays there.
    const initial = follow(this.#around, this.#initial[argument]!);
    if (isZeros(this.#around, initial)) return this.#make.zeros;
    const read = isFixedPart(this.#around, initial) ? this.#outer.read(initial) : undefined;
    return read?.kind === "block" ? read : this.#make.outer(initial);
  }

  #written(reader: BodyReader, argument: number, result: Ref): WrittenList | undefined {
    const scope = scopeOf(this.#body);
    const node = nodeOf(scope, result);
    if (node?.op !== "TensorListSetItem") return undefined;
    const [list, index, item] = node.inputs as [Ref, Ref, Ref];
    if (argumentAt(follow(scope, list), this.#body) !== argument) return undefined;
    const step = reader.read(index).kind === "step";
    if (!step && constantInt(scope, index) !== 0) return undefined;
    const initial = this.#initial[argument]!;
    return { argument, initial, at: step ? "step" : "first", value: reader.read(item) };
  }
}

function scopeOf({ graph, feeds }: FunctionGraph): Scope {
  return { graph, fed: new Set(feeds.map((feed) => formatRef(feed.ref))) };
}

/** Which of the loop's variables a tensor of its functions is. */
function argumentAt(ref: Ref, { feeds }: FunctionGraph): number | undefined {
  const fed = feeds.some((feed) => formatRef(feed.ref) === formatRef(ref));
  return fed ? Number(ref.node.slice(ref.node.lastIndexOf("_") + 1)) : undefined;
}
