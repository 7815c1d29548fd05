import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount, formatShape, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integer, integers, pick, placeText, slotsOf, span, stridesOf } from "./elements.ts";
import { knownAxis, knownIntegers, ofRank } from "./known-shapes.ts";

const gather: HostOp = {
  shapes: (_, [params, indices]) => [
    params!.shape && indices!.shape && [...indices!.shape, ...params!.shape.slice(1)],
  ],
  compile:
    () =>
    ([params, indices]) => [gatherAlong(params!, indices!, 0, 0)],
};

const gatherV2: HostOp = {
  shapes: (attrs, [params, indices, axisInput]) => {
    const [from, at] = [params!.shape, indices!.shape];
    if (from === undefined || at === undefined) return [undefined];
    const batch = batchDimsOf(attrs, at.length);
    const taken = knownAxis(knownIntegers(axisInput!)?.[0], from.length);
    if (taken === undefined) return [ofRank(from.length - 1 + at.length - batch)];
    return [[...from.slice(0, taken), ...at.slice(batch), ...from.slice(taken + 1)]];
  },
  compile:
    (attrs) =>
    ([params, indices, axis]) => {
      const rank = params!.shape.length;
      const wanted = integer(axis!);
      if (wanted < -rank || wanted >= rank) {
        const needed = wanted < 0 ? -wanted : wanted + 1;
        throw invalidArgument(`Shape must be at least rank ${needed} but is rank ${rank}`);
      }
      const batch = batchDimsOf(attrs, indices!.shape.length);
      return [gatherAlong(params!, indices!, wanted < 0 ? wanted + rank : wanted, batch)];
    },
};

/** ResourceGather with the variable's value, of strings or complex numbers, in place of the variable. */
const resourceGatherValue: HostOp = {
  shapes: (attrs, [params, indices]) => {
    const [from, at] = [params!.shape, indices!.shape];
    if (from === undefined || at === undefined) return [undefined];
    const batch = batchDimsOf(attrs, at.length);
    return [[...from.slice(0, batch), ...at.slice(batch), ...from.slice(batch + 1)]];
  },
  compile:
    (attrs) =>
    ([params, indices]) => {
      const batch = batchDimsOf(attrs, indices!.shape.length);
      return [gatherAlong(params!, indices!, batch, batch)];
    },
};

function batchDimsOf(attrs: Attributes, rank: number): number {
  const batch = attrs.int("batch_dims");
  return batch < 0 ? batch + rank : batch;
}

function gatherAlong(params: Tensor, indices: Tensor, axis: number, batchDims: number): Tensor {
  const { shape } = params;
  const size = shape[axis]!;
  const shapeOut = [...shape.slice(0, axis), ...indices.shape.slice(batchDims), ...shape.slice(axis + 1)];
  const [batch, outer, inner] = [
    span(shape, 0, batchDims),
    span(shape, batchDims, axis),
    span(shape, axis + 1),
  ];
  const wanted = integers(indices);
  const perBatch = span(indices.shape, batchDims);
  const outside = wanted.findIndex((index) => index < 0 || index >= size);
  if (outside >= 0) {
    const place = placeText(outside, indices.shape);
    throw invalidArgument(`indices${place} = ${wanted[outside]} is not in [0, ${size})`);
  }
  const sources = new Int32Array(elementCount(shapeOut));
  let target = 0;
  for (let row = 0; row < batch * outer; row++) {
    const first = Math.floor(row / outer) * perBatch;
    for (let i = first; i < first + perBatch; i++) {
      const source = (row * size + wanted[i]!) * inner;
      for (let k = 0; k < inner; k++) sources[target++] = source + k;
    }
  }
  return pick(params, shapeOut, sources);
}

const gatherNd: HostOp = {
  shapes: (_, [params, indices]) => {
    const depth = indices!.shape?.at(-1) ?? -1;
    const rest: PartialShape = depth < 0 ? undefined : params!.shape?.slice(depth);
    return [rest && indices!.shape && [...indices!.shape.slice(0, -1), ...rest]];
  },
  compile:
    () =>
    ([params, indices]) => {
      const { shape } = params!;
      const depth = indices!.shape.at(-1);
      if (depth === undefined) throw invalidArgument("indices must be at least a vector");
      if (depth > shape.length) {
        throw invalidArgument(
          `index innermost dimension length must be <= params rank; saw: ${depth} vs. ${shape.length}`,
        );
      }
      const shapeOut = [...indices!.shape.slice(0, -1), ...shape.slice(depth)];
      const wanted = integers(indices!);
      const strides = stridesOf(shape);
      const inner = span(shape, depth);
      const sources = new Int32Array(elementCount(shapeOut));
      const rows = span(indices!.shape, 0, indices!.shape.length - 1);
      for (let row = 0; row < rows; row++) {
        let source = 0;
        for (let axis = 0; axis < depth; axis++) {
          const index = wanted[row * depth + axis]!;
          if (index < 0 || index >= shape[axis]!) {
            const place = placeText(row, indices!.shape.slice(0, -1));
            const tuple = wanted.slice(row * depth, (row + 1) * depth);
            throw invalidArgument(
              `indices${place} = [${tuple.join(", ")}] does not index into param shape ${formatShape(shape)}`,
            );
          }
          source += index * strides[axis]!;
        }
        for (let k = 0; k < inner; k++) sources[row * inner + k] = source + k;
      }
      return [pick(params!, shapeOut, sources)];
    },
};

const where: HostOp = {
  shapes: (_, [input]) => [[-1, input!.shape?.length ?? -1]],
  compile:
    () =>
    ([input]) => {
      const { shape, dtype } = input!;
      const strides = stridesOf(shape);
      const { lanes } = dtypeInfo(dtype);
      const slots = slotsOf(input!);
      // Half floats are held as bits, of which the first is the sign.
      const isZero = (value: unknown): boolean =>
        dtype === "float16" || dtype === "bfloat16"
          ? ((value as number) & 0x7fff) === 0
          : Number(value) === 0;
      const places: bigint[] = [];
      let rows = 0;
      for (let i = 0; i < slots.length; i += lanes) {
        if (isZero(slots[i]) && (lanes === 1 || isZero(slots[i + 1]))) continue;
        for (const [axis, dim] of shape.entries())
          places.push(BigInt(Math.floor(i / lanes / strides[axis]!) % dim));
        rows++;
      }
      return [{ dtype: "int64", shape: [rows, shape.length], data: BigInt64Array.from(places) }];
    },
};

/** Ops that take elements by their places, or tell the places. */
export const gathering: HostFamily = {
  Gather: gather,
  GatherV2: gatherV2,
  ResourceGatherValue: resourceGatherValue,
  GatherNd: gatherNd,
  Where: where,
};
