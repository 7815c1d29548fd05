import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { getModelMetadata, SIGNATURE_DEF } from "../../inference/model-metadata.ts";
import { getModelStatus } from "../../inference/model-status.ts";
import type { ServableLookup, ServableRequest } from "../../lifecycle/servable.ts";
import {
  GetModelMetadataRequestSchema,
  GetModelMetadataResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/get_model_metadata_pb.ts";
import {
  GetModelStatusRequestSchema,
  GetModelStatusResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/get_model_status_pb.ts";
import type { ModelSpec } from "../../proto/gen/tensorflow_serving/apis/model_pb.ts";
import { invalidArgument, resourceExhausted } from "../../status/status.ts";
import { frameMessage } from "./framing.ts";

// The calls about models that are rare enough for protobuf-es. Its generated files take long to load, so that the
// services import this module when the first such call comes.

const SIGNATURE_DEF_MAP_URL = "type.googleapis.com/tensorflow.serving.SignatureDefMap";

/** GetModelStatusRequest to a framed GetModelStatusResponse. @throws StatusError as `getModelStatus` does. */
export function answerModelStatus(lookup: ServableLookup, message: Uint8Array): Uint8Array {
  const { modelSpec } = parsed(GetModelStatusRequestSchema, message);
  const versions = getModelStatus(lookup, servableRequest(modelSpec));
  const response = create(GetModelStatusResponseSchema, {
    modelVersionStatus: versions.map(({ version, state, status }) => ({
      version,
      state,
      status: { errorCode: status.code, errorMessage: status.message },
    })),
  });
  return frameMessage(toBinary(GetModelStatusResponseSchema, response));
}

/** GetModelMetadataRequest to a framed GetModelMetadataResponse. @throws StatusError as `getModelMetadata` does. */
export function answerModelMetadata(lookup: ServableLookup, message: Uint8Array): Uint8Array {
  const request = parsed(GetModelMetadataRequestSchema, message);
  const model = servableRequest(request.modelSpec);
  const { id, signatureDefMap } = getModelMetadata(lookup, model, request.metadataField);
  const response: MessageInitShape<typeof GetModelMetadataResponseSchema> = {
    modelSpec: { name: id.name, versionChoice: { case: "version", value: { value: id.version } } },
    metadata: {
      [SIGNATURE_DEF]: create(AnySchema, { typeUrl: SIGNATURE_DEF_MAP_URL, value: signatureDefMap }),
    },
  };
  return frameMessage(
    toBinary(GetModelMetadataResponseSchema, create(GetModelMetadataResponseSchema, response)),
  );
}

/**
 * What protobuf-es makes of a message takes up to 200 times the memory: of larger ones, other calls of the thread would
 * suffer. gRPC's own default for messages; a configuration of 20,000 models has half of that.
 */
const MAX_LENGTH = 4 << 20;

/** @throws StatusError INVALID_ARGUMENT for what is no such message; RESOURCE_EXHAUSTED for one of more than 4 MiB. */
export function parsed<Desc extends DescMessage>(schema: Desc, message: Uint8Array): MessageShape<Desc> {
  if (message.length > MAX_LENGTH) {
    throw resourceExhausted(`Received message larger than max (${message.length} vs. ${MAX_LENGTH})`);
  }
  try {
    return fromBinary(schema, message);
  } catch (error) {
    throw invalidArgument(`Malformed request: ${error instanceof Error ? error.message : error}`);
  }
}

function servableRequest(spec: ModelSpec | undefined): ServableRequest {
  if (spec === undefined) throw invalidArgument("Missing ModelSpec");
  const { name, versionChoice } = spec;
  switch (versionChoice.case) {
    case "version":
      return { name, version: versionChoice.value.value };
    case "versionLabel":
      return { name, label: versionChoice.value };
    default:
      return { name };
  }
}
