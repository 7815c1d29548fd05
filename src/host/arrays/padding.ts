import { invalidArgument } from "../../status/status.ts";
import type { PartialShape, Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp, KnownInput } from "../host-op.ts";
import { elementsOf, newElements, tensorOfElements } from "../sparse/arithmetic.ts";
import { type AxisMap, axisMap, mapAxes } from "./axis-maps.ts";
import { integers, lanesOf, span, stridesOf } from "./elements.ts";
import { knownIntegers, ofRank } from "./known-shapes.ts";

type Pairs = readonly (readonly [before: number, after: number])[];

/** @throws StatusError INVALID_ARGUMENT for amounts that aren't a pair for each axis, or negative. */
function pairsOf(input: Tensor, paddings: Tensor): Pairs {
  const rank = input.shape.length;
  const [rows, columns] = paddings.shape;
  if (paddings.shape.length !== 2 || columns !== 2) {
    throw invalidArgument(`paddings must be a matrix with 2 columns: [${paddings.shape}]`);
  }
  if (rows !== rank) {
    throw invalidArgument(
      `The first dimension of paddings must be the rank of inputs[${rows},2] [${input.shape}]`,
    );
  }
  const amounts = integers(paddings);
  const pairs = input.shape.map((_, axis) => [amounts[2 * axis]!, amounts[2 * axis + 1]!] as const);
  for (const [before, after] of pairs) {
    if (before < 0 || after < 0) throw invalidArgument(`Paddings must be non-negative: ${before} ${after}`);
  }
  return pairs;
}

function paddedShape(_: unknown, [input, paddings]: readonly KnownInput[]): PartialShape[] {
  const amounts = knownIntegers(paddings!);
  const rank = input!.shape?.length ?? paddings!.shape?.[0] ?? -1;
  if (amounts === undefined || input!.shape === undefined) return [ofRank(rank)];
  return [input!.shape.map((dim, i) => (dim < 0 ? -1 : dim + amounts[2 * i]! + amounts[2 * i + 1]!))];
}

const pad: HostOp = {
  shapes: paddedShape,
  compile:
    () =>
    ([input, paddings, fill]) => {
      const maps = pairsOf(input!, paddings!).map(([before, after], axis) => {
        const size = input!.shape[axis]!;
        return axisMap(before + size + after, (i) => (i < before || i >= before + size ? -1 : i - before));
      });
      return [mapAxes(input!, maps, fill)];
    },
};

/** SYMMETRIC repeats the outermost elements, REFLECT doesn't. */
const mirrorPad: HostOp = {
  shapes: paddedShape,
  compile: (attrs) => {
    const repeated = attrs.string("mode") === "SYMMETRIC" ? 1 : 0;
    return ([input, paddings]) => {
      const pairs = pairsOf(input!, paddings!);
      return [mapAxes(input!, mirrorMaps(input!.shape, pairs, repeated))];
    };
  },
};

/** @param repeated 1 if the outermost elements are repeated, else 0. */
function mirrorMaps(shape: Shape, pairs: Pairs, repeated: 0 | 1): AxisMap[] {
  return pairs.map(([before, after], axis) => {
    const size = shape[axis]!;
    const most = size - 1 + repeated;
    if (before > most || after > most) {
      const than = repeated === 1 ? "no greater than" : "less than";
      throw invalidArgument(
        `paddings must be ${than} the dimension size: ${before}, ${after} ${repeated === 1 ? "greater" : "not less"} than ${size}`,
      );
    }
    return axisMap(before + size + after, (i) => {
      const at = i - before;
      if (at < 0) return -at - repeated;
      return at < size ? at : 2 * (size - 1) - at + repeated;
    });
  });
}

/** The gradient of that: elements that were repeated get the sum of what came for each. */
const mirrorPadGrad: HostOp = {
  shapes: (_, [input, paddings]): PartialShape[] => {
    const amounts = knownIntegers(paddings!);
    const rank = input!.shape?.length ?? paddings!.shape?.[0] ?? -1;
    if (amounts === undefined || input!.shape === undefined) return [ofRank(rank)];
    return [input!.shape.map((dim, i) => (dim < 0 ? -1 : dim - amounts[2 * i]! - amounts[2 * i + 1]!))];
  },
  compile: (attrs) => {
    const repeated = attrs.string("mode") === "SYMMETRIC" ? 1 : 0;
    return ([input, paddings]) => {
      const pairs = pairsOf(input!, paddings!);
      const shape = input!.shape.map((dim, axis) => dim - pairs[axis]![0] - pairs[axis]![1]);
      const maps = mirrorMaps(shape, pairs, repeated);
      const { dtype } = input!;
      const out = newElements(dtype, span(shape, 0));
      const [own, inner] = [stridesOf(input!.shape), stridesOf(shape)];
      const from = elementsOf(input!);
      const lanes = lanesOf(dtype);
      for (let i = 0; i < span(input!.shape, 0); i++) {
        let to = 0;
        for (const [axis, map] of maps.entries()) {
          to += map[Math.floor(i / own[axis]!) % map.length]! * inner[axis]!;
        }
        for (let lane = 0; lane < lanes; lane++) out[to * lanes + lane]! += from[i * lanes + lane]!;
      }
      return [tensorOfElements(dtype, shape, out)];
    };
  },
};

/** Ops that add elements around a tensor. */
export const padding: HostFamily = {
  Pad: pad,
  PadV2: pad,
  MirrorPad: mirrorPad,
  MirrorPadGrad: mirrorPadGrad,
};
