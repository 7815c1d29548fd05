import { RESPONSE_HEADERS } from "../protocols/grpc/call-headers.ts";
import type { MessageMemory } from "../protocols/message-memory.ts";
import type { StreamMethods } from "../protocols/streaming.ts";
import type { UnaryMethods } from "../protocols/unary.ts";
import { internal, StatusError } from "../status/status.ts";
import type { Deadlines } from "./deadlines.ts";
import { encodeHeaders } from "./http2/hpack/encode.ts";
import type { Turns } from "./turns.ts";

/** What the calls of a listener share. */
export interface CallContext {
  readonly methods: UnaryMethods;
  readonly streams: StreamMethods;
  /** Of a request message, as it is sent and after decompression, in bytes. */
  readonly maxReceiveMessageLength: number;
  /** Bytes of answers that a connection's client may leave unread; further answers are replaced by an error. */
  readonly maxUnreadBytes: number;
  /** How long a unary call may take to send its message. */
  readonly requestMilliseconds: number;
  /** How long it may take altogether, whatever its client says. */
  readonly answerMilliseconds: number;
  readonly turns: Turns;
  readonly deadlines: Deadlines;
  readonly memory: MessageMemory;
  /** Told of what a method threw that is no StatusError; the client gets only a generic message. */
  readonly onFailure: (error: unknown, path: string) => void;
}

export const ANSWER_HEADERS = encodeHeaders(RESPONSE_HEADERS);

/** What the client gets to see: of unknown errors only that there was one. */
export function publicStatus(error: unknown): StatusError {
  return error instanceof StatusError ? error : internal("Internal error", error);
}
