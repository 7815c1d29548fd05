/**
 * A convolution's filter as TensorFlow has it, [positions..., in, out], with each output channel multiplied by a factor: what
 * a convolution and the normalization after it come to.
 */
export interface FilterFolding {
  /** How many positions the window has. */
  readonly positions: number;
  readonly inputs: number;
  /** One per output channel. */
  readonly factors: Float64Array;
}

/** Elements that are worked on together, so that both sides stay in the processor's cache. */
const BLOCK = 64;

/**
 * Multiplies in double precision and rounds once.
 * @param filter [positions..., in, out], row-major.
 * @param target what ONNX takes: [out, in, positions...].
 */
export function foldFilter(
  { positions, inputs, factors }: FilterFolding,
  filter: Float32Array,
  target: Float32Array,
): void {
  const outputs = factors.length;
  for (let firstOut = 0; firstOut < outputs; firstOut += BLOCK) {
    const endOut = Math.min(firstOut + BLOCK, outputs);
    for (let firstIn = 0; firstIn < inputs; firstIn += BLOCK) {
      const endIn = Math.min(firstIn + BLOCK, inputs);
      for (let position = 0; position < positions; position++) {
        for (let out = firstOut; out < endOut; out++) {
          const factor = factors[out]!;
          let from = (position * inputs + firstIn) * outputs + out;
          let to = (out * inputs + firstIn) * positions + position;
          for (let i = firstIn; i < endIn; i++) {
            target[to] = filter[from]! * factor;
            from += outputs;
            to += positions;
          }
        }
      }
    }
  }
}

/** Memory for a filter, which the reads of one session's weights use one after the other, and the next collection frees. */
let scratch: WeakRef<Float32Array> | undefined;

function scratchOf(length: number): Float32Array {
  const known = scratch?.deref();
  if (known !== undefined && known.length >= length) return known.subarray(0, length);
  const memory = new Float32Array(length);
  scratch = new WeakRef(memory);
  return memory;
}

/** Gives what reads the folded filter, from what reads the filter. */
export function foldedReader(
  folding: FilterFolding,
  read: (target: Uint8Array) => void,
): (target: Uint8Array) => void {
  const length = folding.positions * folding.inputs * folding.factors.length;
  return (target) => {
    const filter = scratchOf(length);
    read(new Uint8Array(filter.buffer, 0, filter.byteLength));
    const isAligned = target.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0;
    const folded = isAligned
      ? new Float32Array(target.buffer, target.byteOffset, length)
      : new Float32Array(length);
    foldFilter(folding, filter, folded);
    if (!isAligned) target.set(new Uint8Array(folded.buffer));
  };
}
