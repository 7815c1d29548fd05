import { type Activated, activationOf, sameActivation } from "./activation.ts";
import type { Block } from "./block.ts";
import { type Expression, type Expressions, widthOf } from "./expression.ts";
import { type Bias, type Gate, gateOf, recurrentPart, termsOf } from "./gate.ts";
import type { Activation } from "./nodes.ts";

/** The weights of one gate. */
export interface GateWeights {
  /** [features, units] */
  readonly input: Block;
  /** [units, units] */
  readonly recurrent: Block;
  readonly bias: Bias;
  /** Added to the state's part before a reset gate multiplies it. */
  readonly recurrentBias?: Bias;
}

/** A step of a recurrent layer, as ONNX's ops define it. */
export interface Cell {
  readonly op: "LSTM" | "GRU" | "RNN";
  readonly units: number;
  /** In ONNX's order: input, output, forget, cell; update, reset, hidden; one. */
  readonly gates: readonly GateWeights[];
  /** In ONNX's order, one for each role. */
  readonly activations: readonly Activation[];
  /** LSTM: weights of the cell state in the input, output and forget gates. */
  readonly peepholes: readonly Block[] | undefined;
  /** GRU: the reset gate multiplies the state after it was multiplied with its weights. */
  readonly resetAfter: boolean;
}

/** What a round starts from. */
export interface CellInputs {
  readonly x: Expression;
  readonly h: Expression;
  /** The second state, if there is one. */
  readonly c: Expression | undefined;
}

/** What a round makes of its states. */
export interface CellResults {
  readonly h: Expression;
  readonly c: Expression | undefined;
}

/** The recurrent layer that computes `next`, or undefined if none does. */
export function cellOf(make: Expressions, given: CellInputs, next: CellResults): Cell | undefined {
  if (given.c !== undefined && next.c !== undefined) {
    return lstmOf(make, { x: given.x, h: given.h, c: given.c }, { h: next.h, c: next.c });
  }
  return gruOf(make, given, next.h) ?? simpleOf(make, given, next.h);
}

function simpleOf(make: Expressions, { x, h }: CellInputs, next: Expression): Cell | undefined {
  const activated = activationOf(make, next);
  const units = activated && widthOf(activated.of);
  const gate = units === undefined ? undefined : plainGate(gateOf(activated!.of, x, h, units));
  if (gate === undefined) return undefined;
  const activations = [activated!.activation];
  return { op: "RNN", units: units!, gates: [gate], activations, peepholes: undefined, resetAfter: false };
}

/** c' = f c + i g, h' = o act(c') */
function lstmOf(
  make: Expressions,
  { x, h, c }: { readonly x: Expression; readonly h: Expression; readonly c: Expression },
  next: { readonly h: Expression; readonly c: Expression },
): Cell | undefined {
  const { terms, number } = termsOf(next.c);
  if (terms.length !== 2 || number !== 0) return undefined;
  for (const [kept, added] of orders(terms as readonly [Expression, Expression])) {
    for (const [state, forget] of factors(kept)) {
      if (state !== c) continue;
      for (const [i, g] of factors(added)) {
        for (const [output, o] of factors(next.h)) {
          const shown =
            output === next.c ? { name: "Affine", alpha: 1, beta: 0 } : shownBy(make, output, next.c);
          const parts = [i, o, forget, g].map((part) => activationOf(make, part));
          if (shown === undefined || !parts.every((part) => part !== undefined)) continue;
          const found = lstmFrom({ x, h, c, next: next.c }, parts, shown);
          if (found !== undefined) return found;
        }
      }
    }
  }
  return undefined;
}

/** The activation that turns the cell state into what is shown of it. */
function shownBy(make: Expressions, output: Expression, state: Expression): Activation | undefined {
  const activated =
    output.kind === "function" || output.kind === "scaled" ? activationOf(make, output) : undefined;
  return activated?.of === state ? activated.activation : undefined;
}

