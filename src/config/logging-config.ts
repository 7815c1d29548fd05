import { resolve } from "node:path";
import { toBinary } from "@bufbuild/protobuf";
import {
  type LoggingConfig,
  SamplingConfigSchema,
} from "../proto/gen/tensorflow_serving/config/logging_config_pb.ts";
import type { RequestLogging } from "../request-log/request-logging.ts";
import { invalidArgument } from "../status/status.ts";

/**
 * How a model's LoggingConfig has its requests logged; undefined if it samples none. `log_collector_config.type` makes no
 * difference: there is one collector, and its name is what TensorFlow Serving leaves to each build. A relative prefix
 * begins at the working directory.
 * @throws StatusError INVALID_ARGUMENT for a config that says how much to log, but not where to.
 */
export function requestLoggingOf(
  model: string,
  { logCollectorConfig, samplingConfig }: LoggingConfig,
): RequestLogging | undefined {
  const rate = samplingConfig?.samplingRate ?? 0;
  if (samplingConfig === undefined || !(rate > 0)) return undefined;
  const prefix = logCollectorConfig?.filenamePrefix ?? "";
  if (prefix === "") {
    throw invalidArgument(
      `Model ${model} is to be logged, but its log_collector_config has no filename_prefix to write to`,
    );
  }
  return {
    samplingRate: Math.min(1, rate),
    samplingConfig: toBinary(SamplingConfigSchema, samplingConfig),
    filenamePrefix: resolve(prefix),
  };
}
