import { invalidArgument } from "../status/status.ts";

/** The flags of the group "Limits", by their names. */
export interface LimitFlags {
  readonly max_connections: number;
  readonly max_header_bytes: number;
  readonly header_timeout_seconds: number;
  readonly request_timeout_seconds: number;
  readonly grpc_api_timeout_in_ms: number;
  readonly unread_timeout_seconds: number;
  readonly max_unread_response_bytes: number;
  readonly rest_api_max_body_bytes: number;
  readonly max_request_items: number;
  readonly max_fill_bytes: number;
}

/** Those that must be positive. */
const FLAGS = [
  "max_connections",
  "max_header_bytes",
  "header_timeout_seconds",
  "request_timeout_seconds",
  "unread_timeout_seconds",
  "max_unread_response_bytes",
  "rest_api_max_body_bytes",
  "max_request_items",
  "max_fill_bytes",
] as const satisfies readonly (keyof LimitFlags)[];

/** Node's timers can't wait longer. */
const MOST_SECONDS = Math.floor((2 ** 31 - 1) / 1000);

/**
 * What each request worker takes of its clients.
 * @param requestWorkers how many share the connections.
 * @throws StatusError INVALID_ARGUMENT for a limit that isn't positive, or a time that is too long for a timer.
 */
export function limitsOf(flags: LimitFlags, requestWorkers: number) {
  for (const name of FLAGS) {
    const value = flags[name];
    if (value < 1) throw invalidArgument(`--${name} takes a number of 1 or more, not ${value}`);
    if (name.endsWith("_seconds") && value > MOST_SECONDS) {
      throw invalidArgument(`--${name} takes at most ${MOST_SECONDS}, not ${value}`);
    }
  }
  return {
    listener: {
      maxConnections: Math.ceil(flags.max_connections / requestWorkers),
      maxHeaderBytes: flags.max_header_bytes,
      headerMilliseconds: flags.header_timeout_seconds * 1000,
      requestMilliseconds: flags.request_timeout_seconds * 1000,
      answerMilliseconds:
        flags.grpc_api_timeout_in_ms > 0 ? flags.grpc_api_timeout_in_ms : Number.POSITIVE_INFINITY,
      unreadMilliseconds: flags.unread_timeout_seconds * 1000,
      maxUnreadBytes: flags.max_unread_response_bytes,
    },
    request: { items: flags.max_request_items, fillBytes: flags.max_fill_bytes },
    maxBodyBytes: flags.rest_api_max_body_bytes,
  };
}
