import type { ServableLookup } from "../../lifecycle/servable.ts";
import { APIS } from "../../monitoring/api.ts";
import type { RequestObserver } from "../../monitoring/request-observer.ts";
import type { UnaryMethod, UnaryMethods } from "../unary.ts";
import { observedMethod } from "./observed-method.ts";

/**
 * Has the control thread take another configuration: a serialized tensorflow.serving.ModelServerConfig. Resolves when
 * its models are served, with how much each of the metrics grew meanwhile, by name; rejects with StatusError.
 */
export type ReloadConfig = (
  config: Uint8Array,
  metrics: readonly string[],
) => Promise<ReadonlyMap<string, number>>;

/**
 * The methods of tensorflow.serving.ModelService.
 * @param reload without it the service lacks HandleReloadConfigRequest.
 * @param observer told of each call about a model.
 */
export function modelService(
  lookup: ServableLookup,
  reload?: ReloadConfig,
  observer?: RequestObserver,
): UnaryMethods {
  const methods = new Map<string, UnaryMethod>([
    [
      "/tensorflow.serving.ModelService/GetModelStatus",
      observedMethod(observer, APIS.grpcStatus, lookup, async (found, message) =>
        (await import("./model-methods.ts")).answerModelStatus(found, message),
      ),
    ],
  ]);
  if (reload !== undefined) {
    methods.set("/tensorflow.serving.ModelService/HandleReloadConfigRequest", async (message) =>
      (await import("./reload-method.ts")).answerReloadConfig(reload, message),
    );
  }
  return methods;
}
