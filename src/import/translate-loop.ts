import type { FunctionCall } from "./function-call.ts";
import { formatRef } from "./graph.ts";
import { afterRounds, endRound, type LoopVariable, loopVariable, startRound } from "./loop-variables.ts";
import type { OnnxBuilder } from "./onnx/builder.ts";
import { type Dim, type Inferred, isNumber, knownElements, type Subgraph, type Value } from "./onnx/value.ts";
import type { PreparedFlow } from "./prepared-graph.ts";
import { dependsOnShapesOnly, hasSteadyShape, MOST_ROUNDS, mostRounds, roundsOf, stepOf } from "./rounds.ts";
import { truthOf } from "./translate-branches.ts";

const CONDITION = 0;
const BODY = 1;

/** A body that was built on assumptions that hold. */
interface Body {
  readonly subgraph: Subgraph;
  /** For each variable what it gives after the last round, or gathers. */
  readonly results: readonly Value[];
  /** Whether how many rounds there are is known from shapes. */
  readonly isBounded: boolean;
  /** The size that there are as many rounds as, if it is one. */
  readonly rounds: Dim | undefined;
}

/**
 * TensorFlow's While as ONNX's Loop: the condition is asked before the first round, and after each for the next. What no
 * round changes is seen from outside.
 * @param inputs undefined where they are bound in the functions.
 */
export function translateLoop(
  prepared: PreparedFlow,
  inputs: readonly (Value | undefined)[],
  onnx: OnnxBuilder,
  call: FunctionCall,
): readonly (Value | undefined)[] {
  const { args, invariants, functions } = prepared;
  const positions = args.flatMap(({ kind }, i) => (kind === "tensor" && !invariants.has(i) ? [i] : []));
  const goesOn = truthOf(onnx, call(CONDITION, inputs)[0]!);
  if (knownElements(goesOn)?.[0] === 0) return inputs;
  const resizes = [...functions[BODY]!.graph.nodes.values()].some(
    (node) =>
      node.op === "TensorListSetItem" && node.attrs.resize_if_index_out_of_bounds?.value.value === true,
  );
  const read = readLists(prepared);
  let variables: readonly LoopVariable[] = positions.map((i) =>
    loopVariable(inputs[i]!, resizes, read.has(i), onnx),
  );
  for (;;) {
    const mark = onnx.mark();
    const attempt = new Attempt(variables, positions, inputs, onnx, call);
    const body = attempt.build();
    if (body === undefined) {
      variables = attempt.better();
      continue;
    }
    if (!body.isBounded) onnx.markUnbounded();
    return addLoop(variables, positions, inputs, goesOn, body, mark, onnx);
  }
}

const READS = new Set(["TensorListGetItem", "TensorListGather", "TensorListStack"]);

/** The positions of the lists that a round reads from as it finds them. */
function readLists({ args, functions }: PreparedFlow): ReadonlySet<number> {
  const free = args.flatMap(({ kind }, i) => (kind === "tensor" ? [i] : []));
  return new Set(
    functions.flatMap(({ graph, feeds }) => {
      const nodes = [...graph.nodes.values()].filter(({ op }) => READS.has(op));
      const lists = new Set(nodes.map(({ inputs }) => formatRef(inputs[0]!)));
      return free.filter((_, i) => lists.has(formatRef(feeds[i]!.ref)));
    }),
  );
}

/** The body, built on what is assumed of the variables. */
class Attempt {
  readonly #variables: readonly LoopVariable[];
  readonly #positions: readonly number[];
  readonly #outer: readonly (Value | undefined)[];
  readonly #onnx: OnnxBuilder;
  readonly #call: FunctionCall;
  readonly #better: (() => LoopVariable)[] = [];

  constructor(
    variables: readonly LoopVariable[],
    positions: readonly number[],
    outer: readonly (Value | undefined)[],
    onnx: OnnxBuilder,
    call: FunctionCall,
  ) {
    this.#variables = variables;
    this.#positions = positions;
    this.#outer = outer;
    this.#onnx = onnx;
    this.#call = call;
  }

