import { whenLoaded } from "../../lifecycle/not-loaded.ts";
import type { ServableLookup } from "../../lifecycle/servable.ts";
import type { Api } from "../../monitoring/api.ts";
import type { ObservedRequest } from "../../monitoring/observed-request.ts";
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
  if (observer === undefined) return (message, call) => whenLoaded(() => answer(lookup, message, call));
  return (message, call) => {
    const request = observer.begin(lookup, api, message.length, call.headers);
    let frame: Uint8Array | Promise<Uint8Array>;
    try {
      frame = whenLoaded(() => answer(request, message, call));
    } catch (error) {
      request.fail(error);
      throw error;
    }
    if (frame instanceof Promise) return tellLater(request, frame);
    request.succeed(frame.length);
    return frame;
  };
}

function tellLater(request: ObservedRequest, frame: Promise<Uint8Array>): Promise<Uint8Array> {
  return frame.then(
    (done) => {
      request.succeed(done.length);
      return done;
    },
    (error: unknown) => {
      request.fail(error);
      throw error;
    },
  );
}
