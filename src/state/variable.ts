import { failedPrecondition, invalidArgument, resourceExhausted } from "../status/status.ts";
import { type DType, dtypeInfo } from "../tensor/dtype.ts";
import { elementCount, formatShape, isCompatible, MAX_RANK, type PartialShape } from "../tensor/shape.ts";
import { bytesOf, type NumericTensor, type Tensor } from "../tensor/tensor.ts";
import { packStrings, unpackStrings } from "./packed-strings.ts";

/** A variable's value in memory that all threads share: plain data that travels by `postMessage` without a copy. */
export interface VariableMemory {
  readonly name: string;
  readonly dtype: DType;
  /** What every value's shape must be compatible with. */
  readonly shape: PartialShape;
  /** A header of float64 words, then the value's bytes. */
  readonly buffer: SharedArrayBuffer;
}

// The words of the header.
const INITIALIZED = 0;
const BYTES = 1;
const RANK = 2;
const DIMS = 3;

const HEADER_BYTES = 8 * Math.ceil((DIMS + MAX_RANK) / 8) * 8;

/** How far a value of unknown size may grow; only what is used takes memory. */
const MOST_BYTES = 2 ** 34;

/** @param initial without it the variable has no value until one is assigned. */
export function createVariable(
  name: string,
  dtype: DType,
  shape: PartialShape,
  initial?: Tensor,
): VariableMemory {
  const memory = { name, dtype, shape, buffer: allocate(dtype, shape) };
  if (initial !== undefined) new SharedVariable(memory).assign(initial);
  return memory;
}

function allocate(dtype: DType, shape: PartialShape): SharedArrayBuffer {
  const { size } = dtypeInfo(dtype);
  if (size > 0 && shape?.every((dim) => dim >= 0)) {
    return new SharedArrayBuffer(HEADER_BYTES + elementCount(shape) * size);
  }
  return new SharedArrayBuffer(HEADER_BYTES, { maxByteLength: MOST_BYTES });
}

/** One thread's view of a variable. Whoever calls holds the state's lock: shared to read, exclusively to assign. */
export class SharedVariable {
  readonly #memory: VariableMemory;
  readonly #header: Float64Array;

  constructor(memory: VariableMemory) {
    this.#memory = memory;
    this.#header = new Float64Array(memory.buffer, 0, HEADER_BYTES / 8);
  }

  get isInitialized(): boolean {
    return this.#header[INITIALIZED] === 1;
  }

  /**
   * The value. Numbers are a view of the shared memory, valid while the lock is held and nothing is assigned.
   * @throws StatusError FAILED_PRECONDITION if there is none yet.
   */
  read(): Tensor {
    const { name, dtype, buffer } = this.#memory;
    if (!this.isInitialized) throw failedPrecondition(`Attempting to use uninitialized value ${name}`);
    const shape = Array.from({ length: this.#header[RANK]! }, (_, i) => this.#header[DIMS + i]!);
    const bytes = this.#header[BYTES]!;
    if (dtype === "string") {
      const data = unpackStrings(new Uint8Array(buffer, HEADER_BYTES, bytes), elementCount(shape));
      return { dtype, shape, data };
    }
    const array = dtypeInfo(dtype).array!;
    const data = new array(buffer, HEADER_BYTES, bytes / array.BYTES_PER_ELEMENT);
    return { dtype, shape, data } as NumericTensor;
  }

  /** @throws StatusError INVALID_ARGUMENT for a value of another dtype or shape. */
  assign(value: Tensor): void {
    const { name, dtype, shape, buffer } = this.#memory;
    if (value.dtype !== dtype) {
      throw invalidArgument(`Variable ${name} expects dtype ${dtype}, got ${value.dtype}`);
    }
    if (!isCompatible(value.shape, shape)) {
      throw invalidArgument(
        `Variable ${name} expects shape ${formatShape(shape)}, got ${formatShape(value.shape)}`,
      );
    }
    const bytes = value.dtype === "string" ? packStrings(value.data) : bytesOf(value);
    this.#reserve(bytes.length);
    new Uint8Array(buffer, HEADER_BYTES, bytes.length).set(bytes);
    this.#header[BYTES] = bytes.length;
    this.#header[RANK] = value.shape.length;
    for (const [i, dim] of value.shape.entries()) this.#header[DIMS + i] = dim;
    this.#header[INITIALIZED] = 1;
  }

  #reserve(bytes: number): void {
    const { name, buffer } = this.#memory;
    const needed = HEADER_BYTES + bytes;
    if (needed <= buffer.byteLength) return;
    try {
      buffer.grow(needed);
    } catch (error) {
      throw resourceExhausted(`Variable ${name} can't grow to ${bytes} bytes: ${error}`);
    }
  }
}