  /** Undefined if an assumption doesn't hold. */
  build(): Body | undefined {
    const onnx = this.#onnx;
    const starts = this.#variables.map((variable) => startRound(variable, onnx));
    const states = starts.flatMap(({ input }) => input ?? []);
    const inputs = [onnx.argument("int64", []), onnx.argument("bool", []), ...states];
    let results: Value[] = [];
    let isBounded = false;
    let exactly: Dim | undefined;
    let isRight = true;
    const subgraph = onnx.subgraph(inputs, () => {
      const ends = this.#call(BODY, this.#with(starts.map(({ value }) => value)), this.#positions);
      const counters = starts.map(({ input }, i) => ({
        argument: input,
        first: firstOf(this.#variables[i]!),
        next: ends[i]!,
      }));
      const isRound = (index: Value, first: Dim): boolean => {
        const counter = counters.find(({ argument }) => argument?.name === onnx.uncast(index).name);
        return counter !== undefined && counter.first?.elements?.[0] === first && stepOf(counter, onnx) === 1;
      };
      const rounds = this.#variables.map((variable, i) =>
        endRound(variable, starts[i]!, ends[i]!, isRound, onnx),
      );
      isRight = rounds.every((round) => round.kind === "done");
      for (const [i, round] of rounds.entries()) {
        this.#better.push(round.kind === "done" ? () => this.#variables[i]! : round.make);
      }
      if (!isRight) return [];
      const goesOn = truthOf(onnx, this.#call(CONDITION, this.#with(ends))[0]!);
      const bounded = counters
        .filter(({ first }) => first !== undefined && dependsOnShapesOnly(first, onnx))
        .map((counter) => ({ ...counter, step: stepOf(counter, onnx) }));
      isBounded = mostRounds(goesOn, bounded, onnx) <= MOST_ROUNDS;
      exactly = roundsOf(goesOn, bounded, onnx);
      results = rounds.map((round) => (round.kind === "done" ? (round.next ?? round.gathered)! : goesOn));
      const carried = results.filter((_, i) => starts[i]!.input !== undefined);
      const gathered = results.filter((_, i) => starts[i]!.input === undefined);
      return [goesOn, ...carried, ...gathered];
    });
    return isRight ? { subgraph, results, isBounded, rounds: exactly } : undefined;
  }

  better(): readonly LoopVariable[] {
    return this.#better.map((make) => make());
  }

  #with(values: readonly Value[]): readonly (Value | undefined)[] {
    const all = [...this.#outer];
    for (const [i, position] of this.#positions.entries()) all[position] = values[i];
    return all;
  }
}

function firstOf(variable: LoopVariable): Value | undefined {
  return variable.kind === "tensor" ? variable.first : undefined;
}

function addLoop(
  variables: readonly LoopVariable[],
  positions: readonly number[],
  inputs: readonly (Value | undefined)[],
  goesOn: Value,
  { subgraph, results, isBounded, rounds: exactly }: Body,
  mark: number,
  onnx: OnnxBuilder,
): readonly (Value | undefined)[] {
  const isOuter = (dim: Dim): boolean => isNumber(dim) || onnx.isOlder(dim, mark);
  const rounds = exactly !== undefined && isOuter(exactly) ? exactly : onnx.fresh();
  const carried = variables.flatMap((variable) => (variable.kind === "appended" ? [] : [variable]));
  const gathered = results.filter((_, i) => variables[i]!.kind === "appended");
  const outputs: Inferred[] = [
    ...carried.map(({ first, shape }) => ({
      dtype: first.dtype,
      shape: shape?.map((dim) => dim ?? onnx.fresh()),
    })),
    ...gathered.map(({ dtype, shape }) => ({
      dtype,
      shape: shape && [rounds, ...shape.map((dim) => (isOuter(dim) ? dim : onnx.fresh()))],
    })),
  ];
  const first = carried.map((variable) => variable.first);
  const values = onnx.flow("Loop", [undefined, goesOn, ...first], { body: { graph: subgraph } }, outputs);
  const [last, lists] = [values.slice(0, carried.length), values.slice(carried.length)];
  const after = [...inputs];
  for (const [i, variable] of variables.entries()) {
    const isUniform = results[i]!.shape?.every(isOuter) ?? false;
    const value = (variable.kind === "appended" ? lists : last).shift()!;
    if (isBounded && keepsShape(variable, isUniform, onnx)) onnx.markSteady(value);
    after[positions[i]!] = afterRounds(variable, value, isUniform, onnx);
  }
  return after;
}

/** Whether the shape of what a loop of a known number of rounds gives follows from shapes. */
function keepsShape(variable: LoopVariable, isUniform: boolean, onnx: OnnxBuilder): boolean {
  if (variable.kind === "appended") return isUniform;
  return (variable.shape?.every((dim) => dim !== undefined) ?? false) && hasSteadyShape(variable.first, onnx);
}
