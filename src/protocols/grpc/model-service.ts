import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { UnaryMethod, UnaryMethods } from "../unary.ts";

/**
 * Has the control thread take another configuration: a serialized tensorflow.serving.ModelServerConfig. Resolves when
 * its models are served; rejects with StatusError.
 */
export type ReloadConfig = (config: Uint8Array) => Promise<void>;

/**
 * The methods of tensorflow.serving.ModelService.
 * @param reload without it the service lacks HandleReloadConfigRequest.
 */
export function modelService(lookup: ServableLookup, reload?: ReloadConfig): UnaryMethods {
  const methods = new Map<string, UnaryMethod>([
    [
      "/tensorflow.serving.ModelService/GetModelStatus",
      async (message) => (await import("./model-methods.ts")).answerModelStatus(lookup, message),
    ],
  ]);
  if (reload !== undefined) {
    methods.set("/tensorflow.serving.ModelService/HandleReloadConfigRequest", async (message) =>
      (await import("./reload-method.ts")).answerReloadConfig(reload, message),
    );
  }
  return methods;
}
