import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { PartialShape, Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integers, pick, span } from "../arrays/elements.ts";
import { knownIntegers, vectorLength } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type Elements, elementsOf, newElements, tensorOfElements } from "../sparse/arithmetic.ts";
import {
  arranged,
  fromChannelsLast,
  isChannelsFirst,
  type Links,
  linksOf,
  outputSizes,
  partsOf,
  slidingOf,
  spatial,
  toChannelsLast,
} from "./geometry.ts";

/** The window of a pool: its size, and how it slides over a space. */
interface Pool {
  readonly kernel: readonly number[];
  readonly links: Links;
}

/** @param given ksize and strides where they come as inputs. */
function poolOf(attrs: Attributes, space: readonly number[], given: readonly Tensor[]): Pool {
  const channelsFirst = isChannelsFirst(attrs);
  const ksize = given.length === 0 ? attrs.ints("ksize") : integers(given[0]!);
  const sliding = slidingOf(attrs, space.length);
  const kernel = spatial(ksize, channelsFirst);
  if (span(ksize, 0) !== span(kernel, 0)) {
    throw invalidArgument("Pooling is not yet supported on the batch or depth dimension.");
  }
  const strides = given.length === 0 ? sliding.strides : spatial(integers(given[1]!), channelsFirst);
  return { kernel, links: linksOf({ ...sliding, strides }, space, kernel) };
}

/**
 * For each element of a max pool's result, with channels last, the element of its input that it is: the first of the
 * largest ones of its window.
 */
function winners(input: Tensor, { links }: Pool): Int32Array {
  const { shape } = input;
  const [batch, channels] = [shape[0]!, shape.at(-1)!];
  const [size, positions] = [span(shape, 1, shape.length - 1), span(links.outputSizes, 0)];
  const values = elementsOf(input);
  const best = new Int32Array(batch * positions * channels).fill(-1);
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < links.outputs.length; i++) {
      const from = (image * size + links.inputs[i]!) * channels;
      const to = (image * positions + links.outputs[i]!) * channels;
      for (let c = 0; c < channels; c++) {
        if (best[to + c]! < 0 || values[from + c]! > values[best[to + c]!]!) best[to + c] = from + c;
      }
    }
  }
  return best;
}

const maxPool: HostOp = {
  shapes: (attrs, [x, ksize, strides]): PartialShape[] => {
    const channelsFirst = isChannelsFirst(attrs);
    const parts = partsOf(x!.shape, channelsFirst);
    const [kernel, steps] = [knownIntegers(ksize!), knownIntegers(strides!)];
    if (parts === undefined) return [undefined];
    if (kernel === undefined || steps === undefined) {
      return [arranged(parts.batch, [-1, -1], parts.channels, channelsFirst)];
    }
    const sliding = { ...slidingOf(attrs, 2), strides: spatial(steps, channelsFirst) };
    const sizes = outputSizes(sliding, parts.space, spatial(kernel, channelsFirst));
    return [arranged(parts.batch, sizes, parts.channels, channelsFirst)];
  },
  compile: (attrs) => {
    const channelsFirst = isChannelsFirst(attrs);
    return ([x, ...given]) => {
      const input = toChannelsLast(x!, channelsFirst);
      const pool = poolOf(attrs, input.shape.slice(1, -1), given);
      const shape = [input.shape[0]!, ...pool.links.outputSizes, input.shape.at(-1)!];
      return [fromChannelsLast(pick(input, shape, winners(input, pool)), channelsFirst)];
    };
  },
};

function sums(dtype: Tensor["dtype"], count: number): Elements {
  return dtype.includes("float") ? new Float64Array(count) : newElements(dtype, count);
}

function rounded(dtype: Tensor["dtype"], shape: Shape, values: Elements): Tensor {
  const out = newElements(dtype, values.length);
  out.set(values);
  return tensorOfElements(dtype, shape, out);
}

/** @param compute of the input and of the gradient, both with the channels last. */
function withGradient(compute: (input: Tensor, gradient: Tensor, pool: Pool) => Tensor): HostOp["compile"] {
  return (attrs) => {
    const channelsFirst = isChannelsFirst(attrs);
    return ([x, , grad, ...given]) => {
      const input = toChannelsLast(x!, channelsFirst);
      const gradient = toChannelsLast(grad!, channelsFirst);
      const pool = poolOf(attrs, input.shape.slice(1, -1), given);
      return [fromChannelsLast(compute(input, gradient, pool), channelsFirst)];
    };
  };
}

