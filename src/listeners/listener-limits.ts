/** What a listener takes of its clients; plain data. Each is a flag of the group "Limits". */
export interface ListenerLimits {
  /** Connections that one thread has at a time. The oldest one that isn't in use makes way for another. */
  readonly maxConnections: number;
  /** Of a request's headers, together. */
  readonly maxHeaderBytes: number;
  /** How long a client may take to send its headers, or over HTTP/2 the first bytes of the connection. */
  readonly headerMilliseconds: number;
  /** How long it may take to send a whole request. */
  readonly requestMilliseconds: number;
  /** How long a gRPC call may take altogether, whatever its client says; Infinity for as long as that says. */
  readonly answerMilliseconds: number;
  /** A client that takes nothing of what is sent to it for so long is cut; over HTTP/1.1 one that sends nothing, too. */
  readonly unreadMilliseconds: number;
  /** Bytes of answers that the client of an HTTP/2 connection may leave unread. */
  readonly maxUnreadBytes: number;
}

export const DEFAULT_LISTENER_LIMITS: ListenerLimits = {
  maxConnections: 10_000,
  maxHeaderBytes: 64 << 10,
  headerMilliseconds: 60_000,
  requestMilliseconds: 600_000,
  answerMilliseconds: Number.POSITIVE_INFINITY,
  unreadMilliseconds: 60_000,
  maxUnreadBytes: 2 ** 30,
};
