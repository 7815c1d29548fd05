import { invalidArgument } from "../../status/status.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { StringTensor, Tensor } from "../../tensor/tensor.ts";
import type { HostFamily } from "../host-op.ts";

/** As C prints it: at least five characters, a sign among them. */
function fiveDigits(value: number): string {
  return value < 0 ? `-${String(-value).padStart(4, "0")}` : String(value).padStart(5, "0");
}

function scalar(tensor: Tensor | undefined, name: string): Uint8Array | number {
  const { shape, data } = tensor!;
  if (shape.length > 0) throw invalidArgument(`${name} must be a scalar, got shape ${formatShape(shape)}`);
  return data[0] as Uint8Array | number;
}

function named(basename: Uint8Array, suffix: string): readonly [StringTensor] {
  return [{ dtype: "string", shape: [], data: [Buffer.concat([basename, Buffer.from(suffix)])] }];
}

/** The names of the files that something in several parts is in: they are made, no file is touched. */
export const shardNames: HostFamily = {
  ShardedFilename: {
    shapes: () => [[]],
    compile:
      () =>
      ([basename, shard, count]) => {
        const base = scalar(basename, "basename") as Uint8Array;
        const [at, of] = [scalar(shard, "shard") as number, scalar(count, "num_shards") as number];
        return named(base, `-${fiveDigits(at)}-of-${fiveDigits(of)}`);
      },
  },
  ShardedFilespec: {
    shapes: () => [[]],
    compile:
      () =>
      ([basename, count]) => {
        const base = scalar(basename, "basename") as Uint8Array;
        return named(base, `-?????-of-${fiveDigits(scalar(count, "num_shards") as number)}`);
      },
  },
};
