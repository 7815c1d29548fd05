import {
  asStatusError,
  dataLoss,
  invalidArgument,
  notFound,
  StatusError,
  unimplemented,
} from "../../status/status.ts";
import { joinPath, type RandomAccessFile, type Storage } from "../../storage/storage.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../../tensor/shape.ts";
import type { BundleIndex, StoredPiece, StoredTensor } from "./bundle-index.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { crc32c, maskCrc32c, maskedCrc32c } from "./crc32c.ts";
import {
  asStored,
  formatSlice,
  intersection,
  overlapRuns,
  runOffset,
  type TensorSlice,
  wholeOf,
} from "./tensor-slice.ts";

export interface BundleEntry {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * TensorFlow's checkpoint format, version 2: `PREFIX.index` and the data files `PREFIX.data-0000i-of-0000n`.
 * Nothing is read whole: tensors and bundles may be of any size.
 */
export interface TensorBundle {
  /** `PREFIX.index`, for messages. */
  readonly indexPath: string;
  /** Where the tensors lie. */
  readonly index: BundleIndex;
  names(): Iterable<string>;
  entry(name: string): BundleEntry | undefined;
  /**
   * Reads a tensor of numbers, or a box of one, into `target`: little-endian, row-major. Blocks; for loader threads.
   * @param target as many bytes as the elements need.
   * @param slice within the tensor's shape; the whole by default.
   * @throws StatusError NOT_FOUND for an unknown name; DATA_LOSS, naming the file, if the checksum doesn't match;
   *   UNIMPLEMENTED for strings (see `readStrings`), resources and variants; INVALID_ARGUMENT for a wrong target.
   */
  readInto(name: string, target: Uint8Array, slice?: TensorSlice): void;
  /**
   * Reads a tensor of strings (each under 4 GiB), or a box of one, in row-major order. Blocks.
   * @throws StatusError as `readInto`; INVALID_ARGUMENT for another type.
   */
  readStrings(name: string, slice?: TensorSlice): readonly Uint8Array[];
  /** Closes the files. Nothing may be read afterwards. */
  close(): void;
}

/**
 * Opens the data files of a bundle whose index is known, which takes no parser.
 * @param prefix what the names of the bundle's files begin with, e.g. `/models/m/1/variables/variables`.
 * @throws StatusError NOT_FOUND if a data file is missing; DATA_LOSS if one is shorter than the index says. Each names
 *   the file.
 */
export async function openIndexedBundle(
  storage: Pick<Storage, "open">,
  prefix: string,
  index: BundleIndex,
): Promise<TensorBundle> {
  const shards = new Map<number, RandomAccessFile>();
  const bundle = new FileBundle(indexFile(prefix), index, shards);
  try {
    for (const [shard, end] of usedShards(index)) {
      const file = await storage.open(shardFile(prefix, shard, index.shardCount));
      shards.set(shard, file);
      requireSize(file, end, bundle.indexPath);
    }
  } catch (error) {
    bundle.close();
    throw error;
  }
  return bundle;
}

/** What reads files while the caller waits. */
export interface BlockingFiles {
  readFile(path: string): Uint8Array;
  open(path: string): RandomAccessFile;
}

/** As {@link openIndexedBundle}. */
export function openIndexedBundleNow(
  files: Pick<BlockingFiles, "open">,
  prefix: string,
  index: BundleIndex,
): TensorBundle {
  const shards = new Map<number, RandomAccessFile>();
  const bundle = new FileBundle(indexFile(prefix), index, shards);
  try {
    for (const [shard, end] of usedShards(index)) {
      const file = files.open(shardFile(prefix, shard, index.shardCount));
      shards.set(shard, file);
      requireSize(file, end, bundle.indexPath);
    }
  } catch (error) {
    bundle.close();
    throw error;
  }
  return bundle;
}

function requireSize({ path, size }: RandomAccessFile, end: number, indexPath: string): void {
  if (size >= end) return;
  throw dataLoss(`${path}; is truncated: ${indexPath} expects at least ${end} bytes, it has ${size}`);
}

/** What the names of the files of a SavedModel's variables begin with. */
export function variablesPrefix(directory: string): string {
  return joinPath(directory, "variables/variables");
}

/** `MetaFilename` in tensorflow/core/util/tensor_bundle/naming.cc. */
export function indexFile(prefix: string): string {
  return `${prefix}.index`;
}

/** `DataFilename` there. */
export function shardFile(prefix: string, shard: number, count: number): string {
  const digits = (n: number) => String(n).padStart(5, "0");
  return `${prefix}.data-${digits(shard)}-of-${digits(count)}`;
}

/** How many bytes of each data file are spoken for. */
function usedShards(index: BundleIndex): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  for (const { pieces } of index.tensors.values()) {
    for (const { shard, offset, size } of pieces) {
      ends.set(shard, Math.max(ends.get(shard) ?? 0, offset + size));
    }
  }
  return ends;
}

