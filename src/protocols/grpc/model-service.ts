import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { UnaryMethods } from "../unary.ts";

/**
 * Has the control thread take another configuration: a serialized tensorflow.serving.ModelServerConfig. Resolves when
 * its models are served; rejects with StatusError.
 */
export type ReloadConfig = (config: Uint8Array) => Promise<void>;

/** The methods of tensorflow.serving.ModelService. */
export function modelService(lookup: ServableLookup, reload: ReloadConfig): UnaryMethods {
  return new Map([
    [
      "/tensorflow.serving.ModelService/GetModelStatus",
      async (message) => (await import("./model-methods.ts")).answerModelStatus(lookup, message),
    ],
    [
      "/tensorflow.serving.ModelService/HandleReloadConfigRequest",
      async (message) => (await import("./reload-method.ts")).answerReloadConfig(reload, message),
    ],
  ]);
}
