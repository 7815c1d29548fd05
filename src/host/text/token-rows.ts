import type { Tensor } from "../../tensor/tensor.ts";

/** A part of a string, and where it begins and ends there, in bytes. */
export interface Token {
  readonly bytes: Uint8Array;
  readonly begin: number;
  readonly end: number;
}

/** The tokens of each of some strings, as tokenizers give them. */
export interface TokenRows {
  readonly tokens: Tensor;
  /** Where each row begins, and at the end how many tokens there are. */
  readonly splits: Tensor;
  readonly lengths: Tensor;
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

export function tokenRows(rows: readonly (readonly Token[])[]): TokenRows {
  const tokens = rows.flat();
  const lengths = rows.map((row) => row.length);
  let total = 0;
  const splits = [0, ...lengths.map((length) => (total += length))];
  return {
    tokens: { dtype: "string", shape: [tokens.length], data: tokens.map(({ bytes }) => bytes) },
    splits: int64Vector(splits),
    lengths: int64Vector(lengths),
    begins: tokens.map(({ begin }) => begin),
    ends: tokens.map(({ end }) => end),
  };
}

export function int64Vector(numbers: readonly number[]): Tensor {
  return { dtype: "int64", shape: [numbers.length], data: BigInt64Array.from(numbers, BigInt) };
}

export function int32Vector(numbers: readonly number[]): Tensor {
  return { dtype: "int32", shape: [numbers.length], data: Int32Array.from(numbers) };
}