/** Runs `work` on a file's contents; what it finds wrong names the file. */
export function inFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, message } = asStatusError(error);
    throw new StatusError(code, `${path}; ${message}`, { cause: error });
  }
}

/** What was just read is checked while it is in the cache: 1.3 GB/s, where 16 MiB at a time make 0.85 GB/s. */
const CHUNK = 2 ** 20;

class FileBundle implements TensorBundle {
  readonly indexPath: string;
  readonly index: BundleIndex;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #shards: ReadonlyMap<number, RandomAccessFile>;

  constructor(indexPath: string, index: BundleIndex, shards: ReadonlyMap<number, RandomAccessFile>) {
    this.indexPath = indexPath;
    this.index = index;
    this.#tensors = index.tensors;
    this.#shards = shards;
  }

  names(): Iterable<string> {
    return this.#tensors.keys();
  }

  entry(name: string): BundleEntry | undefined {
    return this.#tensors.get(name);
  }

  readInto(name: string, target: Uint8Array, slice?: TensorSlice): void {
    const { dtype, shape, pieces } = this.#stored(name);
    const elementSize = dtypeInfo(dtype).size;
    if (elementSize === 0) {
      throw unimplemented(`${this.indexPath}; "${name}" is of type ${dtype}, which can't be read as numbers`);
    }
    const wanted = slice ?? wholeOf(shape);
    this.#requireWithin(name, wanted, shape);
    const expected = elementCount(wanted.length) * elementSize;
    if (target.length !== expected) {
      throw invalidArgument(
        `${this.indexPath}; "${name}": ${dtype} ${formatShape(wanted.length)} is ${expected} bytes, not ${target.length}`,
      );
    }
    requirePieces(name, shape, pieces, wanted);
    for (const piece of pieces) {
      if (intersection(piece.slice, wanted) === undefined) continue;
      const run = runOffset(piece.slice, wanted);
      if (run !== undefined) {
        const start = run * elementSize;
        this.#readNumbers(name, piece, target.subarray(start, start + piece.size));
      } else {
        const all = new Uint8Array(piece.size);
        this.#readNumbers(name, piece, all);
        overlapRuns(piece.slice, wanted, (from, to, count) =>
          target.set(all.subarray(from * elementSize, (from + count) * elementSize), to * elementSize),
        );
      }
    }
  }

  readStrings(name: string, slice?: TensorSlice): readonly Uint8Array[] {
    const { dtype, shape, pieces } = this.#stored(name);
    if (dtype !== "string")
      throw invalidArgument(`${this.indexPath}; "${name}" is of type ${dtype}, not string`);
    const wanted = slice ?? wholeOf(shape);
    this.#requireWithin(name, wanted, shape);
    requirePieces(name, shape, pieces, wanted);
    const strings = new Array<Uint8Array>(elementCount(wanted.length));
    for (const piece of pieces) {
      const stored = this.#readPieceStrings(name, piece);
      overlapRuns(piece.slice, wanted, (from, to, count) => {
        for (let i = 0; i < count; i++) strings[to + i] = stored[from + i]!;
      });
    }
    return strings;
  }

