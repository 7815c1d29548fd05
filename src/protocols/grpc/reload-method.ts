import { create, toBinary } from "@bufbuild/protobuf";
import {
  ReloadConfigRequestSchema,
  ReloadConfigResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/model_management_pb.ts";
import { ModelServerConfigSchema } from "../../proto/gen/tensorflow_serving/config/model_server_config_pb.ts";
import { invalidArgument } from "../../status/status.ts";
import { frameMessage } from "./framing.ts";
import { parsed } from "./model-methods.ts";
import type { ReloadConfig } from "./model-service.ts";

/**
 * ReloadConfigRequest to a framed ReloadConfigResponse. Text of the error: TensorFlow Serving's model_service_impl.cc.
 * @throws rejects with StatusError INVALID_ARGUMENT for anything but a list of models, or as `reload` does.
 */
export async function answerReloadConfig(reload: ReloadConfig, message: Uint8Array): Promise<Uint8Array> {
  const { config, metricNames } = parsed(ReloadConfigRequestSchema, message);
  if (config?.config.case !== "modelConfigList") {
    throw invalidArgument(
      "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported",
    );
  }
  const increases = await reload(toBinary(ModelServerConfigSchema, config), metricNames);
  const response = create(ReloadConfigResponseSchema, {
    // OK, which is what the status says by saying nothing.
    status: {},
    metric: [...increases].map(([name, increase]) => ({
      name,
      valueIncrease: { case: "int64ValueIncrease" as const, value: BigInt(Math.round(increase)) },
    })),
  });
  return frameMessage(toBinary(ReloadConfigResponseSchema, response));
}
