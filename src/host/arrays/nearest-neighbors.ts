import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integer } from "./elements.ts";

/** The k centers that are nearest to each point, and their squared distances. */
const nearest: HostOp = {
  shapes: (_, [points]): PartialShape[] => {
    const rows = points!.shape?.[0] ?? -1;
    return [
      [rows, -1],
      [rows, -1],
    ];
  },
  compile:
    () =>
    ([points, centers, k]) => {
      const [rows, width] = points!.shape as [number, number];
      const count = centers!.shape[0]!;
      if (k!.shape.length > 0) throw invalidArgument("k must be a scalar");
      if (count === 0) throw invalidArgument(`The number of centers must be >= 1, got 0`);
      if (width !== centers!.shape[1]) throw invalidArgument("Point and center dimensions must match");
      const wanted = integer(k!);
      if (wanted < 1) throw invalidArgument(`The number of clusters must be >= 1, got ${wanted}`);
      const kept = Math.min(wanted, count);
      const [from, to] = [points!.data as Float32Array, centers!.data as Float32Array];
      const indices = new BigInt64Array(rows * kept);
      const distances = new Float32Array(rows * kept);
      const all = new Float64Array(count);
      for (let row = 0; row < rows; row++) {
        for (let center = 0; center < count; center++) {
          let sum = 0;
          for (let i = 0; i < width; i++) sum += (from[row * width + i]! - to[center * width + i]!) ** 2;
          all[center] = sum;
        }
        const order = Uint32Array.from({ length: count }, (_, i) => i);
        order.sort((a, b) => all[a]! - all[b]! || a - b);
        for (let i = 0; i < kept; i++) {
          indices[row * kept + i] = BigInt(order[i]!);
          distances[row * kept + i] = all[order[i]!]!;
        }
      }
      const shape = [rows, kept];
      return [
        { dtype: "int64", shape, data: indices },
        { dtype: "float32", shape, data: distances },
      ];
    },
};

export const nearestNeighbors: HostFamily = { NearestNeighbors: nearest };
