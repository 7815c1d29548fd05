import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { PartialShape } from "../../tensor/shape.ts";
import type { NumericTensor } from "../../tensor/tensor.ts";
import { integers } from "../arrays/elements.ts";
import { knownIntegers } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp } from "../host-op.ts";

/** What is seen where a glimpse reaches over the edge of its image. */
function noiseOf(attrs: Attributes): () => number {
  const noise = attrs.string("noise");
  if (noise === "zero") return () => 0;
  if (noise === "gaussian" || !attrs.bool("uniform_noise")) return gaussian;
  return Math.random;
}

function gaussian(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/** Where a window of `part` elements begins in `whole` ones. */
type Start = (offset: number, whole: number, part: number) => number;

/** The first version takes half of the window off in any case, and half of offsets in pixels too. */
function firstStart(isCentered: boolean, isNormalized: boolean): Start {
  return (offset, whole, part) => {
    const place = Math.fround(isNormalized ? offset * whole : offset);
    return Math.trunc(Math.fround((isCentered ? place / 2 + whole / 2 : place) - part / 2));
  };
}

function secondStart(isCentered: boolean, isNormalized: boolean): Start {
  if (isNormalized && isCentered) return firstStart(true, true);
  return (offset, whole) => {
    const place = Math.fround(isNormalized ? offset * whole : offset);
    return Math.trunc(isCentered ? Math.fround(place + whole / 2) : place);
  };
}

/** A window of each image, around a place of its own. */
const extractGlimpse = (startOf: (isCentered: boolean, isNormalized: boolean) => Start): HostOp => ({
  shapes: (_, [input, size]): PartialShape[] => {
    const [height, width] = knownIntegers(size!) ?? [-1, -1];
    return [[input!.shape?.[0] ?? -1, height!, width!, input!.shape?.[3] ?? -1]];
  },
  compile: (attrs) => {
    const start = startOf(attrs.bool("centered"), attrs.bool("normalized"));
    const noise = noiseOf(attrs);
    return ([input, size, offsets]) => {
      if (input!.shape.length !== 4) {
        throw invalidArgument(
          `input must be 4-dimensional (batch_size, height, width, depth)[${input!.shape.join(",")}]`,
        );
      }
      const [batch, rows, columns, channels] = input!.shape as [number, number, number, number];
      const [height, width] = integers(size!) as [number, number];
      if (offsets!.shape.length !== 2 || offsets!.shape[1] !== 2) {
        throw invalidArgument("offsets must be a matrix with two columns");
      }
      if (offsets!.shape[0] !== batch) {
        throw invalidArgument(
          `first dimension should be batch, got ${offsets!.shape[0]} offsets for ${batch} images`,
        );
      }
      const from = input!.data as Float32Array;
      const places = offsets!.data as Float32Array;
      const out = new Float32Array(batch * height * width * channels);
      for (let image = 0, to = 0; image < batch; image++) {
        const top = start(places[2 * image]!, rows, height);
        const left = start(places[2 * image + 1]!, columns, width);
        for (let i = 0; i < height; i++) {
          for (let j = 0; j < width; j++) {
            const [row, column] = [top + i, left + j];
            const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
            const at = ((image * rows + row) * columns + column) * channels;
            for (let c = 0; c < channels; c++) out[to++] = isInside ? from[at + c]! : noise();
          }
        }
      }
      return [
        { dtype: "float32", shape: [batch, height, width, channels], data: out } satisfies NumericTensor,
      ];
    };
  },
});

export const glimpses: HostFamily = {
  ExtractGlimpse: extractGlimpse(firstStart),
  ExtractGlimpseV2: extractGlimpse(secondStart),
};
