/** TensorFlow's data types by their short names, with what our tensors hold for each. */
export type DType =
  | "float32"
  | "float64"
  | "int32"
  | "uint8"
  | "int16"
  | "int8"
  | "string"
  | "complex64"
  | "int64"
  | "bool"
  | "qint8"
  | "quint8"
  | "qint32"
  | "bfloat16"
  | "qint16"
  | "quint16"
  | "uint16"
  | "complex128"
  | "float16"
  | "resource"
  | "variant"
  | "uint32"
  | "uint64";

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export interface NumericArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): NumericArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): NumericArray;
}

export interface DTypeInfo {
  readonly name: DType;
  /** The number in tensorflow.DataType (types.proto). */
  readonly number: number;
  /** The name in tensorflow.DataType, e.g. `DT_FLOAT`. */
  readonly protoName: string;
  /** Bytes per element; 0 for types without a fixed size (string, resource, variant). */
  readonly size: number;
  /** Array elements per tensor element: 2 for complex types (re, im), else 1. */
  readonly lanes: number;
  /** The array that holds it, or undefined for string, resource and variant. */
  readonly array: NumericArrayConstructor | undefined;
}

function row(
  name: DType,
  number: number,
  protoName: string,
  size: number,
  array: NumericArrayConstructor | undefined,
  lanes = 1,
): DTypeInfo {
  return { name, number, protoName, size, lanes, array };
}

// float16 and bfloat16 are held as their 16 raw bits. Numbers: tensorflow/core/framework/types.proto.
const ROWS: readonly DTypeInfo[] = [
  row("float32", 1, "DT_FLOAT", 4, Float32Array),
  row("float64", 2, "DT_DOUBLE", 8, Float64Array),
  row("int32", 3, "DT_INT32", 4, Int32Array),
  row("uint8", 4, "DT_UINT8", 1, Uint8Array),
  row("int16", 5, "DT_INT16", 2, Int16Array),
  row("int8", 6, "DT_INT8", 1, Int8Array),
  row("string", 7, "DT_STRING", 0, undefined),
  row("complex64", 8, "DT_COMPLEX64", 8, Float32Array, 2),
  row("int64", 9, "DT_INT64", 8, BigInt64Array),
  row("bool", 10, "DT_BOOL", 1, Uint8Array),
  row("qint8", 11, "DT_QINT8", 1, Int8Array),
  row("quint8", 12, "DT_QUINT8", 1, Uint8Array),
  row("qint32", 13, "DT_QINT32", 4, Int32Array),
  row("bfloat16", 14, "DT_BFLOAT16", 2, Uint16Array),
  row("qint16", 15, "DT_QINT16", 2, Int16Array),
  row("quint16", 16, "DT_QUINT16", 2, Uint16Array),
  row("uint16", 17, "DT_UINT16", 2, Uint16Array),
  row("complex128", 18, "DT_COMPLEX128", 16, Float64Array, 2),
  row("float16", 19, "DT_HALF", 2, Uint16Array),
  row("resource", 20, "DT_RESOURCE", 0, undefined),
  row("variant", 21, "DT_VARIANT", 0, undefined),
  row("uint32", 22, "DT_UINT32", 4, Uint32Array),
  row("uint64", 23, "DT_UINT64", 8, BigUint64Array),
];

const BY_NAME = new Map<DType, DTypeInfo>(ROWS.map((r) => [r.name, r]));
const BY_NUMBER: readonly (DTypeInfo | undefined)[] = ROWS.reduce<(DTypeInfo | undefined)[]>((all, r) => {
  all[r.number] = r;
  return all;
}, []);

export function dtypeInfo(dtype: DType): DTypeInfo {
  return BY_NAME.get(dtype)!;
}

/** The type's name in TensorFlow's messages: `float`, `double`, `half`, and else the short name. */
export function dataTypeString(dtype: DType): string {
  return dtypeInfo(dtype).protoName.slice("DT_".length).toLowerCase();
}

/** TensorFlow's reference types (TF1 variables) are the plain type plus this. */
const REF_OFFSET = 100;

/** The type with this number in tensorflow.DataType (reference types count as their plain type), if any. */
export function dtypeOfNumber(number: number): DType | undefined {
  return BY_NUMBER[number > REF_OFFSET ? number - REF_OFFSET : number]?.name;
}
