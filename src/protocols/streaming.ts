import type { StatusError } from "../status/status.ts";
import type { UnaryCall } from "./unary.ts";

/** A call of several messages, as its method sees it. Nothing happens any more once it has ended. */
export interface StreamCall {
  readonly headers: UnaryCall["headers"];
  /** Sends a message: a frame, as `frameMessage` of grpc/framing.ts makes it. */
  send(frame: Uint8Array): void;
  /** Ends the call: well, or with an error. */
  finish(error?: StatusError): void;
}

/** Takes what the client sends. What it throws ends the call. */
export interface StreamReceiver {
  /** A message, uncompressed and unframed. */
  message(bytes: Uint8Array): void | Promise<void>;
  /** The client sends no more. */
  end(): void;
  /** The call is over for another reason than `finish`: the client or its deadline. */
  cancel(): void;
}

/** A gRPC method with any number of requests and responses. */
export type StreamMethod = (call: StreamCall) => StreamReceiver;

/** Methods by their full path, e.g. `/grpc.health.v1.Health/Watch`. */
export type StreamMethods = ReadonlyMap<string, StreamMethod>;
