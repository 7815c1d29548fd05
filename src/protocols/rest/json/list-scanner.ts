import { readFileSync } from "node:fs";
import { MAX_RANK } from "../../../tensor/shape.ts";
import type { Cursor, ListKind } from "./scan-numeric.ts";

/** Where a scan of nested lists stands. */
export interface Nesting {
  /** The lengths of the lists, outermost first, as the first list of each level had them. */
  readonly shape: number[];
  /** Of the lists that are open, so far. */
  readonly lengths: number[];
  /** How deep the elements are; -1 before the first one. */
  rank: number;
  /** How many lists are open. */
  depth: number;
}

type ListValues = Float32Array | Float64Array | Int32Array | BigInt64Array;

/** What takes the elements: some at a time, in views that hold them during the call only. */
export interface ListSink {
  readonly listKind: ListKind;
  append(values: ListValues): void;
}

/** See assembly/numbers.ts. */
type Scan = (from: number, end: number) => number;

/** What is used of it here; the checker's library has it only for browsers. */
declare const WebAssembly: {
  validate(code: Uint8Array): boolean;
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Global {
  value: number;
}

/** What assembly/numbers.ts exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly windowBytes: Global;
  readonly guardBytes: Global;
  readonly textAddress: Global;
  readonly valuesAddress: Global;
  readonly shapeAddress: Global;
  readonly lengthsAddress: Global;
  readonly depth: Global;
  readonly rank: Global;
  readonly count: Global;
  readonly complete: Global;
  readonly scanFloat32: Scan;
  readonly scanFloat64: Scan;
  readonly scanInt32: Scan;
  readonly scanInt64: Scan;
}

/** Twice as much each time, so that a small tensor in a large body costs little. */
const FIRST_WINDOW_BYTES = 1024;

/**
 * Reads nested lists of numbers with WebAssembly's SIMD, window by window, in memory of its own that is small enough for the
 * processor's caches: a 224x224x3 body in 2.3 ms, and by FloatCollector in 4.4.
 */
export class ListScanner {
  readonly #exports: Exports;
  readonly #text: Uint8Array;
  readonly #shape: Int32Array;
  readonly #lengths: Int32Array;
  readonly #kinds: Readonly<Record<ListKind, { readonly scan: Scan; readonly values: ListValues }>>;

  /** @param code numbers.wasm. */
  constructor(code: Uint8Array) {
    const exports = new WebAssembly.Instance(new WebAssembly.Module(code)).exports as Exports;
    const { buffer } = exports.memory;
    const window = exports.windowBytes.value;
    this.#exports = exports;
    this.#text = new Uint8Array(buffer, exports.textAddress.value, window + exports.guardBytes.value);
    this.#shape = new Int32Array(buffer, exports.shapeAddress.value, MAX_RANK);
    this.#lengths = new Int32Array(buffer, exports.lengthsAddress.value, MAX_RANK);
    const [at, most] = [exports.valuesAddress.value, window / 2 + 1];
    this.#kinds = {
      float32: { scan: exports.scanFloat32, values: new Float32Array(buffer, at, most) },
      float64: { scan: exports.scanFloat64, values: new Float64Array(buffer, at, most) },
      int32: { scan: exports.scanInt32, values: new Int32Array(buffer, at, most) },
      int64: { scan: exports.scanInt64, values: new BigInt64Array(buffer, at, most) },
    };
  }

  /**
   * Reads the tensor at the cursor, as much of it as is plainly one.
   * @param nesting before the tensor's first bracket; afterwards where the cursor stands.
   * @returns whether it was all; what is left begins with a list or an element. "wrong" is for lists that are not of one shape,
   * or are followed by what can't follow them: the cursor is then anywhere.
   */
  scan(cursor: Cursor, nesting: Nesting, sink: ListSink): "complete" | "left" | "wrong" {
    const { bytes } = cursor;
    const exports = this.#exports;
    const { scan, values } = this.#kinds[sink.listKind];
    const guard = exports.guardBytes.value;
    this.#load(nesting);
    let size = FIRST_WINDOW_BYTES;
    for (;;) {
      const window = bytes.subarray(cursor.pos, cursor.pos + size);
      const last = cursor.pos + window.length === bytes.length;
      this.#text.set(window);
      // What a number is that goes on past the window is left; it is rare that one is so long.
      this.#text.fill(0, window.length, window.length + guard);
      const end = last ? window.length : window.length - guard;
      const stopped = scan(0, end);
      sink.append(values.subarray(0, exports.count.value));
      cursor.pos += stopped;
      if (exports.complete.value !== 0) break;
      if (exports.depth.value < 0) return "wrong";
      if (last || stopped < end) break;
      size = Math.min(size * 2, exports.windowBytes.value);
    }
    this.#store(nesting);
    return exports.complete.value !== 0 ? "complete" : "left";
  }

  #load({ shape, lengths, rank, depth }: Nesting): void {
    this.#shape.fill(-1);
    // A list's length is known once one has ended: from the innermost outwards.
    shape.forEach((length, level) => {
      this.#shape[level] = length;
    });
    this.#lengths.set(lengths.slice(0, depth));
    this.#exports.rank.value = rank;
    this.#exports.depth.value = depth;
  }

  #store(nesting: Nesting): void {
    const { rank, depth } = this.#exports;
    nesting.rank = rank.value;
    nesting.depth = depth.value;
    for (let i = 0; i < nesting.rank; i++) if (this.#shape[i]! >= 0) nesting.shape[i] = this.#shape[i]!;
    for (let i = 0; i < nesting.depth; i++) nesting.lengths[i] = this.#lengths[i]!;
  }
}

/** Of this thread; null where there can be none. */
let scanner: ListScanner | null | undefined;

/** This thread's scanner; undefined on a processor without SIMD. */
export function listScanner(): ListScanner | undefined {
  if (scanner === undefined) scanner = createScanner();
  return scanner ?? undefined;
}

function createScanner(): ListScanner | null {
  const code = readFileSync(new URL("numbers.wasm", import.meta.url));
  return WebAssembly.validate(code) ? new ListScanner(code) : null;
}
