import type { Ref } from "../graph.ts";
import { type Cell, cellOf } from "./cell.ts";
import { constantInt, holdsZeros, isZeros, type Scope } from "./constants.ts";
import type { Expression } from "./expression.ts";
import { reservedList } from "./lists.ts";
import type { Bound, StateVariable, TimeLoop, WrittenList } from "./loop.ts";
import { isBound, type Masking, maskingOf, withoutEarlyEnd } from "./masking.ts";
import type { MaskedOutput } from "./nodes.ts";

/** What the rounds write. */
export interface LayerOutput {
  readonly list: WrittenList;
  readonly masked: MaskedOutput;
  /** What is shown before the first step that counts, if outputs are repeated. */
  readonly before: Ref | undefined;
}

/** A loop over time that is a recurrent layer. */
export interface RecurrentLayer {
  readonly cell: Cell;
  /** [time, batch, features] */
  readonly x: Ref;
  readonly bounds: readonly Bound[];
  readonly masking: Masking | undefined;
  readonly h: StateVariable;
  readonly c: StateVariable | undefined;
  readonly output: LayerOutput | undefined;
}

interface Roles {
  readonly h: StateVariable;
  readonly c: StateVariable | undefined;
  /** What holds the output before, if a variable does. */
  readonly before: StateVariable | undefined;
}

/** The recurrent layer that a loop is, or undefined if its rounds aren't the steps of one. */
export function recurrentLayerOf(scope: Scope, loop: TimeLoop): RecurrentLayer | undefined {
  const [list] = loop.written;
  if (loop.written.length > 1) return undefined;
  // Keras keeps the output before in a variable, whether or not anything reads it.
  const copies = loop.states.filter((state) => state.next === list?.value);
  for (const previous of [undefined, ...copies]) {
    for (const [h, c] of assignments(loop.states.filter((state) => state !== previous))) {
      const layer = layerOf(scope, loop, { h, c, before: previous });
      if (layer !== undefined) return layer;
    }
  }
  return undefined;
}

function isChoiceOver(value: Expression, argument: number): boolean {
  return value.kind === "choice" && value.no.kind === "state" && value.no.argument === argument;
}

function assignments(
  states: readonly StateVariable[],
): readonly (readonly [StateVariable, StateVariable | undefined])[] {
  const [a, b] = states;
  if (a === undefined || states.length > 2) return [];
  if (b === undefined) return [[a, undefined]];
  return [
    [a, b],
    [b, a],
  ];
}

function layerOf(scope: Scope, loop: TimeLoop, roles: Roles): RecurrentLayer | undefined {
  const { make } = loop;
  const { h, c } = roles;
  const [ownH, ownC] = [stepOf(h), c && stepOf(c)];
  if (ownC !== undefined && ownC.live !== ownH.live) return undefined;
  const masking = ownH.live && maskingOf(loop, ownH.live);
  if (ownH.live !== undefined && masking === undefined) return undefined;
  const output = outputOf(scope, loop, roles, ownH);
  if (output === "other") return undefined;
  // A step that isn't run writes nothing, which reads as zeros.
  const ends = output === undefined || output.masked === "zeros" ? masking : undefined;
  const bounds = loop.bounds.map((bound) => withoutEarlyEnd(scope, bound, ends));
  if (output !== undefined && !isAsLong(scope, output.list, bounds)) return undefined;
  for (const [argument, { tensor, size }] of loop.inputs) {
    if (size !== undefined && !bounds.some((bound) => isBound(scope, size, bound))) return undefined;
    const given = { x: make.element(argument), h: make.state(h.argument), c: c && make.state(c.argument) };
    const cell = cellOf(make, given, { h: ownH.value, c: ownC?.value });
    if (cell !== undefined) return { cell, x: tensor, bounds, masking, h, c, output };
  }
  return undefined;
}

/** What a step that counts makes of a state, and which steps do, if not all. */
function stepOf({ argument, next }: StateVariable): {
  readonly live: Expression | undefined;
  readonly value: Expression;
} {
  if (next.kind !== "choice" || !isChoiceOver(next, argument)) return { live: undefined, value: next };
  return { live: next.live, value: next.yes };
}

function outputOf(
  scope: Scope,
  { written }: TimeLoop,
  { h, before }: Roles,
  step: { readonly live: Expression | undefined; readonly value: Expression },
): LayerOutput | undefined | "other" {
  const [list] = written;
  if (list === undefined) return undefined;
  const { value } = list;
  if (step.live === undefined) {
    return value === step.value ? { list, masked: "state", before: undefined } : "other";
  }
  if (value.kind !== "choice" || value.live !== step.live || value.yes !== step.value) return "other";
  if (isChoiceOver(value, h.argument)) return { list, masked: "state", before: undefined };
  if (before !== undefined && isChoiceOver(value, before.argument))
    return { list, masked: "repeated", before: before.initial };
  return isZero(scope, value.no) ? { list, masked: "zeros", before: undefined } : "other";
}

function isZero(scope: Scope, value: Expression): boolean {
  if (value.kind === "outer") return isZeros(scope, value.ref);
  if (value.kind === "block") return holdsZeros(value.block.source);
  return value.kind === "zeros" || (value.kind === "number" && value.value === 0);
}

/** Whether a list has room for what is written, and no more. */
function isAsLong(scope: Scope, { initial, at }: WrittenList, bounds: readonly Bound[]): boolean {
  const reserved = reservedList(scope, initial);
  if (reserved === undefined) return false;
  if (at === "first") return constantInt(scope, reserved.size) === 1;
  return bounds.some((bound) => isBound(scope, reserved.size, bound));
}
