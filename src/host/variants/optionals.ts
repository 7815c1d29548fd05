import { invalidArgument } from "../../status/status.ts";
import { dataTypeString } from "../../tensor/dtype.ts";
import { formatShape, isCompatible } from "../../tensor/shape.ts";
import type { HostValue, ValueFamily } from "../host-op.ts";
import { owned } from "../lists/tensor-list.ts";

/** Several values as one variant; undefined for an optional without any. */
interface Components {
  readonly components: readonly HostValue[] | undefined;
}

function held(value: HostValue | undefined): Components {
  const inside = value?.dtype === "variant" ? value.data[0] : undefined;
  if (inside !== null && typeof inside === "object" && "components" in inside) return inside as Components;
  throw invalidArgument("Input is not an Optional.");
}

function variantOf(components: readonly HostValue[] | undefined): HostValue {
  return {
    dtype: "variant",
    shape: [],
    data: [{ components: components?.map(owned) } satisfies Components],
  };
}

/** Values that may be missing, and values of several tensors, as variants. */
export const optionals: ValueFamily = {
  OptionalFromValue: { shapes: () => [[]], compile: () => (components) => [variantOf(components)] },
  OptionalNone: { shapes: () => [[]], compile: () => () => [variantOf(undefined)] },
  OptionalHasValue: {
    shapes: () => [[]],
    compile:
      () =>
      ([optional]) => [
        {
          dtype: "bool",
          shape: [],
          data: Uint8Array.of(held(optional).components === undefined ? 0 : 1),
        },
      ],
  },
  OptionalGetValue: {
    shapes: (attrs) => attrs.shapes("output_shapes"),
    compile: (attrs) => {
      const [dtypes, shapes] = [attrs.dtypes("output_types"), attrs.shapes("output_shapes")];
      return ([optional]) => {
        const { components } = held(optional);
        if (components === undefined) throw invalidArgument("The given optional does not have a value.");
        if (components.length !== dtypes.length) {
          throw invalidArgument(
            `The given optional has ${components.length} components, expected ${dtypes.length}`,
          );
        }
        for (const [i, { dtype, shape }] of components.entries()) {
          if (dtype !== dtypes[i]) {
            throw invalidArgument(
              `The given optional does not match the expected type for component ${i}. ` +
                `Expected: ${dataTypeString(dtypes[i]!)}. Actual: ${dataTypeString(dtype)}.`,
            );
          }
          if (!isCompatible(shape, shapes[i])) {
            throw invalidArgument(
              `The given optional does not match the expected shape for component ${i}. ` +
                `Expected: ${formatShape(shapes[i])}. Actual: ${formatShape(shape)}.`,
            );
          }
        }
        return components;
      };
    },
  },
  CompositeTensorVariantFromComponents: {
    shapes: () => [[]],
    compile: () => (components) => [variantOf(components)],
  },
  CompositeTensorVariantToComponents: {
    shapes: (attrs) => attrs.dtypes("Tcomponents").map(() => undefined),
    compile:
      () =>
      ([encoded]) =>
        held(encoded).components ?? [],
  },
};
