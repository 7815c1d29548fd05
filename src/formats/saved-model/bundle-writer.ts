import { create, toBinary } from "@bufbuild/protobuf";
import { TensorShapeProtoSchema } from "../../proto/gen/tensorflow/core/framework/tensor_shape_pb.ts";
import {
  TensorSliceProto_ExtentSchema,
  TensorSliceProtoSchema,
} from "../../proto/gen/tensorflow/core/framework/tensor_slice_pb.ts";
import type { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import { VersionDefSchema } from "../../proto/gen/tensorflow/core/framework/versions_pb.ts";
import {
  type BundleEntryProto,
  BundleEntryProtoSchema,
  BundleHeaderProto_Endianness,
  BundleHeaderProtoSchema,
} from "../../proto/gen/tensorflow/core/protobuf/tensor_bundle_pb.ts";
import { invalidArgument } from "../../status/status.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { formatShape, type Shape, sameShape } from "../../tensor/shape.ts";
import { bytesOf, type StringTensor, type Tensor } from "../../tensor/tensor.ts";
import { BUNDLE_VERSION } from "./bundle-index.ts";
import { ByteWriter } from "./byte-writer.ts";
import { crc32c, maskCrc32c, maskedCrc32c } from "./crc32c.ts";
import { sliceKey } from "./ordered-code.ts";
import { writeTable } from "./table-writer.ts";
import type { ShapeAndSlice, TensorSlice } from "./tensor-slice.ts";

/** A tensor to write. */
export interface SavedTensor {
  /** One char per byte; not empty. */
  readonly name: string;
  readonly tensor: Tensor;
  /** If the tensor is a slice of the one that has the name. */
  readonly part?: ShapeAndSlice | undefined;
}

/** The files of a bundle, before they are written. */
export interface BundleFiles {
  readonly index: Uint8Array;
  /** The only data file, in parts. */
  readonly data: readonly Uint8Array[];
}

/**
 * A bundle with one data file, as TensorFlow's BundleWriter (tensorflow/core/util/tensor_bundle/tensor_bundle.cc) writes it.
 * @throws StatusError INVALID_ARGUMENT for a name that is empty or there twice, or slices of different tensors.
 */
export function bundleFiles(tensors: readonly SavedTensor[]): BundleFiles {
  const entries = new Map<string, BundleEntryProto>();
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const { name, tensor, part } of tensors) {
    if (name === "") throw invalidArgument("A tensor in a checkpoint must have a name");
    const { bytes, checksum } = tensor.dtype === "string" ? stringBytes(tensor) : numberBytes(tensor);
    const isPart = part !== undefined && !isWhole(part);
    const key = isPart ? sliceKey(name, part.stored) : name;
    if (entries.has(key)) throw invalidArgument(`Adding duplicate key: ${name}`);
    const dtype = dtypeInfo(tensor.dtype).number as DataType;
    if (isPart) addSlice(entries, name, dtype, part);
    const shape = shapeProto(tensor.shape);
    const at = { offset: BigInt(offset), size: BigInt(bytes.length), crc32c: checksum };
    entries.set(key, create(BundleEntryProtoSchema, { dtype, shape, ...at }));
    data.push(bytes);
    offset += bytes.length;
  }
  return { index: writeIndex(entries, 1), data };
}

/** The index file with these entries, by their keys. */
export function writeIndex(entries: ReadonlyMap<string, BundleEntryProto>, shardCount: number): Uint8Array {
  const header = create(BundleHeaderProtoSchema, {
    numShards: shardCount,
    endianness: BundleHeaderProto_Endianness.LITTLE,
    version: create(VersionDefSchema, { producer: BUNDLE_VERSION }),
  });
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return writeTable([
    ["", toBinary(BundleHeaderProtoSchema, header)],
    ...sorted.map(([key, entry]) => [key, toBinary(BundleEntryProtoSchema, entry)] as const),
  ]);
}

/** Tells the entry of the whole tensor that there is this slice of it. */
function addSlice(
  entries: Map<string, BundleEntryProto>,
  name: string,
  dtype: DataType,
  { shape, stored }: ShapeAndSlice,
): void {
  const whole = entries.get(name) ?? create(BundleEntryProtoSchema, { dtype, shape: shapeProto(shape) });
  const others = (whole.shape?.dim ?? []).map(({ size }) => Number(size));
  if (
    whole.dtype !== dtype ||
    !sameShape(others, shape) ||
    (entries.has(name) && whole.slices.length === 0)
  ) {
    throw invalidArgument(
      `The slices of ${name} belong to different tensors: of shape ${formatShape(others)} and ${formatShape(shape)}`,
    );
  }
  whole.slices.push(sliceProto(stored));
  entries.set(name, whole);
}

function isWhole({ stored }: ShapeAndSlice): boolean {
  return stored.length.every((count) => count < 0);
}

function shapeProto(shape: Shape) {
  return create(TensorShapeProtoSchema, { dim: shape.map((size) => ({ size: BigInt(size) })) });
}

function sliceProto({ start, length }: TensorSlice) {
  const extent = start.map((from, d) =>
    length[d]! < 0
      ? create(TensorSliceProto_ExtentSchema)
      : create(TensorSliceProto_ExtentSchema, {
          start: BigInt(from),
          hasLengthHack: { case: "length", value: BigInt(length[d]!) },
        }),
  );
  return create(TensorSliceProtoSchema, { extent });
}

interface Stored {
  readonly bytes: Uint8Array;
  /** Masked. */
  readonly checksum: number;
}

function numberBytes(tensor: Exclude<Tensor, StringTensor>): Stored {
  const bytes = bytesOf(tensor);
  return { bytes, checksum: maskedCrc32c(bytes) };
}

/** In the form that `parseStrings` of `tensor-bundle.ts` reads. */
function stringBytes({ data }: StringTensor): Stored {
  const out = new ByteWriter();
  for (const { length } of data) out.varint(length);
  const lengths = crc32c(new Uint8Array(Uint32Array.from(data, ({ length }) => length).buffer));
  const start = out.length;
  out.fixed32(maskCrc32c(lengths));
  for (const bytes of data) out.append(bytes);
  return { bytes: out.bytes, checksum: maskedCrc32c(out.bytes.subarray(start), lengths) };
}
