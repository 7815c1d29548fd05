import type { SavedModelBundle } from "../formats/saved-model/saved-model.ts";
import type { Variables } from "../import/translate.ts";
import { failedPrecondition, notFound } from "../status/status.ts";
import type { NumericTensor } from "../tensor/tensor.ts";

/** Finds variables in a model's checkpoint. What it returns may be read until the model is closed. */
export function variableReader({ restored, variables, directory }: SavedModelBundle): Variables {
  return (node) => {
    const ref = restored.variables.get(node);
    if (ref === undefined || variables === undefined) {
      throw failedPrecondition(`The variable ${node} has no value in the checkpoint of ${directory}`);
    }
    const entry = variables.entry(ref.key);
    if (entry === undefined)
      throw notFound(`${variables.indexPath} lacks the tensor ${ref.key} of the variable ${node}`);
    const { dtype } = entry;
    const shape = ref.slice?.length ?? entry.shape;
    if (dtype === "string") return { dtype, shape, strings: () => variables.readStrings(ref.key, ref.slice) };
    return {
      dtype: dtype as NumericTensor["dtype"],
      shape,
      read: (target) => variables.readInto(ref.key, target, ref.slice),
      stored: ref,
    };
  };
}
