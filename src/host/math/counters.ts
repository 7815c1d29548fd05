import type { Tensor } from "../../tensor/tensor.ts";
import type { HostFamily } from "../host-op.ts";

/** Arithmetic on a few int32 and bool scalars, as one op: what a loop in TypeScript counts and compares. */
export interface CounterFormula {
  /** Slots begin with the op's inputs, then these. Booleans are 0 and 1. */
  readonly constants: readonly number[];
  /** Each gives the next slot. */
  readonly steps: readonly { readonly op: string; readonly inputs: readonly number[] }[];
  readonly outputs: readonly { readonly slot: number; readonly dtype: "int32" | "bool" }[];
}

type Compute = (a: number, b: number) => number;

const OPS: Readonly<Record<string, Compute>> = {
  Identity: (a) => a,
  // Wraps around, as int32 does.
  Add: (a, b) => (a + b) | 0,
  AddV2: (a, b) => (a + b) | 0,
  Sub: (a, b) => (a - b) | 0,
  Mul: Math.imul,
  Maximum: Math.max,
  Minimum: Math.min,
  Less: (a, b) => Number(a < b),
  LessEqual: (a, b) => Number(a <= b),
  Greater: (a, b) => Number(a > b),
  GreaterEqual: (a, b) => Number(a >= b),
  Equal: (a, b) => Number(a === b),
  NotEqual: (a, b) => Number(a !== b),
  LogicalAnd: (a, b) => a & b,
  LogicalOr: (a, b) => a | b,
  LogicalNot: (a) => 1 - a,
};

/** Whether a formula can have the TensorFlow op. */
export function isCounterOp(op: string): boolean {
  return Object.hasOwn(OPS, op);
}

export const counters: HostFamily = {
  Counters: {
    shapes: (attrs) => formulaOf(attrs.string("formula")).outputs.map(() => []),
    compile: (attrs) => {
      const { constants, steps, outputs } = formulaOf(attrs.string("formula"));
      const computes = steps.map(({ op }) => OPS[op]!);
      return (inputs) => {
        const slots = inputs.map(({ data }) => Number(data[0]));
        slots.push(...constants);
        for (const [i, { inputs: from }] of steps.entries()) {
          slots.push(computes[i]!(slots[from[0]!]!, slots[from[1] ?? from[0]!]!));
        }
        return outputs.map(({ slot, dtype }) => scalar(dtype, slots[slot]!));
      };
    },
  },
};

function formulaOf(text: string): CounterFormula {
  return JSON.parse(text) as CounterFormula;
}

function scalar(dtype: "int32" | "bool", value: number): Tensor {
  return dtype === "int32"
    ? { dtype, shape: [], data: Int32Array.of(value) }
    : { dtype, shape: [], data: Uint8Array.of(value) };
}
