import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ConfigProtoSchema, GPUOptionsSchema } from "../../proto/gen/tensorflow/core/protobuf/config_pb.ts";
import type { TensorFlowSessions } from "../engine-choice.ts";

/** The serialized tensorflow.ConfigProto of sessions: what is set goes before what the given one says. */
export function sessionConfig(sessions: TensorFlowSessions): Uint8Array {
  const { config, intraOpThreads, interOpThreads, gpuMemoryFraction } = sessions;
  const message = fromBinary(ConfigProtoSchema, config);
  if (intraOpThreads > 0) message.intraOpParallelismThreads = intraOpThreads;
  if (interOpThreads > 0) message.interOpParallelismThreads = interOpThreads;
  if (gpuMemoryFraction > 0) {
    message.gpuOptions ??= create(GPUOptionsSchema);
    message.gpuOptions.perProcessGpuMemoryFraction = gpuMemoryFraction;
  }
  return toBinary(ConfigProtoSchema, message);
}
