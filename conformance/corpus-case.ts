import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DType, dtypeInfo, type NumericArray } from "../src/tensor/dtype.ts";
import { arrayOfBytes, type NumericTensor, type Tensor } from "../src/tensor/tensor.ts";

type Scalar = number | boolean | string | { readonly b64: string };

export interface CaseTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values?: readonly Scalar[];
  readonly file?: string;
}

interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
  readonly by_output?: Readonly<Record<string, { readonly rtol: number; readonly atol: number }>>;
  readonly loose_ints?: boolean;
}

export interface CorpusCase {
  readonly signature: string;
  readonly method: string;
  readonly version?: number | string;
  readonly inputs?: Readonly<Record<string, CaseTensor>>;
  /** Of `classify` and `regress`: serialized tf.Examples in base64. */
  readonly examples?: readonly string[];
  readonly outputs?: Readonly<Record<string, CaseTensor>>;
  readonly output_filter?: readonly string[];
  readonly error?: { readonly code: string };
  readonly tolerance?: Tolerance;
}

export function decodeTensor(folder: string, { dtype, shape, values, file }: CaseTensor): Tensor {
  if (dtype === "string") return { dtype, shape, data: (values ?? []).map(stringBytes) };
  const numeric = dtype as NumericTensor["dtype"];
  if (file !== undefined) {
    return {
      dtype: numeric,
      shape,
      data: arrayOfBytes(numeric, new Uint8Array(readFileSync(join(folder, file)))),
    };
  }
  return { dtype: numeric, shape, data: fromScalars(numeric, values ?? []) };
}

function stringBytes(value: Scalar): Uint8Array {
  return typeof value === "object" ? Buffer.from(value.b64, "base64") : Buffer.from(String(value));
}

function fromScalars(dtype: NumericTensor["dtype"], values: readonly Scalar[]): NumericArray {
  if (dtype === "int64") return BigInt64Array.from(values as (number | string)[], (value) => BigInt(value));
  if (dtype === "uint64") return BigUint64Array.from(values as (number | string)[], (value) => BigInt(value));
  if (dtype === "float16") return new Uint16Array(new Float16Array(values.map(Number)).buffer);
  if (dtype === "bfloat16") {
    const bits = new Uint32Array(new Float32Array(values.map(Number)).buffer);
    return Uint16Array.from(bits, (word) => word >>> 16);
  }
  const data = new (dtypeInfo(dtype).array!)(values.length) as Float64Array;
  data.set(values.map(Number));
  return data;
}

function numbers({ dtype, data }: NumericTensor): ArrayLike<number | bigint> {
  if (dtype === "float16") return new Float16Array(data.buffer, data.byteOffset, data.length);
  if (dtype === "bfloat16") {
    return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
  }
  return data;
}

/** What is wrong with an output, or undefined. */
export function difference(
  got: Tensor,
  folder: string,
  expected: CaseTensor,
  key: string,
  { tolerance }: CorpusCase,
): string | undefined {
  const want = decodeTensor(folder, expected);
  if (got.dtype !== want.dtype) return `${key} is ${got.dtype} instead of ${want.dtype}`;
  if (String(got.shape) !== String(want.shape))
    return `${key} has the shape [${got.shape}] instead of [${want.shape}]`;
  if (got.dtype === "string" || want.dtype === "string") {
    const differs = got.data.some(
      (bytes, i) => !Buffer.from(bytes as Uint8Array).equals(want.data[i] as Uint8Array),
    );
    return differs ? `${key} holds other strings` : undefined;
  }
  const { rtol, atol } = tolerance?.by_output?.[key] ?? tolerance ?? { rtol: 1e-4, atol: 1e-5 };
  const exact = !/float|complex/.test(got.dtype) && !tolerance?.loose_ints;
  const [a, b] = [numbers(got), numbers(want as NumericTensor)];
  for (let i = 0; i < b.length; i++) {
    const [actual, wanted] = [a[i]!, b[i]!];
    if (actual === wanted || (Number.isNaN(actual) && Number.isNaN(wanted))) continue;
    const error = Math.abs(Number(actual) - Number(wanted));
    if (exact || !(error <= atol + rtol * Math.abs(Number(wanted))))
      return `${key}[${i}] is ${actual} instead of ${wanted}`;
  }
  return undefined;
}
