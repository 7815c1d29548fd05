import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { PartialShape, Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integers, span, withShape } from "../arrays/elements.ts";
import { knownIntegers, vectorLength } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import {
  type Elements,
  elementsOf,
  multiplierOf,
  newElements,
  tensorOfElements,
} from "../sparse/arithmetic.ts";
import {
  arranged,
  fromChannelsLast,
  isChannelsFirst,
  linksOf,
  outputSizes,
  partsOf,
  slidingOf,
  toChannelsLast,
} from "./geometry.ts";

/**
 * A filter [space..., channels of a group, results]. A depthwise one, [space..., channels, multiplier], is as long a list
 * of numbers as one whose groups are of one channel, in the same order.
 */
interface Filter {
  readonly kernel: readonly number[];
  readonly inGroup: number;
  readonly results: number;
}

function filterOf(shape: Shape, isDepthwise: boolean): Filter {
  const [channels, last] = shape.slice(-2) as [number, number];
  const kernel = shape.slice(0, -2);
  return isDepthwise
    ? { kernel, inGroup: 1, results: channels * last }
    : { kernel, inGroup: channels, results: last };
}

/** What a convolution links: an element of its input, one of its filter, one of its output. */
type Accumulate = (x: number, filter: number, y: number) => void;

/** Calls `accumulate` for each product that a convolution adds up. Tensors have their channels last. */
function visit(
  attrs: Attributes,
  input: Shape,
  { kernel, inGroup, results }: Filter,
  accumulate: Accumulate,
): Shape {
  const batch = input[0]!;
  const space = input.slice(1, -1);
  const channels = input.at(-1)!;
  if (inGroup === 0 || channels % inGroup !== 0) {
    throw invalidArgument(`input depth must be evenly divisible by filter depth: ${channels} vs ${inGroup}`);
  }
  const perGroup = results / (channels / inGroup);
  const links = linksOf(slidingOf(attrs, space.length), space, kernel);
  const [positions, size] = [span(links.outputSizes, 0), span(space, 0)];
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < links.outputs.length; i++) {
      const x = (image * size + links.inputs[i]!) * channels;
      const y = (image * positions + links.outputs[i]!) * results;
      const filter = links.taps[i]! * inGroup * results;
      for (let result = 0; result < results; result++) {
        const group = Math.floor(result / perGroup) * inGroup;
        for (let c = 0; c < inGroup; c++)
          accumulate(x + group + c, filter + c * results + result, y + result);
      }
    }
  }
  return [batch, ...links.outputSizes, results];
}

/** Sums of narrow floats are rounded at the end. */
function accumulator(dtype: Tensor["dtype"], count: number): Elements {
  return dtype.includes("float") ? new Float64Array(count) : newElements(dtype, count);
}

function rounded(dtype: Tensor["dtype"], shape: Shape, sums: Elements): Tensor {
  const out = newElements(dtype, sums.length);
  out.set(sums);
  return tensorOfElements(dtype, shape, out);
}

const forward = (isDepthwise: boolean): HostOp => ({
  shapes: (attrs, [x, filter]): PartialShape[] => {
    const channelsFirst = isChannelsFirst(attrs);
    const parts = partsOf(x!.shape, channelsFirst);
    if (parts === undefined || filter!.shape === undefined) return [undefined];
    const { kernel, results } = filterOf(filter!.shape, isDepthwise);
    const sizes = outputSizes(slidingOf(attrs, parts.space.length), parts.space, kernel);
    const channels = filter!.shape.slice(-2).some((size) => size < 0) && isDepthwise ? -1 : results;
    return [arranged(parts.batch, sizes, channels, channelsFirst)];
  },
  compile: (attrs) => {
    const channelsFirst = isChannelsFirst(attrs);
    return ([x, filter]) => {
      const input = toChannelsLast(x!, channelsFirst);
      const { dtype } = input;
      const form = filterOf(filter!.shape, isDepthwise);
      const sizes = outputSizes(slidingOf(attrs, form.kernel.length), input.shape.slice(1, -1), form.kernel);
      const shape = [input.shape[0]!, ...sizes, form.results];
      const out = accumulator(dtype, span(shape, 0));
      const [from, weights, times] = [elementsOf(input), elementsOf(filter!), multiplierOf(dtype)];
      visit(attrs, input.shape, form, (i, k, o) => {
        out[o]! += times(from[i]!, weights[k]!);
      });
      return [fromChannelsLast(rounded(dtype, shape, out), channelsFirst)];
    };
  },
});

/** The shape of a convolution's input: it is told whole, or only the sizes of its space, or by a tensor of that shape. */
type SizesOf = (first: Tensor, grad: Tensor, filter: Filter, channelsFirst: boolean) => Shape;