function lstmFrom(
  given: {
    readonly x: Expression;
    readonly h: Expression;
    readonly c: Expression;
    readonly next: Expression;
  },
  parts: readonly Activated[],
  shown: Activation,
): Cell | undefined {
  const [i, o, f, g] = parts as [Activated, Activated, Activated, Activated];
  if (!sameActivation(i.activation, f.activation) || !sameActivation(o.activation, f.activation))
    return undefined;
  const units = widthOf(g.of);
  if (units === undefined) return undefined;
  const gates = parts.map(({ of }) => gateOf(of, given.x, given.h, units));
  // The output gate looks at the new cell state, the others at the old one, the cell at none.
  const seen = [given.c, given.next, given.c, undefined];
  if (!gates.every((gate, k) => gate?.peephole === undefined || gate.peephole.of === seen[k]))
    return undefined;
  const peepholes = gates.slice(0, 3).map((gate) => gate?.peephole?.weights);
  const some = peepholes.some((weights) => weights !== undefined);
  if (some && !peepholes.every((weights) => weights !== undefined)) return undefined;
  const weights = gates.map((gate) => gate && plainGate({ ...gate, peephole: undefined }));
  if (!weights.every((gate) => gate !== undefined)) return undefined;
  return {
    op: "LSTM",
    units,
    gates: weights,
    activations: [f.activation, g.activation, shown],
    peepholes: some ? (peepholes as readonly Block[]) : undefined,
    resetAfter: false,
  };
}

/** h' = z h + (1 - z) act(candidate) */
function gruOf(make: Expressions, { x, h }: CellInputs, next: Expression): Cell | undefined {
  const { terms, number } = termsOf(next);
  if (terms.length !== 2 || number !== 0) return undefined;
  for (const [kept, added] of orders(terms as readonly [Expression, Expression])) {
    for (const [state, update] of factors(kept)) {
      if (state !== h) continue;
      for (const [share, hidden] of factors(added)) {
        if (share !== make.complement(update)) continue;
        const [z, candidate] = [activationOf(make, update), activationOf(make, hidden)];
        const found = z && candidate && gruFrom(make, { x, h }, z, candidate);
        if (found !== undefined) return found;
      }
    }
  }
  return undefined;
}

function gruFrom(
  make: Expressions,
  { x, h }: { readonly x: Expression; readonly h: Expression },
  update: Activated,
  hidden: Activated,
): Cell | undefined {
  const units = widthOf(update.of);
  const z = units === undefined ? undefined : plainGate(gateOf(update.of, x, h, units));
  if (units === undefined || z === undefined) return undefined;
  for (const { reset, gate, resetAfter } of candidates(make, { x, h }, hidden.of, units)) {
    const r = plainGate(gateOf(reset.of, x, h, units));
    if (r === undefined || !sameActivation(reset.activation, update.activation)) continue;
    const activations = [update.activation, hidden.activation];
    return { op: "GRU", units, gates: [z, r, gate], activations, peepholes: undefined, resetAfter };
  }
  return undefined;
}

interface Candidate {
  readonly reset: Activated;
  readonly gate: GateWeights;
  readonly resetAfter: boolean;
}

/** Both places where a GRU's reset gate may be. */
function* candidates(
  make: Expressions,
  { x, h }: { readonly x: Expression; readonly h: Expression },
  sum: Expression,
  units: number,
): Generator<Candidate> {
  const after = gateOf(sum, x, h, units);
  const [multiplied] = after?.rest ?? [];
  if (after?.rest.length === 1 && after.recurrent === undefined && after.peephole === undefined) {
    for (const [gated, state] of factors(multiplied!)) {
      const reset = activationOf(make, gated);
      const inner = recurrentPart(state, h, units);
      if (reset === undefined || inner === undefined) continue;
      const { recurrent, bias: recurrentBias } = inner;
      yield {
        reset,
        gate: { input: after.input, recurrent, bias: after.bias, recurrentBias },
        resetAfter: true,
      };
    }
  }
  for (const term of termsOf(sum).terms) {
    if (term.kind !== "product") continue;
    const operands = term.of.kind === "concat" ? term.of.parts : [term.of];
    for (const operand of operands) {
      for (const [gated, state] of factors(operand)) {
        const reset = state === h ? activationOf(make, gated) : undefined;
        const gate = reset && plainGate(gateOf(sum, x, operand, units));
        if (gate !== undefined) yield { reset: reset!, gate, resetAfter: false };
      }
    }
  }
}

/** A gate without terms that only some cells have. */
function plainGate(gate: Gate | undefined): GateWeights | undefined {
  if (gate?.recurrent === undefined || gate.rest.length > 0 || gate.peephole !== undefined) return undefined;
  const { input, recurrent, bias } = gate;
  return { input, recurrent, bias };
}

function orders<T>([a, b]: readonly [T, T]): readonly (readonly [T, T])[] {
  return [
    [a, b],
    [b, a],
  ];
}

function factors(of: Expression): readonly (readonly [Expression, Expression])[] {
  return of.kind === "times" ? orders(of.factors) : [];
}
