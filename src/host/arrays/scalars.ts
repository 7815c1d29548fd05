import { invalidArgument } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { HostFamily } from "../host-op.ts";

const FACT = new TextEncoder().encode("0! == 1");

const CONDITIONS: ReadonlySet<DType> = new Set([
  "float32",
  "float64",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "bool",
]);

function isTrue(dtype: DType, value: number | bigint | Uint8Array): boolean {
  if (value instanceof Uint8Array) return value.length > 0;
  if (CONDITIONS.has(dtype)) return Number(value) !== 0;
  throw invalidArgument(`${dtype === "float16" ? "half" : dtype} cannot be converted to a boolean`);
}

/** Ops that give one value. */
export const scalars: HostFamily = {
  // As Python reads a value as a condition: a scalar by what it is, any other tensor by whether it holds something.
  ToBool: {
    shapes: () => [[]],
    compile:
      () =>
      ([input]) => {
        const { shape, dtype, data } = input!;
        const holds = shape.length === 0 ? isTrue(dtype, data[0]!) : !shape.includes(0);
        return [{ dtype: "bool", shape: [], data: Uint8Array.of(holds ? 1 : 0) }];
      },
  },
  // Seconds since 1970.
  Timestamp: {
    shapes: () => [[]],
    compile: () => () => [
      {
        dtype: "float64",
        shape: [],
        data: Float64Array.of((performance.timeOrigin + performance.now()) / 1000),
      },
    ],
  },
  Fact: { shapes: () => [[]], compile: () => () => [{ dtype: "string", shape: [], data: [FACT] }] },
  // Which of these devices this is; one more than the last if none.
  DeviceIndex: {
    shapes: () => [[]],
    compile: (attrs) => {
      const names = attrs.strings("device_names");
      const index = names.indexOf("CPU");
      return () => [{ dtype: "int32", shape: [], data: Int32Array.of(index < 0 ? names.length : index) }];
    },
  },
};
