import { invalidArgument } from "../../status/status.ts";
import { type DType, dataTypeString } from "../../tensor/dtype.ts";
import { bytesOf, type NumericTensor, type Tensor } from "../../tensor/tensor.ts";
import type { HostValue, ValueFamily, VariantTensor } from "../host-op.ts";
import { joinTensors, owned } from "../lists/tensor-list.ts";
import { summarizeValue } from "../strings/numbers/summary.ts";

interface Entry {
  readonly key: Tensor;
  readonly value: HostValue;
}

/** What a TensorMap variant holds: entries by what tells keys apart. Never changed after it was made. */
interface TensorMap {
  readonly entries: ReadonlyMap<string, Entry>;
}

function mapTensor(entries: ReadonlyMap<string, Entry>): VariantTensor {
  return { dtype: "variant", shape: [], data: [{ entries } satisfies TensorMap] };
}

/** @throws StatusError INVALID_ARGUMENT if the value is no map. */
function entriesOf(value: HostValue | undefined): ReadonlyMap<string, Entry> {
  const held = value?.dtype === "variant" ? value.data[0] : undefined;
  if (held !== null && typeof held === "object" && "entries" in held) return (held as TensorMap).entries;
  throw invalidArgument("Input handle is not a map");
}

/** Equal for tensors of one type, shape and contents. */
function identityOf(key: Tensor): string {
  const contents =
    key.dtype === "string"
      ? key.data.map((bytes) => `${bytes.length}:${Buffer.from(bytes).toString("latin1")}`).join()
      : Buffer.from(bytesOf(key as NumericTensor)).toString("latin1");
  return `${key.dtype}[${key.shape}]${contents}`;
}

function found(map: ReadonlyMap<string, Entry>, key: HostValue, purpose: string): Entry {
  const entry = map.get(identityOf(key as Tensor));
  if (entry !== undefined) return entry;
  const text = summarizeValue(key as Tensor, 100);
  throw invalidArgument(`Trying to ${purpose}. Could not find key "${text}".`);
}

function stackKeys(map: ReadonlyMap<string, Entry>, dtype: DType): Tensor {
  const keys = [...map.values()].map(({ key }) => key);
  const [first] = keys;
  if (first === undefined) throw invalidArgument("TensorMapStackKeys cannot be called on empty map.");
  if (keys.some((key) => key.dtype !== dtype)) {
    throw invalidArgument("Key does not match requested dtype.");
  }
  if (keys.some((key) => String(key.shape) !== String(first.shape))) {
    throw invalidArgument("Keys must all have the same shape.");
  }
  return joinTensors(dtype, [keys.length, ...first.shape], keys);
}

/** Maps from tensors to tensors. */
export const tensorMaps: ValueFamily = {
  EmptyTensorMap: { shapes: () => [[]], compile: () => () => [mapTensor(new Map())] },
  TensorMapInsert: {
    shapes: () => [[]],
    compile:
      () =>
      ([map, key, value]) => {
        const entry = { key: owned(key!) as Tensor, value: owned(value!) };
        return [mapTensor(new Map([...entriesOf(map), [identityOf(entry.key), entry]]))];
      },
  },
  TensorMapLookup: {
    shapes: () => [undefined],
    compile: (attrs) => {
      const dtype = attrs.dtype("value_dtype");
      return ([map, key]) => {
        const { value } = found(entriesOf(map), key!, "lookup non-existent key");
        if (value.dtype === dtype) return [value];
        throw invalidArgument(
          `Type mismatch: actual ${dataTypeString(value.dtype)} vs. expect ${dataTypeString(dtype)}`,
        );
      };
    },
  },
  TensorMapErase: {
    shapes: () => [[]],
    compile:
      () =>
      ([map, key]) => {
        const rest = new Map(entriesOf(map));
        found(rest, key!, "erase non-existent item");
        rest.delete(identityOf(key as Tensor));
        return [mapTensor(rest)];
      },
  },
  TensorMapHasKey: {
    shapes: () => [[]],
    compile:
      () =>
      ([map, key]) => [
        {
          dtype: "bool",
          shape: [],
          data: Uint8Array.of(entriesOf(map).has(identityOf(key as Tensor)) ? 1 : 0),
        },
      ],
  },
  TensorMapSize: {
    shapes: () => [[]],
    compile:
      () =>
      ([map]) => [{ dtype: "int32", shape: [], data: Int32Array.of(entriesOf(map).size) }],
  },
  TensorMapStackKeys: {
    shapes: () => [undefined],
    compile: (attrs) => {
      const dtype = attrs.dtype("key_dtype");
      return ([map]) => [stackKeys(entriesOf(map), dtype)];
    },
  },
};
