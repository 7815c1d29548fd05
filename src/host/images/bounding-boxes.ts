import { invalidArgument } from "../../status/status.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type Floats, type FloatType, floatsOf, floatTensor, newFloats } from "../math/floats.ts";

/** In red, green, blue and opacity; boxes take them in turn. */
const COLORS: readonly (readonly number[])[] = [
  [1, 1, 0, 1],
  [0, 0, 1, 1],
  [1, 0, 0, 1],
  [0, 1, 0, 1],
  [0.5, 0, 0.5, 1],
  [0.5, 0.5, 0, 1],
  [0.5, 0, 0, 1],
  [0, 0, 0.5, 1],
  [0, 1, 1, 1],
  [1, 0, 1, 1],
];

interface Canvas {
  readonly pixels: Floats;
  /** Where the image begins. */
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
}

/** @param box top, left, bottom, right, as shares of the image's height and width. */
function draw(canvas: Canvas, box: ArrayLike<number>, color: ArrayLike<number>): void {
  const { pixels, offset, rows, columns, channels } = canvas;
  const [top, left, bottom, right] = [rows, columns, rows, columns].map((size, i) =>
    Math.trunc(Math.fround(box[i]! * (size - 1))),
  ) as [number, number, number, number];
  if (top > bottom || left > right || top >= rows || bottom < 0 || left >= columns || right < 0) return;
  const paint = (row: number, column: number): void => {
    const at = offset + (row * columns + column) * channels;
    for (let c = 0; c < channels; c++) pixels[at + c] = color[c]!;
  };
  const [firstRow, lastRow] = [Math.max(top, 0), Math.min(bottom, rows - 1)];
  const [firstColumn, lastColumn] = [Math.max(left, 0), Math.min(right, columns - 1)];
  for (let column = firstColumn; column <= lastColumn; column++) {
    if (top >= 0) paint(top, column);
    if (bottom < rows) paint(bottom, column);
  }
  for (let row = firstRow; row <= lastRow; row++) {
    if (left >= 0) paint(row, left);
    if (right < columns) paint(row, right);
  }
}

const drawBoundingBoxes: HostOp = {
  shapes: (_, [images]) => [images!.shape],
  compile:
    (attrs) =>
    ([images, boxes, colors]) => {
      const { shape } = images!;
      const channels = shape[3]!;
      if (shape.length !== 4) throw invalidArgument("The rank of the images should be 4");
      if (boxes!.shape.length !== 3) throw invalidArgument("The rank of the boxes tensor should be 3");
      if (boxes!.shape[0] !== shape[0]) throw invalidArgument("The batch sizes should be the same");
      if (channels !== 1 && channels !== 3 && channels !== 4) {
        throw invalidArgument("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)");
      }
      const [batch, rows, columns] = shape as [number, number, number];
      const pixels = newFloats(attrs.dtype("T") as FloatType, batch * rows * columns * channels);
      pixels.set(floatsOf(images!));
      const palette = paletteOf(colors === undefined ? undefined : floatsOf(colors), colors?.shape, channels);
      const edges = boxes!.data as Float32Array;
      const count = boxes!.shape[1]!;
      for (let image = 0; image < batch; image++) {
        const offset = image * rows * columns * channels;
        for (let i = 0; i < count; i++) {
          const at = (image * count + i) * 4;
          draw(
            { pixels, offset, rows, columns, channels },
            edges.subarray(at, at + 4),
            palette[i % palette.length]!,
          );
        }
      }
      return [floatTensor(attrs.dtype("T") as FloatType, shape, pixels)];
    },
};

/** Without colours that are given, the usual ones; gray images get white. */
function paletteOf(
  given: Floats | undefined,
  shape: readonly number[] | undefined,
  channels: number,
): readonly (readonly number[])[] {
  const [rows, width] = shape ?? [0, 0];
  if (given === undefined || rows === 0) return channels === 1 ? COLORS.map(() => [1]) : COLORS;
  if (width! < channels) {
    throw invalidArgument(
      `colors must have equal or more channels than the image provided: [${shape!.join(",")}]`,
    );
  }
  return Array.from({ length: rows! }, (_, i) =>
    Array.from({ length: channels }, (_c, c) => given[i * width! + c]!),
  );
}

export const boundingBoxes: HostFamily = {
  DrawBoundingBoxes: drawBoundingBoxes,
  DrawBoundingBoxesV2: drawBoundingBoxes,
};
