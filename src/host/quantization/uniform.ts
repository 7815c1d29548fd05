import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { span } from "../arrays/elements.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integersOf, quantizedTensor } from "./quantized-ops.ts";

// Numbers as (integer - zero point) * scale: one scale for all, or one for each index along an axis.

const { fround } = Math;

/** Which scale, zero point or limit an element has: each is one number or one per index of the axis. */
function groupOf(tensor: Tensor, axis: number): (index: number) => number {
  if (axis < 0) return () => 0;
  const inner = span(tensor.shape, axis + 1);
  const size = tensor.shape[axis]!;
  return (index) => Math.floor(index / inner) % size;
}

function checkParameters(tensor: Tensor, axis: number, ...parameters: readonly Tensor[]): void {
  if (axis >= tensor.shape.length) {
    throw invalidArgument(`quantization_axis must be less than the rank ${tensor.shape.length}, got ${axis}`);
  }
  for (const { shape } of parameters) {
    const expected = axis < 0 ? "" : String(tensor.shape[axis]);
    if (String(shape) !== expected) {
      throw invalidArgument(
        `quantization parameters must have the shape [${expected}] for the axis ${axis}, got [${shape}]`,
      );
    }
  }
}

function attributesOf(attrs: Attributes): {
  readonly axis: number;
  readonly low: number;
  readonly high: number;
} {
  return {
    axis: attrs.int("quantization_axis"),
    low: attrs.int("quantization_min_val"),
    high: attrs.int("quantization_max_val"),
  };
}

const quantize: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const { axis, low, high } = attributesOf(attrs);
    const dtype: DType = attrs.dtype("Tout");
    return ([input, scales, zeroPoints]) => {
      checkParameters(input!, axis, scales!, zeroPoints!);
      const group = groupOf(input!, axis);
      const inverse = Float32Array.from(scales!.data as Float32Array, (scale) => 1 / scale);
      const zeros = integersOf(zeroPoints!);
      const out = Float64Array.from(input!.data as Float32Array, (value, i) => {
        const at = group(i);
        const steps = Math.floor(fround(fround(value * inverse[at]!) + 0.5)) + zeros[at]!;
        return Math.min(Math.max(steps, low), high);
      });
      return [quantizedTensor(dtype, input!.shape, out)];
    };
  },
};

const dequantize: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const { axis } = attributesOf(attrs);
    return ([input, scales, zeroPoints]) => {
      checkParameters(input!, axis, scales!, zeroPoints!);
      const group = groupOf(input!, axis);
      const [steps, zeros] = [scales!.data as Float32Array, integersOf(zeroPoints!)];
      const data = Float32Array.from(
        integersOf(input!),
        (value, i) => (value - zeros[group(i)]!) * steps[group(i)]!,
      );
      return [{ dtype: "float32", shape: input!.shape, data }];
    };
  },
};

const clip: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile: (attrs) => {
    const { axis } = attributesOf(attrs);
    return ([input, min, max, scales, zeroPoints]) => {
      checkParameters(input!, axis, scales!, zeroPoints!, min!, max!);
      const group = groupOf(input!, axis);
      const [low, high] = [integersOf(min!), integersOf(max!)];
      const out = Float64Array.from(integersOf(input!), (value, i) =>
        Math.min(Math.max(value, low[group(i)]!), high[group(i)]!),
      );
      return [quantizedTensor(input!.dtype, input!.shape, out)];
    };
  },
};

/** TensorFlow's newer kind of quantization. */
export const uniformQuantization: HostFamily = {
  UniformQuantize: quantize,
  UniformDequantize: dequantize,
  UniformQuantizedClipByValue: clip,
};
