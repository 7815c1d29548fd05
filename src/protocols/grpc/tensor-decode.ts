import { invalidArgument } from "../../status/status.ts";
import { type DTypeInfo, dtypeInfo, dtypeOfNumber, type NumericArray } from "../../tensor/dtype.ts";
import { elementCount, formatShape, MAX_RANK } from "../../tensor/shape.ts";
import { arrayOfBytes, type Tensor } from "../../tensor/tensor.ts";
import { FIELDS_PER_ITEM, type RequestAllowance } from "../request-limits.ts";
import * as fields from "./tensor-fields.ts";
import { Wire, WireReader } from "./wire-reader.ts";

/** What a string costs that isn't in the message: its place in the list. */
const STRING_BYTES = 8;

const EMPTY = new Uint8Array(0);

/** A TensorProto as it lies in the message, before its values are looked at. */
interface Layout {
  dtypeNumber: number;
  shape: number[];
  unknownRank: boolean;
  contentStart: number;
  contentEnd: number;
  /** Three numbers for each occurrence of a field with typed values: tag, start, end. */
  chunks: number[];
}

/**
 * Decodes a tensorflow.TensorProto. The tensor's data is a view of `message` where alignment allows it.
 * `tensor_content` wins over typed fields; a typed list that is too short repeats its last value, an empty one means
 * zeros, surplus is dropped.
 * @throws StatusError INVALID_ARGUMENT for malformed bytes, types that have no wire form, unknown shapes and
 * contents that don't fit the shape; RESOURCE_EXHAUSTED if repeated values, strings or fields exceed
 * `allowance`, which they use up.
 */
export function decodeTensor(message: Uint8Array, allowance: RequestAllowance): Tensor {
  const reader = new WireReader(message, "tensorflow.TensorProto");
  const layout = readLayout(reader, allowance);
  const info = supportedType(layout.dtypeNumber);
  if (layout.unknownRank) throw invalidArgument("the shape has an unknown rank");
  const { shape } = layout;
  const count = elementCount(shape);
  const values = fields.valueField(info.name);
  if (values === undefined) {
    return { dtype: "string", shape, data: decodeStrings(reader, layout, count, allowance) };
  }
  const length = layout.contentEnd - layout.contentStart;
  if (length === 0) {
    return { dtype: values.dtype, shape, data: decodeValues(reader, layout, values, count, allowance) };
  }
  if (length !== count * info.size) {
    throw invalidArgument(
      `tensor_content has ${length} bytes, ${info.protoName} of shape ${formatShape(shape)} ` +
        `needs ${count * info.size}`,
    );
  }
  const content = reader.bytes.subarray(layout.contentStart, layout.contentEnd);
  return { dtype: values.dtype, shape, data: arrayOfBytes(values.dtype, content) };
}

function supportedType(number: number): DTypeInfo {
  const dtype = dtypeOfNumber(number);
  const info = dtype && dtypeInfo(dtype);
  // dtypeOfNumber takes reference types too; they belong to graphs, not to requests.
  if (info === undefined || info.number !== number || dtype === "resource" || dtype === "variant") {
    throw invalidArgument(`values of type ${info?.protoName ?? number} can't be sent in a request`);
  }
  return info;
}

function readLayout(reader: WireReader, allowance: RequestAllowance): Layout {
  const layout: Layout = {
    dtypeNumber: 0,
    shape: [],
    unknownRank: false,
    contentStart: 0,
    contentEnd: 0,
    chunks: [],
  };
  // Most tensors have one: only those that have many are counted.
  let uncounted = FIELDS_PER_ITEM;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const field = tag >>> 3;
    if (tag === ((fields.DTYPE_FIELD << 3) | Wire.VARINT)) {
      layout.dtypeNumber = reader.varint32();
    } else if (tag === ((fields.SHAPE_FIELD << 3) | Wire.BYTES)) {
      const outer = reader.enter();
      readShape(reader, layout);
      reader.leave(outer);
    } else if (tag === ((fields.CONTENT_FIELD << 3) | Wire.BYTES)) {
      const outer = reader.enter();
      layout.contentStart = reader.pos;
      layout.contentEnd = reader.end;
      reader.leave(outer);
    } else if (field > fields.CONTENT_FIELD && (tag & 7) === Wire.BYTES) {
      const outer = reader.enter();
      layout.chunks.push(tag, reader.pos, reader.end);
      reader.leave(outer);
      if (field === fields.STRING_FIELD) {
        allowance.takeItems();
        continue;
      }
    } else {
      const start = reader.pos;
      reader.skip(tag);
      layout.chunks.push(tag, start, reader.pos);
    }
    if (--uncounted > 0) continue;
    allowance.takeItems();
    uncounted = FIELDS_PER_ITEM;
  }
  return layout;
}

