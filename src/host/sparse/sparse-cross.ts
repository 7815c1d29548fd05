import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import { formatShape } from "../../tensor/shape.ts";
import { bytesOf, type NumericTensor, type StringTensor, type Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostKernel, HostOp } from "../host-op.ts";
import { FarmHash } from "../strings/hashing/farmhash.ts";
import { SipHash } from "../strings/hashing/siphash.ts";
import {
  type ColumnHash,
  fingerprints,
  hashAll,
  hashed,
  joined,
  SEPARATOR,
  wordsOf,
} from "./cross-values.ts";
import {
  type Column,
  type Crosses,
  type CrossInputs,
  columnsOf,
  crossesOf,
  crossInputs,
  indicesOf,
  shapeOf,
} from "./crosses.ts";

const shapes = () => [[-1, 2], [-1], [2]];

/** The first four bytes of each number: as many as TensorFlow hashes. */
function lowBytes(values: Tensor): readonly Uint8Array[] {
  const bytes = bytesOf(values as NumericTensor);
  return Array.from({ length: values.data.length }, (_, i) => bytes.subarray(8 * i, 8 * i + 4));
}

const decoder = new TextDecoder();

function sparseResult(columns: readonly Column[], valuesOf: (crosses: Crosses) => Tensor): readonly Tensor[] {
  const crosses = crossesOf(columns);
  return [indicesOf(crosses), valuesOf(crosses), shapeOf(crosses)];
}

function inputsOf(attrs: Attributes): (inputs: readonly Tensor[]) => CrossInputs {
  const [sparseCount, denseCount] = [attrs.int("N"), attrs.dtypes("dense_types").length];
  return (inputs) => crossInputs(inputs, sparseCount, denseCount);
}

/** Numbers can't be read where strings are expected. */
function checkInternalType(internal: DType, { values, dense }: CrossInputs): void {
  const refuse = (name: string, { dtype }: Tensor): void => {
    if (internal !== "string" || dtype !== "int64") return;
    const [want, got] = [dtypeInfo(internal).number, dtypeInfo(dtype).number];
    throw invalidArgument(`${name} should be of internal type ${want} but received ${got}`);
  };
  for (const tensor of values) refuse("Input values", tensor);
  for (const tensor of dense) refuse("Dense inputs", tensor);
}

const v1: HostOp = {
  shapes,
  compile: (attrs): HostKernel => {
    const read = inputsOf(attrs);
    const internal = attrs.dtype("internal_type");
    const buckets = attrs.bigint("num_buckets");
    const seed = BigInt.asUintN(64, attrs.bigint("hash_key"));
    const isHashed = attrs.dtype("out_type") === "int64";
    return (inputs) => {
      const given = read(inputs);
      const columns = columnsOf(given);
      checkInternalType(internal, given);
      return sparseResult(columns, (crosses) =>
        isHashed
          ? hashed(columns, crosses, fingerprints, buckets, seed)
          : joined(columns, crosses, SEPARATOR),
      );
    };
  },
};

const v2: HostOp = {
  shapes,
  compile: (attrs) => {
    const read = inputsOf(attrs);
    return (inputs) => {
      const columns = columnsOf(read(inputs));
      const separator = inputs.at(-1) as StringTensor;
      if (separator.shape.length !== 0) {
        const values = separator.data.map((bytes) => decoder.decode(bytes)).join(" ");
        throw invalidArgument(
          "Input separator should be a scalar. " +
            `Received: Tensor<type: string shape: ${formatShape(separator.shape)} values: ${values}>`,
        );
      }
      return sparseResult(columns, (crosses) => joined(columns, crosses, separator.data[0]!));
    };
  },
};

const hashedOp: HostOp = {
  shapes,
  compile: (attrs) => {
    const read = inputsOf(attrs);
    const farm = new FarmHash();
    return (inputs) => {
      const columns = columnsOf(read(inputs));
      const [buckets, isStrong, salt] = inputs.slice(-3) as [Tensor, Tensor, Tensor];
      if (salt.data.length !== 2)
        throw invalidArgument(`Input "salt" must have length 2 but has length ${salt.data.length}`);
      const [key0, key1] = salt.data as BigInt64Array;
      const hash = isStrong.data[0] === 1 ? new SipHash(key0!, key1!) : farm;
      const hashOf: ColumnHash = ({ values, isDense }) => {
        if (values.dtype === "string") return hashAll(values.data, hash);
        // A dense column's numbers are their own fingerprints, unless the hash is strong.
        return isDense && hash === farm ? wordsOf(values) : hashAll(lowBytes(values), hash);
      };
      const count = (buckets.data as BigInt64Array)[0]!;
      return sparseResult(columns, (crosses) => hashed(columns, crosses, hashOf, count, undefined));
    };
  },
};

/** Features of several columns combined. */
export const sparseCross: HostFamily = {
  SparseCross: v1,
  SparseCrossV2: v2,
  SparseCrossHashed: hashedOp,
};