/** What comes for an element of the result goes to the element of the input that it was. */
const maxPoolGrad: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: withGradient((input, gradient, pool) => {
    checkGradient(gradient.shape, [input.shape[0]!, ...pool.links.outputSizes, input.shape.at(-1)!]);
    const out = sums(gradient.dtype, span(input.shape, 0));
    const from = elementsOf(gradient);
    for (const [i, winner] of winners(input, pool).entries()) out[winner]! += from[i]!;
    return rounded(gradient.dtype, input.shape, out);
  }),
};

function checkGradient(shape: Shape, expected: Shape): void {
  if (String(shape) === String(expected)) return;
  throw invalidArgument(`Expected grad shape to be [${expected}], but got [${shape}]`);
}

/** The gradient of that: what comes for the element of the input goes on to the result. */
const maxPoolGradGrad: HostOp = {
  shapes: (_, [, output]) => [output!.shape],
  compile: withGradient((input, gradient, pool) => {
    checkGradient(gradient.shape, input.shape);
    const shape = [input.shape[0]!, ...pool.links.outputSizes, input.shape.at(-1)!];
    return pick(gradient, shape, winners(input, pool));
  }),
};

/** Where the largest elements were is told, counted within an image or over the whole batch. */
const maxPoolGradWithArgmax: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const overBatch = attrs.bool("include_batch_in_index");
    return ([input, grad, argmax]) => {
      const { dtype } = grad!;
      const { shape } = input!;
      const total = span(shape, 0);
      const out = sums(dtype, total);
      const from = elementsOf(grad!);
      const perImage = span(shape, 1);
      const perResult = span(grad!.shape, 1);
      for (const [i, position] of integers(argmax!).entries()) {
        const at = overBatch ? position : position + Math.floor(i / perResult) * perImage;
        if (at < 0 || at >= total) {
          throw invalidArgument(`Invalid input index: ${position}, total input size: ${total}`);
        }
        out[at]! += from[i]!;
      }
      return [rounded(dtype, shape, out)];
    };
  },
};

/** What comes for an average is shared out among the elements that it was made of. */
const avgPoolGrad: HostOp = {
  shapes: (_, [sizes]): PartialShape[] => {
    const rank = vectorLength(sizes!);
    return [knownIntegers(sizes!) ?? (rank < 0 ? undefined : new Array<number>(rank).fill(-1))];
  },
  compile: (attrs) => {
    const channelsFirst = isChannelsFirst(attrs);
    return ([sizes, grad]) => {
      const { batch, space, channels } = partsOf(integers(sizes!), channelsFirst)!;
      const gradient = toChannelsLast(grad!, channelsFirst);
      const { links } = poolOf(attrs, space, []);
      checkGradient(gradient.shape, [batch, ...links.outputSizes, channels]);
      const counts = new Int32Array(span(links.outputSizes, 0));
      for (const position of links.outputs) counts[position]!++;
      const size = span(space, 0);
      const out = sums(gradient.dtype, batch * size * channels);
      const from = elementsOf(gradient);
      for (let image = 0; image < batch; image++) {
        for (let i = 0; i < links.outputs.length; i++) {
          const position = links.outputs[i]!;
          const to = (image * size + links.inputs[i]!) * channels;
          const source = (image * counts.length + position) * channels;
          for (let c = 0; c < channels; c++) out[to + c]! += from[source + c]! / counts[position]!;
        }
      }
      return [fromChannelsLast(rounded(gradient.dtype, [batch, ...space, channels], out), channelsFirst)];
    };
  },
};

/** A max pool whose window is an input, and the gradients of pools. */
export const pooling: HostFamily = {
  MaxPoolV2: maxPool,
  MaxPoolGrad: maxPoolGrad,
  MaxPoolGradV2: maxPoolGrad,
  MaxPool3DGrad: maxPoolGrad,
  MaxPoolGradGrad: maxPoolGradGrad,
  MaxPoolGradGradV2: maxPoolGradGrad,
  MaxPool3DGradGrad: maxPoolGradGrad,
  MaxPoolGradWithArgmax: maxPoolGradWithArgmax,
  AvgPoolGrad: avgPoolGrad,
  AvgPool3DGrad: avgPoolGrad,
};
