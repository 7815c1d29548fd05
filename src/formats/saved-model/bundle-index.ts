import { fromBinary } from "@bufbuild/protobuf";
import type { TensorShapeProto } from "../../proto/gen/tensorflow/core/framework/tensor_shape_pb.ts";
import type { TensorSliceProto } from "../../proto/gen/tensorflow/core/framework/tensor_slice_pb.ts";
import {
  type BundleEntryProto,
  BundleEntryProtoSchema,
  BundleHeaderProto_Endianness,
  BundleHeaderProtoSchema,
} from "../../proto/gen/tensorflow/core/protobuf/tensor_bundle_pb.ts";
import { dataLoss, unimplemented } from "../../status/status.ts";
import { type DType, dtypeInfo, dtypeOfNumber } from "../../tensor/dtype.ts";
import { elementCount, formatShape, type Shape } from "../../tensor/shape.ts";
import { tableEntries } from "./leveldb-table.ts";
import { sliceKey } from "./ordered-code.ts";
import { formatSlice, intersection, type TensorSlice, wholeOf } from "./tensor-slice.ts";

/** What `variables.index` says: where each tensor's bytes lie. */
export interface BundleIndex {
  readonly shardCount: number;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Disjoint, and mostly together the whole tensor: one for most, several for a partitioned variable. */
  readonly pieces: readonly StoredPiece[];
}

export interface StoredPiece {
  readonly slice: TensorSlice;
  readonly shard: number;
  /** In the shard, in bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
  /** Masked CRC-32C. */
  readonly checksum: number;
}

/** kTensorBundleVersion in tensorflow/core/util/tensor_bundle/naming.h. */
export const BUNDLE_VERSION = 1;
/** Keys of slices begin so (see `sliceKey`); no tensor's name does. */
export const SLICE_KEY_PREFIX = "\0";

/**
 * Reads the index of a TensorBundle: a table from names to BundleEntryProto, and from "" to BundleHeaderProto
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.h).
 * @param mayLackSlices takes a bundle in which there are only some of a tensor's slices. Default: false.
 * @throws StatusError DATA_LOSS for what is damaged; UNIMPLEMENTED for a big-endian or newer bundle.
 */
export function parseBundleIndex(bytes: Uint8Array, mayLackSlices = false): BundleIndex {
  const { shardCount, entries } = parseBundleEntries(bytes);
  const tensors = new Map<string, StoredTensor>();
  for (const [key, entry] of entries) {
    if (key.startsWith(SLICE_KEY_PREFIX)) continue;
    const name = Buffer.from(key, "latin1").toString("utf8");
    const tensor = storedTensor(name, key, entry, entries, shardCount);
    if (!mayLackSlices) requireCover(name, tensor);
    tensors.set(name, tensor);
  }
  return { shardCount, tensors };
}

/** What an index holds, as it is stored. */
export interface BundleEntries {
  readonly shardCount: number;
  /** In the order of their keys, which hold one char per byte. */
  readonly entries: ReadonlyMap<string, BundleEntryProto>;
}

/** @throws StatusError as `parseBundleIndex`, for what can be seen without looking at what belongs together. */
export function parseBundleEntries(bytes: Uint8Array): BundleEntries {
  const stored = new Map(tableEntries(bytes));
  const shardCount = parseHeader(stored.get(""));
  const entries = new Map<string, BundleEntryProto>();
  for (const [key, value] of stored) {
    if (key !== "") entries.set(key, parseEntry(key, value));
  }
  return { shardCount, entries };
}

function parseHeader(value: Uint8Array | undefined): number {
  if (value === undefined) throw dataLoss("has no header: expected an entry with an empty key");
  const header = parsing("its header", () => fromBinary(BundleHeaderProtoSchema, value));
  if (header.endianness !== BundleHeaderProto_Endianness.LITTLE) {
    throw unimplemented("was written on a big-endian machine; only little-endian bundles can be read");
  }
  const least = header.version?.minConsumer ?? 0;
  if (least > BUNDLE_VERSION) {
    throw unimplemented(
      `needs a reader of bundle version ${least}; this one reads version ${BUNDLE_VERSION}`,
    );
  }
  if (header.numShards < 1) throw dataLoss(`claims ${header.numShards} data files, expected at least 1`);
  return header.numShards;
}

function parseEntry(key: string, value: Uint8Array): BundleEntryProto {
  return parsing(`the entry of "${key}"`, () => fromBinary(BundleEntryProtoSchema, value));
}

