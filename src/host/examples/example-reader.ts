import { internal, invalidArgument } from "../../status/status.ts";
import { type Column, newColumn } from "./column.ts";
import { type ExampleErrors, singleErrors, vectorErrors } from "./example-errors.ts";
import { type DenseFeature, type Feature, type PaddedFeature, typeOfTag } from "./feature.ts";
import { FeatureIndex } from "./feature-index.ts";
import { WireReader } from "./wire-reader.ts";

/** Example.features, and each entry of Features.feature; in an entry the key, then the value. */
const FIRST = 0x0a;
const SECOND = 0x12;

const text = new TextDecoder();

/** The values of one feature: a column, and how much of it each Example filled. */
export interface Gathered {
  readonly feature: Feature;
  readonly column: Column;
  /** The number of values in the column after each Example; not kept of dense features. */
  readonly ends: Int32Array;
}

/** What an op wants of Examples, made once for all runs. */
export class WantedFeatures {
  readonly features: readonly Feature[];
  readonly index: FeatureIndex;

  /** @throws StatusError INTERNAL if a feature is wanted twice. */
  constructor(features: readonly Feature[]) {
    if (new Set(features.map(({ key }) => Buffer.from(key).toString("latin1"))).size < features.length) {
      throw internal("Could not avoid collision. This should not happen.");
    }
    this.features = features;
    this.index = new FeatureIndex(features.map(({ key }) => key));
  }
}

/**
 * Reads serialized tf.Examples one after the other, by the rules of TensorFlow's own parser: unknown fields of an Example
 * are stepped over, concatenated Examples are one, and of a feature that comes twice the last one counts.
 */
export class ExampleReader {
  readonly gathered: readonly Gathered[];
  readonly #wanted: WantedFeatures;
  readonly #isAlone: boolean;
  readonly #errors: ExampleErrors;
  readonly #reader = new WireReader();
  /** The last Example in which each feature was found. */
  readonly #seen: Int32Array;
  // The wanted features of the Example at hand, as they come: positions among the wanted, and where their bytes lie.
  readonly #positions: number[] = [];
  readonly #starts: number[] = [];
  readonly #stops: number[] = [];
  #found = 0;
  /** The position of each feature of the last Example, in the order in which they came: the next one's as a rule. */
  readonly #order: number[] = [];
  #entry = 0;

  /**
   * @param batch the number of Examples.
   * @param names of the Examples of a vector, perhaps none; or "alone" for one Example that isn't in a vector.
   */
  constructor(wanted: WantedFeatures, batch: number, names: readonly Uint8Array[] | "alone") {
    this.#wanted = wanted;
    this.#isAlone = names === "alone";
    this.#errors = names === "alone" ? singleErrors : vectorErrors(names);
    this.#seen = new Int32Array(wanted.features.length).fill(-1);
    // Where every Example has as many values nobody looks where they end.
    const unread = new Int32Array(batch);
    this.gathered = wanted.features.map((feature) => ({
      feature,
      column: newColumn(feature.type, feature.kind === "dense" ? batch * feature.elements : batch),
      ends: feature.kind === "dense" ? unread : new Int32Array(batch),
    }));
  }

  /**
   * Adds the values of the next Example.
   * @throws StatusError INVALID_ARGUMENT in TensorFlow's words.
   */
  read(bytes: Uint8Array, example: number): void {
    this.#reader.open(bytes);
    this.#found = 0;
    this.#entry = 0;
    if (!this.#scan()) throw invalidArgument(`Could not parse example input, value: '${text.decode(bytes)}'`);
    for (let i = this.#found - 1; i >= 0; i--) this.#readFeature(example, i);
    this.#addMissing(example);
  }

  #scan(): boolean {
    const reader = this.#reader;
    while (!reader.isAtEnd) {
      if (!reader.skipTag(FIRST)) {
        if (!reader.skipField()) return false;
        continue;
      }
      const outer = reader.enter();
      if (outer < 0) return false;
      while (!reader.isAtEnd) if (!reader.skipTag(FIRST) || !this.#scanEntry()) return false;
      reader.leave(outer);
    }
    return true;
  }

  /** One entry of the map from names to features: its two fields may come in any order. */
  #scanEntry(): boolean {
    const reader = this.#reader;
    const outer = reader.enter();
    if (outer < 0) return false;
    let keyStart = 0;
    let keyStop = 0;
    let start = 0;
    let stop = 0;
    for (let field = 0; field < 2; field++) {
      const tag = reader.varint();
      const size = tag === FIRST || tag === SECOND ? reader.skipBytes() : -1;
      if (size < 0) return false;
      if (tag === FIRST) {
        keyStart = reader.at - size;
        keyStop = reader.at;
      } else {
        start = reader.at - size;
        stop = reader.at;
      }
    }
    if (!reader.isAtEnd) return false;
    reader.leave(outer);
    const entry = this.#entry++;
    const position = this.#wanted.index.find(reader.bytes, keyStart, keyStop, this.#order[entry]);
    this.#order[entry] = position;
    if (position < 0) return true;
    this.#positions[this.#found] = position;
    this.#starts[this.#found] = start;
    this.#stops[this.#found++] = stop;
    return true;
  }

  #readFeature(example: number, i: number): void {
    const position = this.#positions[i]!;
    const { feature, column, ends } = this.gathered[position]!;
    const reader = this.#reader;
    reader.at = this.#starts[i]!;
    reader.end = this.#stops[i]!;
    const isEmpty = reader.isAtEnd;
    const type = isEmpty ? undefined : typeOfTag(reader.bytes[reader.at++]!);
    if (!isEmpty && type === undefined) throw invalidArgument("Unsupported datatype.");
    const isDense = feature.kind === "dense" || feature.kind === "padded";
    // A feature without a list is no feature, but in a vector an empty one where any number of values will do.
    if (isEmpty && (isDense || this.#isAlone)) return;
    if (this.#seen[position] === example) return;
    this.#seen[position] = example;
    if (type !== undefined) {
      if (type !== feature.type) throw this.#errors.mismatch(feature, type, example);
      const before = column.length;
      if (!column.read(reader)) throw this.#errors.malformed(feature, example);
      if (isDense) this.#checkCount(feature, column.length - before, example);
    }
    ends[example] = column.length;
  }

  #checkCount(feature: DenseFeature | PaddedFeature, count: number, example: number): void {
    const isFixed = feature.kind === "dense";
    if (isFixed ? count === feature.elements : count % feature.elements === 0) return;
    // TensorFlow's parser stops at the first string too many.
    const isStopped = isFixed && feature.type === "string" && count > feature.elements;
    throw isStopped
      ? this.#errors.malformed(feature, example)
      : this.#errors.wrongCount(feature, count, example);
  }

  #addMissing(example: number): void {
    for (let position = 0; position < this.gathered.length; position++) {
      if (this.#seen[position] === example) continue;
      const { feature, column, ends } = this.gathered[position]!;
      if (feature.kind === "dense") {
        if (feature.defaultValue.data.length === 0) throw this.#errors.missing(feature, example);
        column.append(feature.defaultValue);
      }
      ends[example] = column.length;
    }
  }
}
