import { invalidArgument } from "../../status/status.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integers, integerTensor, pick } from "./elements.ts";

/** For each dimension of one layout, such as NHWC, its place in another. */
function placesOf(from: string, to: string): number[] {
  return [...from].map((letter) => to.indexOf(letter));
}

/** Axes of one layout as those of another. */
const dimMap: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const dtype = attrs.dtype("T");
    const places = placesOf(attrs.string("src_format"), attrs.string("dst_format"));
    return ([input]) => {
      const axes = integers(input!).map((axis) => {
        const from = axis < 0 ? axis + places.length : axis;
        const place = places[from];
        if (place === undefined)
          throw invalidArgument(`Axis ${axis} is not one of ${places.length} dimensions`);
        return place;
      });
      return [integerTensor(dtype, input!.shape, axes)];
    };
  },
};

/** Numbers, or pairs of numbers, per dimension of one layout in the order of another. */
const vecPermute: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const [from, to] = [attrs.string("src_format"), attrs.string("dst_format")];
    return ([input]) => {
      const { shape } = input!;
      const count = shape[0];
      if (count === undefined || shape.length > 2) {
        throw invalidArgument(`input must be a vector or 2D tensor, but got shape ${formatShape(shape)}`);
      }
      // A vector of the spatial dimensions alone leaves batch and channels out.
      const [source, target] =
        count === from.length - 2 ? [from, to].map((layout) => layout.replace(/[NC]/g, "")) : [from, to];
      if (count !== source!.length) {
        throw invalidArgument(
          `1D input must be of size ${from.length - 2} or ${from.length}, but got shape ${formatShape(shape)}`,
        );
      }
      const width = shape[1] ?? 1;
      const places = placesOf(target!, source!);
      const sources = Int32Array.from(
        { length: count * width },
        (_, i) => places[Math.floor(i / width)]! * width + (i % width),
      );
      return [pick(input!, shape, sources)];
    };
  },
};

/** What TensorFlow's layout optimizer writes around ops whose layout it changed. */
export const layouts: HostFamily = { DataFormatDimMap: dimMap, DataFormatVecPermute: vecPermute };