function parsing<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw dataLoss(`holds something unreadable in ${what}: ${(error as Error).message}`);
  }
}

function storedTensor(
  name: string,
  key: string,
  entry: BundleEntryProto,
  entries: ReadonlyMap<string, BundleEntryProto>,
  shardCount: number,
): StoredTensor {
  const dtype = dtypeOfNumber(entry.dtype);
  if (dtype === undefined) throw dataLoss(`gives "${name}" the unknown type ${entry.dtype}`);
  const shape = storedShape(name, entry.shape);
  const whole = wholeOf(shape);
  if (entry.slices.length === 0) {
    return { dtype, shape, pieces: [storedPiece(name, dtype, whole, entry, shardCount)] };
  }
  const pieces = entry.slices.map((proto) => {
    const stored = storedSlice(proto);
    const slice = boundedSlice(name, stored, shape);
    const part = entries.get(sliceKey(key, stored));
    if (part === undefined) throw dataLoss(`lacks the slice ${formatSlice(slice)} of "${name}"`);
    if (part.dtype !== entry.dtype) {
      throw dataLoss(`gives a slice of "${name}" type ${part.dtype}, expected ${entry.dtype}`);
    }
    return storedPiece(name, dtype, slice, part, shardCount);
  });
  requireDisjoint(name, pieces);
  return { dtype, shape, pieces };
}

function requireDisjoint(name: string, pieces: readonly StoredPiece[]): void {
  for (const [i, { slice }] of pieces.entries()) {
    const other = pieces.slice(0, i).find((piece) => intersection(piece.slice, slice));
    if (other)
      throw dataLoss(
        `has slices of "${name}" that overlap: ${formatSlice(other.slice)} and ${formatSlice(slice)}`,
      );
  }
}

/** Disjoint slices with as many elements as the tensor are the tensor. */
function requireCover(name: string, { shape, pieces }: StoredTensor): void {
  const expected = elementCount(shape);
  const covered = pieces.reduce((sum, piece) => sum + elementCount(piece.slice.length), 0);
  if (covered !== expected) {
    throw dataLoss(
      `has slices of "${name}" with ${covered} elements, shape ${formatShape(shape)} has ${expected}`,
    );
  }
}

function storedShape(name: string, proto: TensorShapeProto | undefined): Shape {
  const shape = (proto?.dim ?? []).map((dim) => Number(dim.size));
  if (proto?.unknownRank || !shape.every((dim) => dim >= 0)) {
    throw dataLoss(`gives "${name}" the shape ${proto?.unknownRank ? "<unknown>" : formatShape(shape)}`);
  }
  return shape;
}

/** As stored: -1 is the length of a dimension that is taken whole. */
function storedSlice(proto: TensorSliceProto): TensorSlice {
  return {
    start: proto.extent.map((extent) => Number(extent.start)),
    length: proto.extent.map(({ hasLengthHack: { case: set, value } }) => (set ? Number(value) : -1)),
  };
}

function boundedSlice(name: string, stored: TensorSlice, shape: Shape): TensorSlice {
  const length = stored.length.map((count, d) => (count < 0 ? (shape[d] ?? -1) : count));
  const slice = { start: stored.start, length };
  const fits = (dim: number, d: number) => stored.start[d]! >= 0 && stored.start[d]! + length[d]! <= dim;
  if (length.length !== shape.length || !shape.every(fits)) {
    throw dataLoss(`has the slice ${formatSlice(slice)} of "${name}", whose shape is ${formatShape(shape)}`);
  }
  return slice;
}

function storedPiece(
  name: string,
  dtype: DType,
  slice: TensorSlice,
  entry: BundleEntryProto,
  shardCount: number,
): StoredPiece {
  const offset = Number(entry.offset);
  const size = Number(entry.size);
  if (entry.shardId < 0 || entry.shardId >= shardCount) {
    throw dataLoss(`places "${name}" in data file ${entry.shardId} of ${shardCount}`);
  }
  const elementSize = dtypeInfo(dtype).size;
  const expected = elementSize === 0 ? size : elementCount(slice.length) * elementSize;
  if (!(offset >= 0 && size >= 0) || size !== expected) {
    throw dataLoss(
      `gives "${name}" ${size} bytes at ${offset}, where ${dtype} ${formatShape(slice.length)} needs ${expected}`,
    );
  }
  return { slice, shard: entry.shardId, offset, size, checksum: entry.crc32c };
}