const bySizes: SizesOf = (first, grad, { inGroup }, channelsFirst) => {
  const sizes = integers(first);
  if (sizes.length === grad.shape.length) return sizes;
  return arranged(grad.shape[0]!, sizes, inGroup, channelsFirst);
};

const byTensor: SizesOf = (first) => first.shape;

const towardsInput = (isDepthwise: boolean, sizesOf: SizesOf): HostOp => ({
  shapes: (_, [first, , grad]): PartialShape[] => {
    if (sizesOf === byTensor) return [first!.shape];
    const known = knownIntegers(first!);
    const rank = grad!.shape?.length ?? -1;
    if (rank < 0) return [undefined];
    return [known?.length === rank ? known : new Array<number>(rank).fill(-1)];
  },
  compile: (attrs) => {
    const channelsFirst = isChannelsFirst(attrs);
    return ([first, filter, grad]) => {
      const form = filterOf(filter!.shape, isDepthwise);
      const told = sizesOf(first!, grad!, form, channelsFirst);
      const { batch, space, channels } = partsOf(told, channelsFirst)!;
      const input = [batch, ...space, channels];
      const { dtype } = grad!;
      const out = accumulator(dtype, span(input, 0));
      const gradient = toChannelsLast(grad!, channelsFirst);
      const expected = [
        batch,
        ...outputSizes(slidingOf(attrs, space.length), space, form.kernel),
        form.results,
      ];
      checkGradient(gradient.shape, expected);
      const [from, weights, times] = [elementsOf(gradient), elementsOf(filter!), multiplierOf(dtype)];
      visit(attrs, input, form, (i, k, o) => {
        out[i]! += times(from[o]!, weights[k]!);
      });
      return [fromChannelsLast(rounded(dtype, input, out), channelsFirst)];
    };
  },
});

function checkGradient(shape: Shape, expected: Shape): void {
  if (String(shape) === String(expected)) return;
  throw invalidArgument(`out_backprop has the shape [${shape}] where [${expected}] was expected`);
}

const towardsFilter = (isDepthwise: boolean, sizesOf: (second: Tensor) => Shape): HostOp => ({
  shapes: (_, [, second]): PartialShape[] => {
    if (sizesOf === shapeOf) return [second!.shape];
    const rank = vectorLength(second!);
    return [knownIntegers(second!) ?? (rank < 0 ? undefined : new Array<number>(rank).fill(-1))];
  },
  compile: (attrs) => {
    const channelsFirst = isChannelsFirst(attrs);
    return ([x, second, grad]) => {
      const shape = sizesOf(second!);
      const form = filterOf(shape, isDepthwise);
      const [input, gradient] = [x!, grad!].map((tensor) => toChannelsLast(tensor, channelsFirst)) as [
        Tensor,
        Tensor,
      ];
      const space = input.shape.slice(1, -1);
      const sizes = outputSizes(slidingOf(attrs, space.length), space, form.kernel);
      checkGradient(gradient.shape, [input.shape[0]!, ...sizes, form.results]);
      const { dtype } = input;
      const out = accumulator(dtype, span(shape, 0));
      const [from, back] = [elementsOf(input), elementsOf(gradient)];
      visit(attrs, input.shape, form, (i, k, o) => {
        out[k]! += from[i]! * back[o]!;
      });
      return [rounded(dtype, shape, out)];
    };
  },
});

const shapeOf = (tensor: Tensor): Shape => tensor.shape;

/** The op Conv, which may have several axes of batch. */
const anyRank: HostOp = {
  shapes: () => [undefined],
  compile: (attrs) => {
    const kernel = forward(false).compile(attrs);
    const batchDims = attrs.int("batch_dims");
    return ([x, filter]) => {
      const front = x!.shape.slice(0, batchDims);
      const flat = withShape(x!, [span(front, 0), ...x!.shape.slice(batchDims)]);
      const [result] = kernel([flat, filter!]) as [Tensor];
      return [withShape(result, [...front, ...result.shape.slice(1)])];
    };
  },
};

/** Convolutions whose filters are told only when they run, and their gradients. */
export const convolution: HostFamily = {
  Conv: anyRank,
  Conv2D: forward(false),
  Conv3D: forward(false),
  DepthwiseConv2dNative: forward(true),
  Conv2DBackpropInput: towardsInput(false, bySizes),
  Conv3DBackpropInput: towardsInput(false, byTensor),
  Conv3DBackpropInputV2: towardsInput(false, bySizes),
  DepthwiseConv2dNativeBackpropInput: towardsInput(true, bySizes),
  Conv2DBackpropFilter: towardsFilter(false, integers),
  Conv3DBackpropFilter: towardsFilter(false, shapeOf),
  Conv3DBackpropFilterV2: towardsFilter(false, integers),
  DepthwiseConv2dNativeBackpropFilter: towardsFilter(true, integers),
};
