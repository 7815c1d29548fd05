import type { SignatureTensor } from "../../../lifecycle/servable.ts";
import { MAX_RANK } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { type ListSink, listScanner, type Nesting } from "./list-scanner.ts";
import { afterSpace, type Collector, type Cursor } from "./scan-numeric.ts";
import { collectorFor } from "./scan-values.ts";

/** With less text than this, or elements, the start of the list scanner is not worth it. */
const LEAST_BYTES = 4096;
const LEAST_ELEMENTS = 512;

/** One input, read from nested lists of one shape: once as a whole, or once for each instance. */
export class TensorScan {
  readonly #collector: Collector;
  /** How many elements the model declares, with a batch of one. */
  readonly #declared: number;
  readonly #nesting: Nesting = { shape: [], lengths: [], rank: -1, depth: 0 };

  private constructor(collector: Collector, declared: number) {
    this.#collector = collector;
    this.#declared = declared;
  }

  /** @returns undefined for the types that JSON can't give. `bytes`: how much text there is. `maxStrings`: most to take. */
  static of(spec: SignatureTensor, bytes: number, maxStrings: number): TensorScan | undefined {
    const declared = (spec.shape ?? []).reduce((count, dim) => count * Math.max(1, dim), 1);
    // Whatever the model declares: an element takes two bytes of text at least.
    const collector = collectorFor(spec.dtype, Math.min(declared, Math.ceil(bytes / 2)), maxStrings);
    return collector && new TensorScan(collector, declared);
  }

  /**
   * Reads the value at the cursor; false if it is not plainly a tensor of this type, or not of the same shape.
   * @param alone whether it is all that the body has of this input.
   */
  scan(cursor: Cursor, alone: boolean): boolean {
    const { bytes } = cursor;
    const nesting = this.#nesting;
    const { lengths } = nesting;
    nesting.depth = 0;
    if (this.#isLarge(cursor, alone)) {
      const outcome = listScanner()?.scan(cursor, nesting, this.#collector as unknown as ListSink) ?? "left";
      if (outcome !== "left") return outcome === "complete";
    }
    let { depth } = nesting;
    for (;;) {
      if (bytes[cursor.pos] === 0x5b) {
        if (depth === (nesting.rank < 0 ? MAX_RANK : nesting.rank)) return false;
        lengths[depth++] = 0;
        cursor.pos = afterSpace(bytes, cursor.pos + 1);
        continue;
      }
      if (nesting.rank < 0) nesting.rank = depth;
      else if (depth !== nesting.rank) return false;
      const before = this.#collector.count;
      if (!this.#collector.scan(cursor, depth > 0)) return false;
      if (depth === 0) return true;
      lengths[depth - 1]! += this.#collector.count - before;
      depth = this.#close(cursor, depth);
      if (depth <= 0) return depth === 0;
    }
  }

  #isLarge({ bytes, pos }: Cursor, alone: boolean): boolean {
    return (
      bytes.length - pos >= LEAST_BYTES &&
      (alone || this.#declared >= LEAST_ELEMENTS) &&
      this.#collector.listKind !== undefined &&
      bytes[pos] === 0x5b
    );
  }

  /** Passes the brackets that end here, and a comma; gives the depth that is left, or -1 for anything else. */
  #close(cursor: Cursor, from: number): number {
    const { bytes } = cursor;
    const { shape, lengths } = this.#nesting;
    let depth = from;
    for (;;) {
      cursor.pos = afterSpace(bytes, cursor.pos);
      const c = bytes[cursor.pos++];
      if (c === 0x2c) {
        cursor.pos = afterSpace(bytes, cursor.pos);
        return depth;
      }
      if (c !== 0x5d) return -1;
      depth--;
      const length = lengths[depth]!;
      if (shape[depth] === undefined) shape[depth] = length;
      else if (shape[depth] !== length) return -1;
      if (depth === 0) return 0;
      lengths[depth - 1]!++;
    }
  }

  /** All that was read; `batch` is the number of instances, where they were read one by one. */
  tensor(batch?: number): Tensor {
    const { shape } = this.#nesting;
    return this.#collector.tensor(batch === undefined ? shape : [batch, ...shape]);
  }
}
