import type { Attributes } from "../../registry/attributes.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integers } from "../arrays/elements.ts";
import { knownIntegers } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { elementsOf, newElements, tensorOfElements } from "../sparse/arithmetic.ts";

const { fround } = Math;

/** What a place of a resized axis was made of: an element and its share. */
type Source = readonly (readonly [at: number, share: number])[];

interface Alignment {
  readonly isCorners: boolean;
  readonly isHalfPixel: boolean;
}

function alignmentOf(attrs: Attributes): Alignment {
  return { isCorners: attrs.bool("align_corners"), isHalfPixel: attrs.bool("half_pixel_centers") };
}

function scaleOf({ isCorners }: Alignment, from: number, to: number): number {
  return isCorners && to > 1 ? fround((from - 1) / (to - 1)) : fround(from / to);
}

/** @param from the size of the axis before, @param to after it was resized. */
function bilinear(alignment: Alignment, from: number, to: number): Source[] {
  const scale = scaleOf(alignment, from, to);
  return Array.from({ length: to }, (_, i) => {
    const place = alignment.isHalfPixel ? fround(fround((i + 0.5) * scale) - 0.5) : fround(i * scale);
    const share = fround(place - Math.floor(place));
    const [lower, upper] = [Math.max(Math.floor(place), 0), Math.min(Math.ceil(place), from - 1)];
    return [
      [lower, 1 - share],
      [upper, share],
    ];
  });
}

function nearest(alignment: Alignment, from: number, to: number): Source[] {
  const scale = scaleOf(alignment, from, to);
  return Array.from({ length: to }, (_, i) => {
    const place = fround((alignment.isHalfPixel ? i + 0.5 : i) * scale);
    const at = alignment.isCorners ? Math.floor(place + 0.5) : Math.floor(place);
    return [[Math.max(0, Math.min(at, from - 1)), 1]];
  });
}

/** Hands each pixel's gradient to those that it was made of. */
function spread(
  grads: Tensor,
  dtype: Tensor["dtype"],
  rows: Source[],
  columns: Source[],
  size: readonly number[],
): Tensor {
  const [height, width] = size as [number, number];
  const [batch, , , channels] = grads.shape as [number, number, number, number];
  const from = elementsOf(grads);
  const sums = new Float64Array(batch * height * width * channels);
  for (let image = 0, at = 0; image < batch; image++) {
    for (const row of rows) {
      for (const column of columns) {
        for (const [y, rowShare] of row) {
          for (const [x, columnShare] of column) {
            const to = ((image * height + y) * width + x) * channels;
            for (let c = 0; c < channels; c++) sums[to + c]! += from[at + c]! * rowShare * columnShare;
          }
        }
        at += channels;
      }
    }
  }
  const out = newElements(dtype, sums.length);
  out.set(sums);
  return tensorOfElements(dtype, [batch, height, width, channels], out);
}

const bilinearGrad: HostOp = {
  shapes: (_, [, original]) => [original!.shape],
  compile: (attrs) => {
    const alignment = alignmentOf(attrs);
    const dtype = attrs.dtype("T") as Tensor["dtype"];
    return ([grads, original]) => {
      const [rows, columns] = [1, 2].map((axis) =>
        bilinear(alignment, original!.shape[axis]!, grads!.shape[axis]!),
      ) as [Source[], Source[]];
      return [spread(grads!, dtype, rows, columns, original!.shape.slice(1, 3))];
    };
  },
};

const nearestGrad: HostOp = {
  shapes: (_, [grads, size]): PartialShape[] => {
    const [height, width] = knownIntegers(size!) ?? [-1, -1];
    return [[grads!.shape?.[0] ?? -1, height!, width!, grads!.shape?.[3] ?? -1]];
  },
  compile: (attrs) => {
    const alignment = alignmentOf(attrs);
    return ([grads, size]) => {
      const sizes = integers(size!);
      const [rows, columns] = [0, 1].map((i) => nearest(alignment, sizes[i]!, grads!.shape[i + 1]!)) as [
        Source[],
        Source[],
      ];
      return [spread(grads!, grads!.dtype, rows, columns, sizes)];
    };
  },
};

export const resizeGradients: HostFamily = {
  ResizeBilinearGrad: bilinearGrad,
  ResizeNearestNeighborGrad: nearestGrad,
};