function readShape(reader: WireReader, layout: Layout): void {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((fields.DIM_FIELD << 3) | Wire.BYTES)) {
      const outer = reader.enter();
      if (layout.shape.length === MAX_RANK) {
        throw invalidArgument(`the shape has more than ${MAX_RANK} dimensions`);
      }
      layout.shape.push(readDim(reader));
      reader.leave(outer);
    } else if (tag === ((fields.UNKNOWN_RANK_FIELD << 3) | Wire.VARINT)) {
      layout.unknownRank = readBool(reader) === 1;
    } else {
      reader.skip(tag);
    }
  }
}

function readDim(reader: WireReader): number {
  let size = 0;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((fields.DIM_SIZE_FIELD << 3) | Wire.VARINT)) {
      const low = reader.varint64();
      // Sizes that a number can't hold exactly are far beyond what elementCount lets pass.
      size = (reader.high | 0) * 2 ** 32 + low;
    } else {
      reader.skip(tag);
    }
  }
  return size;
}

function readBool(reader: WireReader): 0 | 1 {
  const low = reader.varint64();
  return (low | reader.high) === 0 ? 0 : 1;
}

function decodeValues(
  reader: WireReader,
  layout: Layout,
  values: fields.ValueField,
  count: number,
  allowance: RequestAllowance,
): NumericArray {
  const { size, lanes, array } = dtypeInfo(values.dtype);
  const { chunks } = layout;
  const packed = (values.field << 3) | Wire.BYTES;
  if (values.kind === "fixed" && chunks.length === 3 && chunks[0] === packed) {
    const start = chunks[1]!;
    const length = chunks[2]! - start;
    if (length % (size / lanes) === 0 && length >= count * size) {
      return arrayOfBytes(values.dtype, reader.bytes.subarray(start, start + count * size));
    }
  }
  allowance.takeFill((count - mostValues(chunks, values, size)) * size, () => lastValueFor(layout));
  const data = new array!(count * lanes);
  const filled =
    values.kind === "fixed"
      ? gatherFixed(reader, chunks, values.field, data)
      : gatherVarints(reader, chunks, values, data);
  repeatLast(data, Math.floor(filled / lanes), lanes);
  return data;
}

/** An upper bound of how many values the chunks hold; exact for fixed-size values. */
function mostValues(chunks: readonly number[], values: fields.ValueField, size: number): number {
  let bytes = 0;
  for (let i = 0; i < chunks.length; i += 3) {
    if (chunks[i]! >>> 3 === values.field) bytes += chunks[i + 2]! - chunks[i + 1]!;
  }
  return values.kind === "fixed" ? Math.floor(bytes / size) : bytes;
}

function lastValueFor({ shape }: Layout): string {
  return `the last value to fill shape ${formatShape(shape)}`;
}

/** @returns how many array elements were there. */
function gatherFixed(
  reader: WireReader,
  chunks: readonly number[],
  field: number,
  data: NumericArray,
): number {
  const width = data.BYTES_PER_ELEMENT;
  const packed = (field << 3) | Wire.BYTES;
  const single = (field << 3) | (width === 4 ? Wire.FIXED32 : Wire.FIXED64);
  const out = new Uint8Array(data.buffer);
  let at = 0;
  for (let i = 0; i < chunks.length && at < out.length; i += 3) {
    if (chunks[i] !== packed && chunks[i] !== single) continue;
    const start = chunks[i + 1]!;
    const length = chunks[i + 2]! - start;
    reader.pos = start;
    if (length % width !== 0) throw reader.malformed("packed field of broken length");
    const taken = Math.min(length, out.length - at);
    out.set(reader.bytes.subarray(start, start + taken), at);
    at += taken;
  }
  return at / width;
}

/** @returns how many array elements were there. */
function gatherVarints(
  reader: WireReader,
  chunks: readonly number[],
  values: fields.ValueField,
  data: NumericArray,
): number {
  const packed = (values.field << 3) | Wire.BYTES;
  const single = (values.field << 3) | Wire.VARINT;
  const target = unsignedView(data);
  let at = 0;
  for (let i = 0; i < chunks.length; i += 3) {
    if (chunks[i] !== packed && chunks[i] !== single) continue;
    reader.pos = chunks[i + 1]!;
    reader.end = chunks[i + 2]!;
    if (values.kind === "int64") at = readInt64s(reader, target, at);
    else if (values.kind === "bool") at = readBools(reader, target, at);
    else at = readInts(reader, target, at);
  }
  return at;
}

