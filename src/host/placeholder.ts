import type { Attributes } from "../registry/attributes.ts";
import { invalidArgument } from "../status/status.ts";
import { dataTypeString } from "../tensor/dtype.ts";
import { formatShape, type PartialShape } from "../tensor/shape.ts";
import type { HostFamily, HostOp } from "./host-op.ts";

/** An input that the signature doesn't have: the model is served, and a request that needs it is told so. */
const unfed: HostOp = {
  shapes: (attrs) => [shapeOf(attrs)],
  compile: (attrs) => {
    const shape = shapeOf(attrs);
    // TensorFlow leaves out a shape that says nothing, a scalar's too.
    const shaped = shape === undefined || shape.length === 0 ? "" : ` and shape ${formatShape(shape)}`;
    const dtype = dataTypeString(attrs.dtype("dtype"));
    return () => {
      throw invalidArgument(
        `You must feed a value for placeholder tensor '${attrs.node}' with dtype ${dtype}${shaped}`,
      );
    };
  },
};

function shapeOf(attrs: Attributes): PartialShape {
  return attrs.has("shape") ? attrs.shape("shape") : undefined;
}

export const placeholders: HostFamily = { Placeholder: unfed, PlaceholderV2: unfed };
