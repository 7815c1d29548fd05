import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import { elementCount, formatShape, type PartialShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp } from "../host-op.ts";
import { integers, lanesOf, newSlots, type Slots, slotsOf, stridesOf, tensorOf } from "./elements.ts";
import { broadcastShape, knownIntegers, ofRank, vectorLength } from "./known-shapes.ts";
import { planSlice, type SlicePlan, sliceMasks } from "./slice-plan.ts";
import { broadcastTo } from "./view.ts";

/** Writes a tensor to where a slice of another of the given shape lies. */
function write(to: Slots, shape: Shape, plan: SlicePlan, value: Tensor): void {
  const own = stridesOf(shape);
  const lanes = lanesOf(value.dtype);
  const from = slotsOf(value);
  const inner = stridesOf(plan.shape);
  const offset = plan.axes.reduce((sum, axis, i) => sum + axis.begin! * own[i]!, 0);
  const count = elementCount(plan.shape);
  for (let i = 0; i < count; i++) {
    let target = offset;
    for (const [axis, source] of plan.sources.entries()) {
      if (source === undefined) continue;
      const at = Math.floor(i / inner[axis]!) % plan.shape[axis]!;
      target += at * plan.axes[source]!.stride * own[source]!;
    }
    for (let lane = 0; lane < lanes; lane++) to[target * lanes + lane] = from[i * lanes + lane];
  }
}

function planOf(attrs: Attributes, shape: Shape, [begin, end, strides]: readonly Tensor[]): SlicePlan {
  const steps = integers(strides!);
  return planSlice(shape, steps.length, integers(begin!), integers(end!), steps, sliceMasks(attrs));
}

/** The gradient of a slice: zeros around what came for the slice. */
const stridedSliceGrad: HostOp = {
  shapes: (_, [shape]): PartialShape[] => [knownIntegers(shape!) ?? ofRank(vectorLength(shape!))],
  compile:
    (attrs) =>
    ([shape, begin, end, strides, dy]) => {
      const sizes = integers(shape!);
      const plan = planOf(attrs, sizes, [begin!, end!, strides!]);
      if (String(plan.shape) !== String(dy!.shape)) {
        throw invalidArgument(
          `shape of dy was ${formatShape(dy!.shape)} instead of ${formatShape(plan.shape)}`,
        );
      }
      const to = newSlots(dy!.dtype, elementCount(sizes));
      write(to, sizes, plan, dy!);
      return [tensorOf(dy!.dtype, sizes, to)];
    },
};

/** A tensor with a slice of it replaced. */
const tensorStridedSliceUpdate: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile:
    (attrs) =>
    ([input, begin, end, strides, value]) => {
      const { dtype, shape } = input!;
      const plan = planOf(attrs, shape, [begin!, end!, strides!]);
      if (String(broadcastShape(plan.shape, value!.shape)) !== String(plan.shape)) {
        throw invalidArgument(
          `Cannot broadcast input shape ${formatShape(value!.shape)} into output shape ${formatShape(plan.shape)}`,
        );
      }
      const from = slotsOf(input!);
      const to = newSlots(dtype, elementCount(shape));
      for (let i = 0; i < to.length; i++) to[i] = from[i];
      write(to, shape, plan, broadcastTo(value!, plan.shape));
      return [tensorOf(dtype, shape, to)];
    },
};

/** Ops that write where StridedSlice reads. */
export const sliceWriting: HostFamily = {
  StridedSliceGrad: stridedSliceGrad,
  TensorStridedSliceUpdate: tensorStridedSliceUpdate,
};
