import { outOfRange } from "../../status/status.ts";
import type { HostOp } from "../host-op.ts";

/** One more than the value, unless that has reached the limit (count_up_to_op.cc). */
export const counted: HostOp = {
  shapes: () => [[]],
  compile: (attrs) => {
    const limit = attrs.bigint("limit");
    return ([value]) => {
      const before = BigInt(value!.data[0] as number | bigint);
      if (before >= limit) throw outOfRange(`Reached limit of ${limit}`);
      return [
        value!.dtype === "int64"
          ? { dtype: "int64", shape: [], data: BigInt64Array.of(before + 1n) }
          : { dtype: "int32", shape: [], data: Int32Array.of(Number(before) + 1) },
      ];
    };
  },
};
