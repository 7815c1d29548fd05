// Each request worker imports this file and makes its servable from it.
import { Code, functionServable, type Servable, type ServableId, StatusError } from "servable";

const ONE_NUMBER_EACH = { dtype: "float32", shape: [-1] } as const;

/** Answers each number x with x + step. */
export function createServable(id: ServableId, data: unknown): Servable {
  const { step } = data as { step: number };
  return functionServable(id, {
    serving_default: {
      inputs: { x: ONE_NUMBER_EACH },
      outputs: { y: ONE_NUMBER_EACH },
      run({ x }) {
        const values = x!.data as Float32Array;
        if (values.includes(Number.NaN)) throw new StatusError(Code.INVALID_ARGUMENT, "x holds NaN");
        return { y: { dtype: "float32", shape: x!.shape, data: values.map((value) => value + step) } };
      },
    },
  });
}