  close(): void {
    for (const file of this.#shards.values()) file.close();
  }

  #stored(name: string): StoredTensor {
    const stored = this.#tensors.get(name);
    if (stored === undefined) throw notFound(`${this.indexPath}; has no tensor "${name}"`);
    return stored;
  }

  #requireWithin(name: string, { start, length }: TensorSlice, shape: Shape): void {
    const fits = (dim: number, d: number) => start[d]! >= 0 && start[d]! + length[d]! <= dim;
    if (start.length === shape.length && shape.every(fits)) return;
    throw invalidArgument(
      `${this.indexPath}; "${name}" has shape ${formatShape(shape)}, which has no slice of ${formatShape(length)} at ` +
        formatShape(start),
    );
  }

  #readPieceStrings(name: string, { slice, shard, offset, size, checksum }: StoredPiece): Uint8Array[] {
    const file = this.#shards.get(shard)!;
    const bytes = new Uint8Array(size);
    file.read(offset, bytes);
    return inFile(file.path, () => parseStrings(name, bytes, elementCount(slice.length), checksum));
  }

  #readNumbers(name: string, piece: StoredPiece, target: Uint8Array): void {
    const file = this.#shards.get(piece.shard)!;
    let crc = 0;
    for (let at = 0; at < target.length; at += CHUNK) {
      const part = target.subarray(at, at + CHUNK);
      file.read(piece.offset + at, part);
      crc = crc32c(part, crc);
    }
    inFile(file.path, () => requireChecksum(name, maskCrc32c(crc), piece.checksum));
  }
}

/** Of a bundle that lacks slices. */
function requirePieces(
  name: string,
  shape: Shape,
  pieces: readonly StoredPiece[],
  wanted: TensorSlice,
): void {
  const there = pieces.reduce((sum, { slice }) => {
    const shared = intersection(slice, wanted);
    return shared === undefined ? sum : sum + elementCount(shared.length);
  }, 0);
  if (there >= elementCount(wanted.length)) return;
  throw invalidArgument(
    `Does not have sufficient slices for partitioned tensor ${name} to restore in slice_spec: ${formatSlice(asStored(wanted, shape))}`,
  );
}

function requireChecksum(name: string, computed: number, stored: number): void {
  if (computed !== stored) {
    throw dataLoss(`has a tensor "${name}" whose checksum is ${computed}, expected ${stored}`);
  }
}

const LONGEST_STRING = 2 ** 32 - 1;

/**
 * A string tensor's bytes: the lengths as varints; the masked CRC of the lengths, four bytes; the strings. Both CRCs
 * begin with the lengths as four bytes each, and the tensor's goes on to the end (`WriteStringTensor` in
 * tensorflow/core/util/tensor_bundle/tensor_bundle.cc).
 */
function parseStrings(name: string, bytes: Uint8Array, count: number, checksum: number): Uint8Array[] {
  if (count > bytes.length) throw dataLoss(`has ${bytes.length} bytes for the ${count} strings of "${name}"`);
  const cursor = new ByteCursor(bytes);
  const lengths = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const length = cursor.varint();
    if (length > LONGEST_STRING) throw dataLoss(`has a string of ${length} bytes in "${name}"`);
    lengths[i] = length;
  }
  const crc = crc32c(new Uint8Array(lengths.buffer));
  const start = cursor.position;
  requireChecksum(`${name} (lengths)`, maskCrc32c(crc), cursor.fixed(4));
  requireChecksum(name, maskedCrc32c(bytes.subarray(start), crc), checksum);
  const strings = Array.from(lengths, (length) => cursor.take(length));
  if (cursor.remaining > 0)
    throw dataLoss(`has ${cursor.remaining} bytes left over behind the strings of "${name}"`);
  return strings;
}
