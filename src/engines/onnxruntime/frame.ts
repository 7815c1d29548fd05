import { MAX_RANK } from "../../tensor/shape.ts";

/**
 * Outputs up to this many bytes per run are copied out of native memory: a copy of 16 KiB takes 0.6 us, a view of
 * native memory 1.4 us.
 */
const COPY_BYTES = 16 << 10;

/**
 * What one run writes its arguments into and reads its results from. Each run under way has one to itself; between
 * runs a {@link FramePool} keeps it, so that a run allocates next to nothing.
 */
export interface Frame {
  /** `OrtValue *` of the inputs. */
  readonly inputs: BigUint64Array;
  /** `const char *` of the outputs asked for. */
  readonly names: BigUint64Array;
  /** `OrtValue *` of the outputs asked for, null before the run. */
  readonly outputs: BigUint64Array;
  /** int64 dimensions as pairs of low and high halves: writing numbers there makes no BigInt. */
  readonly dims: Uint32Array;
  /** An address, or a count. */
  readonly pointer: BigUint64Array;
  readonly count: BigUint64Array;
  readonly type: Int32Array;
  /** Holds the copied outputs. */
  readonly copies: Uint8Array<ArrayBuffer>;
  /** The inputs' memory, which ONNX Runtime reads during the run: held here so that it isn't collected. */
  held: unknown;
}

function createFrame(inputs: number, outputs: number): Frame {
  return {
    inputs: new BigUint64Array(inputs),
    names: new BigUint64Array(outputs),
    outputs: new BigUint64Array(outputs),
    dims: new Uint32Array(2 * MAX_RANK),
    pointer: new BigUint64Array(1),
    count: new BigUint64Array(1),
    type: new Int32Array(1),
    copies: new Uint8Array(COPY_BYTES),
    held: undefined,
  };
}

/** The frames of one session in one thread. */
export class FramePool {
  readonly #free: Frame[] = [];
  readonly #inputs: number;
  readonly #outputs: number;

  constructor(inputs: number, outputs: number) {
    this.#inputs = inputs;
    this.#outputs = outputs;
  }

  take(): Frame {
    return this.#free.pop() ?? createFrame(this.#inputs, this.#outputs);
  }

  give(frame: Frame): void {
    this.#free.push(frame);
  }
}
