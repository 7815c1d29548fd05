import { create, type DescFile, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { file_grpc_health_v1_health } from "../../proto/gen/grpc/health/v1/health_pb.ts";
import {
  file_grpc_reflection_v1_reflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../proto/gen/grpc/reflection/v1/reflection_pb.ts";
import { file_grpc_reflection_v1alpha_reflection } from "../../proto/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { file_tensorflow_serving_apis_model_service } from "../../proto/gen/tensorflow_serving/apis/model_service_pb.ts";
import { file_tensorflow_serving_apis_prediction_service } from "../../proto/gen/tensorflow_serving/apis/prediction_service_pb.ts";
import { file_tensorflow_serving_apis_session_service } from "../../proto/gen/tensorflow_serving/apis/session_service_pb.ts";
import { file_tsl_profiler_protobuf_profiler_service } from "../../proto/gen/tsl/profiler/protobuf/profiler_service_pb.ts";
import { Code } from "../../status/status.ts";
import type { StreamCall, StreamReceiver } from "../streaming.ts";
import { DescriptorIndex, serializedWithImports } from "./descriptor-index.ts";
import { frameMessage } from "./framing.ts";
import { parsed } from "./model-methods.ts";

// grpc.reflection.v1 and v1alpha, whose messages are the same on the wire. The server imports this module when the first
// such call comes.

const FILES: readonly DescFile[] = [
  file_tensorflow_serving_apis_prediction_service,
  file_tensorflow_serving_apis_model_service,
  file_tensorflow_serving_apis_session_service,
  file_tsl_profiler_protobuf_profiler_service,
  file_grpc_health_v1_health,
  file_grpc_reflection_v1_reflection,
  file_grpc_reflection_v1alpha_reflection,
];

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/** What the server can tell of its services. */
export class Reflection {
  readonly #index: DescriptorIndex;
  readonly #services: readonly string[];

  /** @param services the full names of the services that are served. */
  constructor(services: Iterable<string>) {
    this.#services = [...services].sort();
    const served = new Set(this.#services);
    this.#index = new DescriptorIndex(
      FILES.filter((file) => file.services.some(({ typeName }) => served.has(typeName))),
    );
  }

  /** Answers each message of the call. */
  serve(call: StreamCall): StreamReceiver {
    return {
      message: (bytes) => {
        const request = parsed(ServerReflectionRequestSchema, bytes);
        const response = create(ServerReflectionResponseSchema, {
          validHost: request.host,
          originalRequest: request,
          messageResponse: this.#answer(request),
        });
        call.send(frameMessage(toBinary(ServerReflectionResponseSchema, response)));
      },
      end: () => call.finish(),
      cancel: () => {},
    };
  }

  #answer({ messageRequest: request }: ServerReflectionRequest): Answer {
    switch (request.case) {
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: this.#services.map((name) => ({ name })) },
        };
      case "fileByFilename":
        return fileAnswer(this.#index.file(request.value), `File not found: ${request.value}`);
      case "fileContainingSymbol":
        return fileAnswer(this.#index.fileOf(request.value), `Symbol not found: ${request.value}`);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = request.value;
        return failure(Code.NOT_FOUND, `Extension not found: ${containingType}, ${extensionNumber}`);
      }
      case "allExtensionNumbersOfType":
        if (!this.#index.isMessage(request.value))
          return failure(Code.NOT_FOUND, `Type not found: ${request.value}`);
        return { case: "allExtensionNumbersResponse", value: { baseTypeName: request.value } };
      case undefined:
        return failure(
          Code.INVALID_ARGUMENT,
          "Expected one of the requests that ServerReflectionRequest has; got none",
        );
    }
  }
}

function fileAnswer(file: DescFile | undefined, unknown: string): Answer {
  if (file === undefined) return failure(Code.NOT_FOUND, unknown);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: [...serializedWithImports(file)] } };
}

function failure(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
