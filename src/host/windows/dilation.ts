import type { Attributes } from "../../registry/attributes.ts";
import type { PartialShape, Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { type Elements, elementsOf, newElements, tensorOfElements } from "../sparse/arithmetic.ts";
import { type Links, linksOf, outputSizes, slidingOf } from "./geometry.ts";

/** For each element of the result, which element of the input and which of the filter make the largest sum. */
interface Winners {
  readonly inputs: Int32Array;
  readonly filters: Int32Array;
  readonly shape: Shape;
}

function winners(attrs: Attributes, input: Tensor, filter: Tensor): Winners {
  const { shape } = input;
  const [batch, channels] = [shape[0]!, shape.at(-1)!];
  const links: Links = linksOf(slidingOf(attrs, 2, "rates"), shape.slice(1, 3), filter.shape.slice(0, 2));
  const [size, positions] = [span(shape, 1, 3), span(links.outputSizes, 0)];
  const [values, weights] = [elementsOf(input), elementsOf(filter)];
  const count = batch * positions * channels;
  const [inputs, filters] = [new Int32Array(count).fill(-1), new Int32Array(count)];
  for (let image = 0; image < batch; image++) {
    for (let i = 0; i < links.outputs.length; i++) {
      for (let c = 0; c < channels; c++) {
        const from = (image * size + links.inputs[i]!) * channels + c;
        const tap = links.taps[i]! * channels + c;
        const to = (image * positions + links.outputs[i]!) * channels + c;
        const best = inputs[to]! < 0 ? undefined : values[inputs[to]!]! + weights[filters[to]!]!;
        if (best !== undefined && !(values[from]! + weights[tap]! > best)) continue;
        inputs[to] = from;
        filters[to] = tap;
      }
    }
  }
  return { inputs, filters, shape: [batch, ...links.outputSizes, channels] };
}

/** The largest sum of an element and the filter's number for its place in the window. */
const dilation: HostOp = {
  shapes: (attrs, [input, filter]): PartialShape[] => {
    if (input!.shape === undefined || filter!.shape === undefined) return [undefined];
    const [batch, , , channels] = input!.shape as [number, number, number, number];
    const sliding = slidingOf(attrs, 2, "rates");
    return [[batch, ...outputSizes(sliding, input!.shape.slice(1, 3), filter!.shape.slice(0, 2)), channels]];
  },
  compile: (attrs) => {
    const dtype = attrs.dtype("T");
    return ([input, filter]) => {
      const { inputs, filters, shape } = winners(attrs, input!, filter!);
      const [values, weights] = [elementsOf(input!), elementsOf(filter!)];
      const out = newElements(dtype, inputs.length);
      for (let i = 0; i < out.length; i++) out[i] = values[inputs[i]!]! + weights[filters[i]!]!;
      return [tensorOfElements(dtype, shape, out)];
    };
  },
};

/** The gradient goes to those that made the largest sum. */
const gradient = (towards: "inputs" | "filters"): HostOp => ({
  shapes: (_, [input, filter]) => [(towards === "inputs" ? input! : filter!).shape],
  compile: (attrs) => {
    const dtype = attrs.dtype("T");
    return ([input, filter, grad]) => {
      const found = winners(attrs, input!, filter!)[towards];
      const { shape } = towards === "inputs" ? input! : filter!;
      const from = elementsOf(grad!);
      const out: Elements = newElements(dtype, span(shape, 0));
      for (const [i, winner] of found.entries()) out[winner]! += from[i]!;
      return [tensorOfElements(dtype, shape, out)];
    };
  },
});

/** Grayscale dilation and its gradients. */
export const dilations: HostFamily = {
  Dilation2D: dilation,
  Dilation2DBackpropInput: gradient("inputs"),
  Dilation2DBackpropFilter: gradient("filters"),
};
