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

/**
 * What each request worker takes of its clients.
 * @param requestWorkers how many share the connections.
 */
export function limitsOf(flags: LimitFlags, requestWorkers: number) {
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
