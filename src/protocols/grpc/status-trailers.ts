import { Code, type StatusError } from "../../status/status.ts";

/** The trailers of a call that went well. */
export const OK_TRAILERS = { "grpc-status": String(Code.OK) } as const;

/** Longer messages are cut after so many bytes of UTF-8, as TensorFlow Serving does (grpc_status_util.cc). */
const MAX_MESSAGE_BYTES = 1024;
const CUT = "...TRUNCATED";
const encoder = new TextEncoder();

/** `grpc-status`, and `grpc-message` if there is a message. */
export function statusTrailers(status: StatusError): Record<string, string> {
  const trailers: Record<string, string> = { "grpc-status": String(status.code) };
  if (status.message !== "") trailers["grpc-message"] = encodeMessage(status.message);
  return trailers;
}

const NOT_PLAIN = /[^\x20-\x24\x26-\x7e]+/g;

/**
 * UTF-8 with every byte outside of printable ASCII, and `%`, as `%XX` (gRPC's PROTOCOL-HTTP2.md, Percent-Encoded).
 * A message that is cut ends with a whole character.
 */
export function encodeMessage(message: string): string {
  return truncated(message).toWellFormed().replace(NOT_PLAIN, encodeURIComponent);
}

function truncated(message: string): string {
  const start = new Uint8Array(MAX_MESSAGE_BYTES);
  const { read } = encoder.encodeInto(message, start);
  return read === message.length ? message : message.slice(0, read) + CUT;
}
