import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { Api } from "../../monitoring/api.ts";
import type { RequestObserver } from "../../monitoring/request-observer.ts";
import type { UnaryCall, UnaryMethod } from "../unary.ts";

/** Answers a message with what it finds in `lookup`. */
export type LookupMethod = (
  lookup: ServableLookup,
  message: Uint8Array,
  call: UnaryCall,
) => Uint8Array | Promise<Uint8Array>;

/** The method whose calls the observer, if there is one, is told of. */
export function observedMethod(
  observer: RequestObserver | undefined,
  api: Api,
  lookup: ServableLookup,
  answer: LookupMethod,
): UnaryMethod {
  if (observer === undefined) return (message, call) => answer(lookup, message, call);
  return (message, call) => {
    const request = observer.begin(lookup, api, message.length, call.headers);
    const succeeded = (frame: Uint8Array): Uint8Array => {
      request.succeed(frame.length);
      return frame;
    };
    const failed = (error: unknown): never => {
      request.fail(error);
      throw error;
    };
    let frame: Uint8Array | Promise<Uint8Array>;
    try {
      frame = answer(request, message, call);
    } catch (error) {
      return failed(error);
    }
    return frame instanceof Promise ? frame.then(succeeded, failed) : succeeded(frame);
  };
}
