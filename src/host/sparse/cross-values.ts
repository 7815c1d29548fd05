import type { Tensor } from "../../tensor/tensor.ts";
import { FarmHash } from "../strings/hashing/farmhash.ts";
import { Word64 } from "../strings/hashing/word64.ts";
import type { Column, Crosses } from "./crosses.ts";
import { concatenate } from "./fingerprint-cat.ts";

const MOST_BUCKETS = 2n ** 63n - 1n;

/** What hashes a column's features: their 64 bits, least significant first. */
export type ColumnHash = (column: Column) => Int32Array;

/** The words of each hash: low, then high. */
export function hashAll(data: readonly Uint8Array[], hash: { hash(bytes: Uint8Array): Word64 }): Int32Array {
  const words = new Int32Array(2 * data.length);
  for (let i = 0; i < data.length; i++) {
    const { lo, hi } = hash.hash(data[i]!);
    words[2 * i] = lo;
    words[2 * i + 1] = hi;
  }
  return words;
}

export function wordsOf(values: Tensor): Int32Array {
  const { buffer, byteOffset, length } = values.data as BigInt64Array;
  return new Int32Array(buffer, byteOffset, 2 * length);
}

const farm = new FarmHash();

/** Farmhash's of strings; numbers are their own. */
export const fingerprints: ColumnHash = ({ values }) =>
  values.dtype === "string" ? hashAll(values.data, farm) : wordsOf(values);

/**
 * The fingerprints of all crosses, by the number of buckets; 0 stands for the most there are.
 * @param seed what the features' fingerprints are mixed into; none for the first feature's.
 */
export function hashed(
  columns: readonly Column[],
  { count, places }: Crosses,
  hashOf: ColumnHash,
  buckets: bigint,
  seed: bigint | undefined,
): Tensor {
  const words = columns.map(hashOf);
  const divisor = buckets > 0n ? buckets : MOST_BUCKETS;
  const start = Word64.of(seed ?? 0n);
  const print = new Word64();
  const feature = new Word64();
  const out = new BigInt64Array(count);
  for (let cross = 0, at = 0; cross < count; cross++) {
    print.set(start);
    for (let column = 0; column < words.length; column++, at++) {
      const from = 2 * places[at]!;
      feature.lo = words[column]![from]!;
      feature.hi = words[column]![from + 1]!;
      if (column === 0 && seed === undefined) print.set(feature);
      else concatenate(print, feature);
    }
    out[cross] = print.modulo(divisor);
  }
  return { dtype: "int64", shape: [count], data: out };
}

const encoder = new TextEncoder();

/** What stands between the features that are joined, unless the op is told. */
export const SEPARATOR = encoder.encode("_X_");

function bytesOfFeatures({ values }: Column): readonly Uint8Array[] {
  if (values.dtype === "string") return values.data;
  return Array.from(values.data as BigInt64Array, (number) => encoder.encode(String(number)));
}

/** The features of each cross in one string. */
export function joined(
  columns: readonly Column[],
  { count, places }: Crosses,
  separator: Uint8Array,
): Tensor {
  const features = columns.map(bytesOfFeatures);
  const gaps = (columns.length - 1) * separator.length;
  const data = new Array<Uint8Array>(count);
  for (let cross = 0; cross < count; cross++) {
    const first = cross * columns.length;
    let length = gaps;
    for (let column = 0; column < features.length; column++)
      length += features[column]![places[first + column]!]!.length;
    const bytes = new Uint8Array(length);
    let to = 0;
    for (let column = 0; column < features.length; column++) {
      if (column > 0) {
        bytes.set(separator, to);
        to += separator.length;
      }
      const feature = features[column]![places[first + column]!]!;
      bytes.set(feature, to);
      to += feature.length;
    }
    data[cross] = bytes;
  }
  return { dtype: "string", shape: [count], data };
}
