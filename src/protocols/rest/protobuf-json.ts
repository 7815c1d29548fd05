import { fromBinary, toJson } from "@bufbuild/protobuf";
import type { ModelMetadata } from "../../inference/model-metadata.ts";
import type { ModelVersions } from "../../inference/readiness.ts";
import { stateName, type VersionStatus } from "../../lifecycle/servable.ts";
import { SignatureDefMapSchema } from "../../proto/gen/tensorflow_serving/apis/get_model_metadata_pb.ts";
import { codeName, dataLoss } from "../../status/status.ts";

/**
 * Messages as the protobuf library for C++ prints them: a space a level, every field that has no presence, a line
 * break at the end, fields in the order of their numbers.
 */

/** A tensorflow.serving.GetModelStatusResponse. */
export function statusJson(versions: readonly VersionStatus[]): string {
  return print(statusOf(versions));
}

/** The same of several models, each with its name. Not TensorFlow Serving's. */
export function listJson(models: readonly ModelVersions[]): string {
  return print({ models: models.map(({ name, versions }) => ({ name, ...statusOf(versions) })) });
}

function statusOf(versions: readonly VersionStatus[]): object {
  return {
    model_version_status: versions.map(({ version, state, status }) => ({
      version: String(version),
      state: stateName(state),
      status: { error_code: codeName(status.code), error_message: status.message },
    })),
  };
}

/**
 * A tensorflow.serving.GetModelMetadataResponse, put together from parts as TensorFlow Serving does
 * (model_servers/http_rest_api_util.cc).
 * @throws StatusError DATA_LOSS if the map is not what it should be.
 */
export function metadataJson({ id, signatureDefMap }: ModelMetadata): string {
  const spec = print({ name: id.name, version: String(id.version), signature_name: "" });
  return `{\n"model_spec":${spec},\n"metadata": {"signature_def": ${print(signatures(signatureDefMap))}}\n}\n`;
}

function signatures(serialized: Uint8Array): unknown {
  try {
    return toJson(SignatureDefMapSchema, fromBinary(SignatureDefMapSchema, serialized), {
      alwaysEmitImplicit: true,
      useProtoFieldName: true,
    });
  } catch (error) {
    throw dataLoss(
      `The model's signatures can't be shown: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Characters that JSON would allow, but that library does not leave as they are. */
const ESCAPED =
  /[<>\u007f-\u009f\u00ad\u0600-\u0603\u06dd\u070f\u17b4\u17b5\u200b-\u200f\u2028-\u202e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb]/g;

function print(value: unknown): string {
  const text = JSON.stringify(value, null, 1);
  return `${text.replace(ESCAPED, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}
