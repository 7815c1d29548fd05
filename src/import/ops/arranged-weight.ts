import { invalidArgument } from "../../status/status.ts";
import { elementCount } from "../../tensor/shape.ts";
import { ARRANGED_WEIGHT } from "../own-ops.ts";
import { type Arrangement, arrange } from "../recurrent/arrangement.ts";
import type { OpFamily, Translator } from "../translator.ts";

const arrangedWeight: Translator = (node, onnx) => {
  const text = node.attrs.string("arrangement");
  const arrangement = JSON.parse(text) as Arrangement;
  const { shape, sources } = arrangement;
  const fill = (target: Float32Array): void => {
    const values = node.inputs.map((input, i) => {
      const tensor = input.constant!();
      if (tensor.dtype !== "float32" || String(tensor.shape) !== String(sources[i])) {
        throw invalidArgument(
          `Node ${node.name}: expected a weight of shape [${sources[i]}], the checkpoint has ${tensor.dtype}[${tensor.shape}]`,
        );
      }
      return tensor.data as Float32Array;
    });
    arrange(arrangement, values, target);
  };
  const variables = node.attrs.string("variables");
  if (variables === "") {
    const data = new Float32Array(elementCount(shape));
    fill(data);
    return onnx.constant({ dtype: "float32", shape, data });
  }
  const read = (target: Uint8Array): void => {
    const data = new Float32Array(elementCount(shape));
    fill(data);
    target.set(new Uint8Array(data.buffer));
  };
  return onnx.weight({ name: `${variables} ${text}`, dtype: "float32", shape, read });
};

/** Tensors put together at load from parts of variables and constants. */
export const arrangedWeightOps: OpFamily = { [ARRANGED_WEIGHT]: arrangedWeight };
