import type { ServableId, ServableLookup, ServableRequest } from "../lifecycle/servable.ts";
import { invalidArgument } from "../status/status.ts";

/** The only kind of metadata there is. */
export const SIGNATURE_DEF = "signature_def";

export interface ModelMetadata {
  readonly id: ServableId;
  /** A serialized tensorflow.serving.SignatureDefMap. */
  readonly signatureDefMap: Uint8Array;
}

/**
 * PredictionService.GetModelMetadata.
 * @param fields what is asked for: {@link SIGNATURE_DEF}, once at least.
 * @throws StatusError INVALID_ARGUMENT for any other field or none, a model without a name, or an unknown label; NOT_FOUND.
 */
export function getModelMetadata(
  lookup: ServableLookup,
  model: ServableRequest,
  fields: readonly string[],
): ModelMetadata {
  if (fields.length === 0) {
    throw invalidArgument("GetModelMetadataRequest must specify at least one metadata_field");
  }
  for (const field of fields) {
    // Word for word: TensorFlow Serving never fills its %s in.
    if (field !== SIGNATURE_DEF) throw invalidArgument(`Metadata field %s is not supported${field}`);
  }
  if (model.name === "") throw invalidArgument("ModelSpec has no name specified.");
  const handle = lookup.acquire(model);
  try {
    return { id: handle.id, signatureDefMap: handle.signatureDefMap() };
  } finally {
    handle.release();
  }
}