/** Few types of arrays keep the loops below fast: V8 inlines accesses to four at most. */
type UnsignedArray = Uint8Array | Uint16Array | Uint32Array;

/** The elements as unsigned integers; 64-bit ones as two 32-bit halves, the lower first. */
function unsignedView({ buffer, BYTES_PER_ELEMENT: width }: NumericArray): UnsignedArray {
  if (width === 1) return new Uint8Array(buffer);
  return width === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}

/** Values too large for the type lose their upper bits, as in TensorFlow. */
function readInts(reader: WireReader, target: UnsignedArray, from: number): number {
  const { bytes, end } = reader;
  const { length } = target;
  let { pos } = reader;
  let at = from;
  while (at < length && pos < end) {
    const byte = bytes[pos]!;
    if (byte < 0x80) {
      target[at++] = byte;
      pos++;
    } else {
      reader.pos = pos;
      target[at++] = reader.varint64();
      pos = reader.pos;
    }
  }
  return at;
}

function readBools(reader: WireReader, target: UnsignedArray, from: number): number {
  const { bytes, end } = reader;
  const { length } = target;
  let at = from;
  while (at < length && reader.pos < end) {
    const byte = bytes[reader.pos]!;
    if (byte < 2) {
      target[at++] = byte;
      reader.pos++;
    } else {
      target[at++] = readBool(reader);
    }
  }
  return at;
}

/** A BigInt for each value would cost an allocation. */
function readInt64s(reader: WireReader, target: UnsignedArray, from: number): number {
  let at = 2 * from;
  while (at < target.length && reader.pos < reader.end) {
    target[at++] = reader.varint64();
    target[at++] = reader.high;
  }
  return at / 2;
}

/** Fills `data` from element `filled` on with the element before (zero where there is none). */
function repeatLast(data: NumericArray, filled: number, lanes: number): void {
  let have = filled * lanes;
  if (have === 0) {
    // Half a complex number counts as none.
    if (lanes > 1) new Uint8Array(data.buffer).fill(0);
    return;
  }
  const from = have - lanes;
  // Doubles the repeated run until the end is reached.
  for (let run = lanes; have < data.length; run = have - from) {
    data.copyWithin(have, from, from + Math.min(run, data.length - have));
    have += Math.min(run, data.length - have);
  }
}

function decodeStrings(
  reader: WireReader,
  layout: Layout,
  count: number,
  allowance: RequestAllowance,
): Uint8Array[] {
  if (layout.contentEnd > layout.contentStart) {
    allowance.takeItems(count);
    return decodeStringContent(reader, layout, count);
  }
  const { chunks } = layout;
  const sent = Math.min(count, chunks.length / 3);
  allowance.takeFill((count - sent) * STRING_BYTES, () => lastValueFor(layout));
  const strings: Uint8Array[] = [];
  for (let i = 0; i < chunks.length && strings.length < count; i += 3) {
    if (chunks[i] !== ((fields.STRING_FIELD << 3) | Wire.BYTES)) continue;
    strings.push(bytesAt(reader, chunks[i + 1]!, chunks[i + 2]!));
  }
  const last = strings.at(-1) ?? EMPTY;
  while (strings.length < count) strings.push(last);
  return strings;
}

/** Strings in tensor_content: all lengths as varints, then all bytes (TensorFlow's port::EncodeStringList). */
function decodeStringContent(reader: WireReader, layout: Layout, count: number): Uint8Array[] {
  reader.pos = layout.contentStart;
  reader.end = layout.contentEnd;
  if (count > reader.end - reader.pos) {
    throw invalidArgument(`tensor_content is too short for ${count} strings`);
  }
  const lengths: number[] = [];
  for (let i = 0; i < count; i++) lengths.push(reader.varint32());
  const strings = lengths.map((length) => {
    if (length > reader.end - reader.pos) throw reader.malformed("truncated string in tensor_content");
    reader.pos += length;
    return bytesAt(reader, reader.pos - length, reader.pos);
  });
  if (reader.pos !== reader.end) throw reader.malformed("surplus bytes after the strings in tensor_content");
  return strings;
}

function bytesAt(reader: WireReader, start: number, end: number): Uint8Array {
  return new Uint8Array(reader.bytes.buffer, reader.bytes.byteOffset + start, end - start);
}
