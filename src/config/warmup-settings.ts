import type { SessionBundleConfig } from "../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";

/** Whether versions are asked their warmup requests before they serve. */
export interface WarmupSettings {
  readonly warmsUp: boolean;
  /** How often each request is asked; 0: once. */
  readonly warmupIterations: number;
}

export interface WarmupFlags {
  readonly enable_model_warmup: boolean;
  readonly num_request_iterations_for_warmup: number;
}

/** @param platform takes the place of the flags, as all that it says. */
export function warmupSettings(
  flags: WarmupFlags,
  platform: Pick<SessionBundleConfig, "enableModelWarmup" | "modelWarmupOptions"> | undefined,
): WarmupSettings {
  if (platform === undefined) {
    return {
      warmsUp: flags.enable_model_warmup,
      warmupIterations: flags.num_request_iterations_for_warmup,
    };
  }
  return {
    warmsUp: platform.enableModelWarmup,
    warmupIterations: platform.modelWarmupOptions?.numRequestIterations ?? 0,
  };
}
